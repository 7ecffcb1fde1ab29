"""A table's rows → sentences: "first: second; third.", and what its columns are called."""

from __future__ import annotations

from typing import Final

from selectolax.lexbor import LexborNode

from .html_text import text_of

MOST_COLUMNS: Final = 100
_EMPTY: Final = "–"
"""In place of a cell without text where the columns have names: these are told in their order."""


class Table:
    """Reads the rows of one ``<table>``, which are given in their order."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._below: dict[int, tuple[str, int]] = {}
        """Cells that reach into rows to come: column → text, number of those rows."""

    @property
    def columns(self) -> str:
        return "; ".join(dict.fromkeys(filter(None, self._names)))

    def read(self, row: LexborNode) -> str:
        """Empty where the row has no text, or names the columns."""
        cells = [cell for cell in row.iter() if cell.tag in ("td", "th")]
        texts = self._texts(cells)
        in_head = row.parent is not None and row.parent.tag == "thead"
        if in_head or (len(cells) > 1 and all(cell.tag == "th" for cell in cells)):
            self._name(texts)
            return ""
        return _sentence(texts, named=any(self._names))

    def _name(self, texts: list[str]) -> None:
        """A second row of names says more of the columns under the first's."""
        width = max(len(texts), len(self._names))
        above, below = ([*row, *[""] * (width - len(row))] for row in (self._names, texts))
        pairs = zip(above, below, strict=True)
        self._names = [" ".join(filter(None, dict.fromkeys(pair))) for pair in pairs]

    def _texts(self, cells: list[LexborNode]) -> list[str]:
        """By column. A cell across several rows is in each of them, since a row is read alone;
        one across several columns is in the first."""
        texts: list[str] = []
        above, self._below = self._below, {}

        def put(text: str, rows: int) -> None:
            if rows > 1:
                self._below[len(texts)] = text, rows - 1
            texts.append(text)

        for cell in cells:
            while len(texts) in above:
                put(*above.pop(len(texts)))
            put(text_of(cell), _span(cell, "rowspan"))
            texts += [""] * (_span(cell, "colspan") - 1)
        while len(texts) in above:
            put(*above.pop(len(texts)))
        return texts[:MOST_COLUMNS]


def _sentence(texts: list[str], named: bool) -> str:
    while texts and not texts[-1]:
        texts = texts[:-1]
    if not any(texts):
        return ""
    first, *rest = [text or _EMPTY for text in texts] if named else filter(None, texts)
    text = f"{first}: {'; '.join(rest)}" if rest else first
    return text if text[-1] in ".!?:" else f"{text}."


def _span(cell: LexborNode, name: str) -> int:
    """As far as a browser believes it."""
    written = cell.attributes.get(name) or ""
    return min(max(int(written), 1), MOST_COLUMNS) if written.isdecimal() else 1
