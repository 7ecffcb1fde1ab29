"""What is inside a file: its kind by its content, its text as blocks. Runs in a limited process.

Everything with structure becomes HTML first (Markdown by markdown-it, reStructuredText by docutils,
Word by mammoth), so that headings, lists and tables are understood in one place, ``html_blocks``.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePosixPath
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from .decode import decode
from .passage import Block, Extract, KnowledgeError

Kind = Literal["pdf", "docx", "html", "markdown", "rst", "text"]

MOST_TEXT: Final = 5_000_000
"""Characters of a document."""
MOST_PAGES: Final = 2_000
MOST_UNZIPPED: Final = 200_000_000
"""Bytes of a Word file, unpacked."""
MOST_MEMBERS: Final = 5_000

_HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_CUT_WORD: Final = re.compile(r"[\x02\ufffe](?:\r?\n)?|(?<=[^\W\d_])[-\u00ad]\r?\n(?=[^\W\d_])")
"""A hyphen at a line's end; pdfium gives U+0002 or U+FFFE for one that it knows to be no more."""
_RST: Final = re.compile(r"restructuredtext|\bx-rst\b|fallenstein\.rst", re.I)
"""Media types in use; the last is the registered one, ``text/prs.fallenstein.rst``."""
_LOCKED: Final = "{} is protected by a password; save it without one"


def read(name: str, content_type: str, data: bytes) -> Extract:
    """The text of a file. Raises :class:`KnowledgeError`."""
    match find_kind(name, content_type, data):
        case "pdf":
            found = _read_pdf(name, data)
        case "docx":
            found = _read_docx(name, data)
        case "html":
            found = _html(decode(name, content_type, data))
        case "markdown":
            found = _read_markdown(decode(name, content_type, data))
        case "rst":
            found = _read_rst(decode(name, content_type, data))
        case "text":
            found = Extract("", tuple(_paragraphs(decode(name, content_type, data))))
    size = sum(len(block.text) for block in found.blocks)
    if size > MOST_TEXT:
        raise KnowledgeError(f"{name} has {size} characters of text, {MOST_TEXT} at most: split it")
    if not size:
        raise KnowledgeError(f"{name} has no text in it (pictures of pages are not read)")
    return Extract(found.title.strip()[:200] or title_of(name), found.blocks)


def find_kind(name: str, content_type: str, data: bytes) -> Kind:
    """By the first bytes; the name and type only tell apart what is text anyway."""
    ending = PurePosixPath(urlsplit(name).path if "://" in name else name).suffix.lower()
    if not data.strip():
        raise KnowledgeError(f"{name} is empty")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return "docx"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise KnowledgeError(
            f"{name} is of an old or protected Office format; save it as .docx without a password"
        )
    if _HTML.match(data[:4096]) or ending in (".html", ".htm", ".xhtml"):
        return "html"
    if "html" in content_type.lower():
        return "html"
    if ending in (".md", ".markdown") or "markdown" in content_type.lower():
        return "markdown"
    if ending in (".rst", ".rest") or _RST.search(content_type):
        return "rst"
    return "text"


def title_of(name: str) -> str:
    """A title for what has none: the last part of its path or address."""
    if "://" in name:
        parts = urlsplit(name)
        return unquote(PurePosixPath(parts.path).stem) or parts.netloc
    return PurePosixPath(name.replace("\\", "/")).stem


def _paragraphs(text: str, heading: str = "") -> list[Block]:
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return [Block(heading, part) for part in parts if part]


def _html(text: str) -> Extract:
    from .html_blocks import read_html

    return read_html(text)


def _read_markdown(text: str) -> Extract:
    from markdown_it import MarkdownIt

    if text.startswith("---\n") and (end := text.find("\n---\n", 4)) > 0:
        text = text[end + 5 :]  # front matter
    return _html(MarkdownIt("commonmark").enable("table").render(text))


def _read_rst(text: str) -> Extract:
    from .rst import MOST_CHARACTERS, to_html

    plain = Extract("", tuple(_paragraphs(text)))
    if len(text) > MOST_CHARACTERS:
        return plain
    try:
        found = _html(to_html(text))
        return found if found.blocks else plain
    except MemoryError:
        raise
    except Exception:  # of odd nesting, or docutils' own; what it says can be read all the same
        return plain


def _read_docx(name: str, data: bytes) -> Extract:
    import mammoth

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if not any(member.filename == "word/document.xml" for member in members):
                raise KnowledgeError(
                    f"{name} is an archive or another kind of Office file, not Word"
                )
            if any(member.flag_bits & 1 for member in members):
                raise KnowledgeError(_LOCKED.format(name))
        if len(members) > MOST_MEMBERS or size > MOST_UNZIPPED:
            raise KnowledgeError(
                f"{name} unpacks to {size} bytes in {len(members)} parts, "
                f"{MOST_UNZIPPED} in {MOST_MEMBERS} at most"
            )
        no_picture = mammoth.images.img_element(lambda picture: {})
        html = mammoth.convert_to_html(io.BytesIO(data), convert_image=no_picture).value
    except KnowledgeError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # mammoth lets through whatever a broken file makes fail
        raise KnowledgeError(f"{name} is not a sound Word file: {error!s:.200}") from error
    return _html(html)


def _read_pdf(name: str, data: bytes) -> Extract:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise KnowledgeError(
                f"{name} is protected by a password; save it without one"
            ) from None
        raise KnowledgeError(f"{name} is not a sound PDF file") from None
    if len(document) > MOST_PAGES:
        raise KnowledgeError(f"{name} has {len(document)} pages, {MOST_PAGES} at most: split it")
    blocks: list[Block] = []
    size = 0
    for number, page in enumerate(document, 1):
        text = page.get_textpage().get_text_bounded()
        page.close()
        blocks += _paragraphs(_CUT_WORD.sub("", text), f"page {number}")
        size += len(text)
        if size > MOST_TEXT:
            break
    title = str(document.get_metadata_value("Title") or "")
    return Extract(title, tuple(blocks))
