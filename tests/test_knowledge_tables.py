"""A table's rows: what is read of them, and that one is found among many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.knowledge import index_file, store
from agent.knowledge.__main__ import embed, local_encoder
from agent.knowledge.answer import spoken
from agent.knowledge.chunks import to_chunks, windows
from agent.knowledge.extract import extract
from agent.knowledge.meaning import Encoder
from agent.knowledge.passage import Block
from agent.knowledge.search import Knowledge
from agent.knowledge.weigh import Asked, Candidate, in_order
from tests.test_knowledge_formats import docx, paragraph

PLANTS = """# Garden

## Care

What each wants:

| plant | water | light | month |
|---|---|---|---|
| rose | each morning | sun | March |
| fern | when dry | | May |
"""


def rows(name: str, text: str | bytes) -> list[tuple[str, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(block.text, block.columns) for block in extract(name, data).blocks]


def test_a_row_is_not_read_without_the_names_of_its_columns() -> None:
    names = "plant; water; light; month"
    assert rows("garden.md", PLANTS) == [
        ("What each wants:", ""),
        ("rose: each morning; sun; March.", names),
        ("fern: when dry; –; May.", names),
    ]


def test_a_cell_across_rows_is_not_missing_in_the_second() -> None:
    page = (
        "<html><table><tr><th rowspan=2>plant<th colspan=2>water<tr><th>summer<th>winter"
        "<tr><td rowspan=2>rose<td>daily<td>weekly<tr><td>at noon<td>never"
        "<tr><td>fern<td colspan=2>when dry</table><table><tr><td>no names<td>here</table>"
    )
    names = "plant; water summer; winter"
    assert rows("garden.html", page) == [
        ("rose: daily; weekly.", names),
        ("rose: at noon; never.", names),
        ("fern: when dry.", names),
        ("no names: here.", ""),
    ]


def test_a_table_does_not_take_up_memory_by_what_it_says_of_its_spans() -> None:
    page = "<html><table><tr><th>a<th>b" + "<tr><td colspan=999999999 rowspan=99999>x" * 50
    assert max(len(text) for text, _ in rows("wide.html", page)) < 1000


@pytest.mark.parametrize(
    "table",
    [
        "=====  =====\nplant  month\n=====  =====\nrose   March\n=====  =====\n",
        "+-------+-------+\n| plant | month |\n+=======+=======+\n"
        "| rose  | March |\n+-------+-------+\n",
        ".. list-table::\n   :header-rows: 1\n\n"
        "   * - plant\n     - month\n   * - rose\n     - March\n",
    ],
)
def test_restructured_text_does_not_lose_the_names_of_columns(table: str) -> None:
    assert rows("garden.rst", f"Garden\n======\n\n{table}") == [("rose: March.", "plant; month")]


def test_a_word_table_does_not_lose_its_names() -> None:
    def row(*cells: str, is_head: bool = False) -> str:
        mark = "<w:trPr><w:tblHeader/></w:trPr>" if is_head else ""
        made = "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells)
        return f"<w:tr>{mark}{made}</w:tr>"

    body = f"<w:tbl>{row('plant', 'month', is_head=True)}{row('rose', 'March')}</w:tbl>"
    assert rows("garden.docx", docx(body)) == [("rose: March.", "plant; month")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "| | |\n|---|---|\n| Monday<br>Tuesday | 9-*12*<br>14-17 |\n"),
        ("a.html", "<html><table><tr><td>Monday<div>Tuesday</div><td><p>9-12<p>1<b>4</b>-17"),
        ("a.html", "<html><table><td><ul><li>Monday<li>Tuesday</ul><td><table><td>9-12<td>14-17"),
        ("a.docx", docx("<w:tbl><w:tr>"
            f"<w:tc>{paragraph('Monday')}{paragraph('Tuesday')}</w:tc>"
            f"<w:tc>{paragraph('9-12')}{paragraph('14-17')}</w:tc></w:tr></w:tbl>")),
    ],
)  # fmt: skip
def test_lines_of_a_cell_do_not_become_one_word(name: str, text: str | bytes) -> None:
    assert rows(name, text) == [("Monday Tuesday: 9-12 14-17.", "")]


def test_no_passage_of_a_long_table_is_without_its_names() -> None:
    blocks = [
        Block("Care", f"plant {number}: {'much ' * 12}.", "name; what") for number in range(60)
    ]
    chunks = list(to_chunks([Block("Care", "Before."), *blocks]))
    assert len(chunks) > 3
    assert {chunk.columns for chunk in chunks} == {"name; what"}
    assert all(line.endswith(".") for chunk in chunks for line in chunk.text.split("\n"))
    after = list(to_chunks([*blocks, Block("Next", "After.")]))[-1]
    assert (after.text, after.columns) == ("After.", "")


def test_a_row_does_not_share_its_vector() -> None:
    text = "rose: March. Cut it.\nfern: May."
    parts = [text[begin:end] for begin, end in windows(text, has_rows=True)]
    assert parts == ["rose: March. Cut it.", "fern: May."]


def test_the_row_that_answers_is_not_behind_for_the_rows_around_it() -> None:
    asked = Asked.of({"rose": 2}, 100)
    near = [("row", cosine) for cosine in (0.5, 0.4, 0.4, *[0.0] * 9)]
    table = Candidate("rows", "", "", "", 0.0, tuple(near), "plant")
    text = Candidate("these|those", "", "", "", 0.0, (("these", 0.49), ("those", 0.39)))
    assert in_order([text, table], asked, 5) == [table, text]


def index_of(folder: Path, text: str) -> Path:
    index = folder / "index.sqlite"
    with index_file.opened(index) as connection:
        store.add(connection, "/garden.md", "/", "", extract("garden.md", text.encode()))
    return index


def test_a_row_is_not_missed_by_the_name_of_its_column(tmp_path: Path) -> None:
    index = index_of(tmp_path, PLANTS)
    knowledge = Knowledge(index)
    [found] = knowledge.search("month")
    assert found.columns == "plant; water; light; month"
    assert found.tokens > replace(found, columns="").tokens
    with index_file.opened(index) as connection:
        store.remove(connection, "/garden.md")
        left = connection.execute("SELECT count(*) FROM words WHERE passages != 0").fetchone()
    assert left == (0,)
    assert knowledge.search("month") == []


def test_a_row_is_not_said_with_its_neighbours(tmp_path: Path) -> None:
    encoder: Encoder | None = local_encoder()
    assert encoder is not None
    index = index_of(tmp_path, PLANTS)
    embed(index, encoder)
    found = Knowledge(index, encoder).search("How often does a rose want water?")[0]
    assert spoken(found) == "rose: each morning; sun; March."
