"""What is read out of files, and how those are refused that cannot be read."""

from __future__ import annotations

import io
import subprocess
import time
import zipfile
from typing import Any

import pytest

from agent.knowledge.extract import Limits, extract
from agent.knowledge.formats import find_kind
from agent.knowledge.passage import Extract, KnowledgeError

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def docx(body: str, *, more: dict[str, bytes] | None = None) -> bytes:
    """A Word file around the paragraphs of ``body``."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{_WORD}"><w:style w:type="paragraph" '
        'w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>',
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return file.getvalue()


def paragraph(text: str, style: str = "") -> str:
    kind = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{kind}<w:r><w:t>{text}</w:t></w:r></w:p>"


def pdf(pages: list[list[str]], *, trailer: str = "") -> bytes:
    """A PDF of Helvetica lines."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for lines in pages:
        shown = " T* ".join(f"({line}) Tj" for line in lines)
        content = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 << "
            "/Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> "
            f"/Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    data, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>"
    return (
        data
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n{end}\n"
            f"startxref\n{len(data)}\n%%EOF\n"
        ).encode()
    )


def told(found: Extract) -> list[tuple[str, str]]:
    return [(block.heading, block.text) for block in found.blocks]


def test_markdown_does_not_lose_its_headings_lists_or_tables() -> None:
    text = (
        "---\nlayout: page\n---\n# Garden\n\nAll about *plants*.\n\n## Water\n\n- Roses: daily.\n\n"
        "### When\n\n| plant | hour |\n|---|---|\n| Fern | six |\n\n```\ntap --on\n```\n"
    )
    found = extract("garden.md", text.encode())
    assert found.title == "Garden"
    assert told(found) == [
        ("", "All about plants."),
        ("Water", "Roses: daily."),
        ("Water › When", "Fern: six."),
        ("Water › When", "tap --on"),
    ]


def test_the_first_of_several_chapters_is_not_taken_for_the_title() -> None:
    found = extract("garden.md", b"# Tools\n\nA spade.\n\n# Plants\n\n## Trees\n\nAn oak.\n")
    assert found.title == "garden"
    assert told(found) == [("Tools", "A spade."), ("Plants › Trees", "An oak.")]


def test_the_names_of_columns_are_not_taken_for_a_row() -> None:
    table = "| limit | |\n|---|---|\n| a file | 20 MB |\n"
    assert told(extract("limits.md", table.encode())) == [("", "a file: 20 MB.")]


def test_a_document_does_not_learn_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a reader may be led to look at."""
    monkeypatch.setenv("OPENAI_API_KEY", "tulip")
    seen = subprocess.Popen

    def popen(command: list[str], **given: Any) -> Any:
        assert "tulip" not in str(given["env"])
        return seen(command, **given)

    monkeypatch.setattr(subprocess, "Popen", popen)
    assert extract("page.txt", b"Roses.").blocks[0].text == "Roses."


def test_a_page_is_not_read_with_its_navigation_and_scripts() -> None:
    page = (
        "<!doctype html><title>Opening hours</title><nav>Home Shop</nav><main><h1>Opening hours"
        "</h1><p>We open at <b>nine</b>.</p><div>Closed<br>on Monday</div><script>evil()</script>"
        "</main><footer>Imprint</footer>"
    )
    found = extract("https://shop.example/hours", page.encode(), "text/html")
    assert found.title == "Opening hours"
    assert told(found) == [("", "We open at nine."), ("", "Closed"), ("", "on Monday")]


def test_a_page_that_is_one_form_is_not_refused() -> None:
    """As ASP.NET WebForms and SharePoint write them."""
    page = (
        "<html><body><form id=aspnetForm action=hours.aspx><input type=hidden name=__VIEWSTATE>"
        "<div><label for=q>Search this site</label><input id=q><textarea>Ask</textarea>"
        "<select><option>News</select><button>Go</button></div><h1>Hours</h1>"
        "<fieldset><legend>Summer</legend>We open at nine.</fieldset></form></body></html>"
    )
    assert told(extract("hours.aspx", page.encode())) == [("", "Summer"), ("", "We open at nine.")]


def test_a_form_in_a_page_is_not_read_with_it() -> None:
    page = (
        "<html><body><form role=form><b>Find</b> a plant</form><p>We open at nine each morning.</p>"
        "<form><h2>News by mail</h2><input></form></body></html>"
    )
    assert told(extract("hours.html", page.encode())) == [("", "We open at nine each morning.")]


def test_lines_of_a_heading_do_not_become_one_word() -> None:
    page = "<html><body><h1>Garden</h1><h2>Opening<br>t<b>im</b>es</h2><p>At nine.</body></html>"
    assert told(extract("hours.html", page.encode())) == [("Opening times", "At nine.")]


def test_word_files_do_not_lose_their_headings() -> None:
    body = paragraph("Warranty", "Heading1") + paragraph("It lasts two years.")
    assert told(extract("w.docx", docx(body))) == [("", "It lasts two years.")]


def test_a_pdf_does_not_lose_its_page_numbers_or_cut_words() -> None:
    found = extract("manual.pdf", pdf([["Press the red but-", "ton twice."], ["Then wait."]]))
    assert told(found) == [("page 1", "Press the red button twice."), ("page 2", "Then wait.")]


def test_plain_text_of_an_old_encoding_is_not_refused() -> None:
    assert told(extract("alt.txt", "Öl prüfen.\r\n\r\nFertig.".encode("cp1252"))) == [
        ("", "Öl prüfen."),
        ("", "Fertig."),
    ]


def test_the_ending_does_not_decide_what_a_file_is() -> None:
    assert told(extract("wrong.txt", pdf([["A page."]]))) == [("page 1", "A page.")]
    assert find_kind("wrong.pdf", "", b"# Only text") == "text"
    assert find_kind("https://x.example/a.md?raw=1", "", b"# Only text") == "markdown"


def test_many_comments_before_a_text_are_not_joined_in_every_way_there_is() -> None:
    comments = b"<!-- a -->\n" * 2000
    assert find_kind("notes", "", comments + b"# Only text") == "text"
    assert find_kind("notes", "", comments[:2200] + b"<html>") == "html"


ENCRYPTED = pdf(
    [["secret"]],
    trailer="/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <"
    + "00" * 32
    + "> /U <"
    + "11" * 32
    + "> >> /ID [<00><00>]",
)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b"  \n", "is empty"),
        ("program.txt", bytes(range(256)) * 40, "none of the formats"),
        ("photo.md", b"\x89PNG\r\n\x1a\n" + bytes(5000), "none of the formats"),
        ("locked.pdf", ENCRYPTED, "protected by a password"),
        ("broken.pdf", b"%PDF-1.7\n" + bytes(1000), "not a sound PDF"),
        ("scan.pdf", pdf([[""]]), "has no text"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old or protected Office"),
        ("tool.docx", b"PK\x03\x04" + bytes(500), "not a sound Word file"),
        ("broken.docx", docx("<w:p><w:r>"), "not a sound Word file"),
        ("large.txt", b"a" * 20_000_001, "bytes"),
        ("long.txt", b"many words " * 500_000, "characters of text"),
    ],
)
def test_an_unreadable_file_is_not_refused_without_a_sentence(
    name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(KnowledgeError, match=reason) as refused:
        extract(name, data)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_archive_is_not_taken_for_a_word_file() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(KnowledgeError, match="archive"):
        extract("notes.docx", file.getvalue())


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = docx(paragraph("x"), more={"word/media/image1.xml": bytes(250_000_000)})
    assert len(bomb) < 1_000_000
    with pytest.raises(KnowledgeError, match="unpacks to"):
        extract("bomb.docx", bomb)


def test_a_file_that_takes_for_ever_does_not_hold_anything_up() -> None:
    begin = time.monotonic()
    with pytest.raises(KnowledgeError, match=r"longer than 0\.0001 s"):
        extract("slow.txt", b"words", limits=Limits(seconds=0.0001))
    assert time.monotonic() - begin < 20


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux limits memory")
def test_a_file_that_needs_too_much_memory_does_not_get_it() -> None:
    with pytest.raises(KnowledgeError, match=r"memory|MB to read"):
        extract("huge.txt", b"ab\n\n" * 4_000_000, limits=Limits(memory=200 << 20))


def test_a_page_that_nests_for_ever_is_not_waited_for() -> None:
    page = b"<html><body><p>First.</p>" + b"<div>" * 5000 + b"deep"
    assert ("", "First.") in told(extract("deep.html", page))
    with pytest.raises(KnowledgeError, match="to read"):
        extract("deeper.html", page + b"<div>" * 500_000, limits=Limits(seconds=2, cpu_seconds=1))
