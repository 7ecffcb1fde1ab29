"""HTML → blocks: what a reader sees of the main part, under its headings."""

from __future__ import annotations

from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .html_text import BREAKS, HEADINGS, children, flat, text_of
from .passage import BELOW, Block, Extract
from .tables import Table

MOST_DEPTH: Final = 500
"""Elements within each other; what is deeper is left out."""

_UNSEEN: Final = (
    "script, style, noscript, template, svg, iframe, object, canvas, button, select, textarea, "
    "datalist, form label, nav, aside, footer, search, dialog, [hidden], [aria-hidden=true], "
    "[role=navigation], [role=search], [role=banner], [role=contentinfo]"
)
_SIGN: Final = "¶#§"
"""What pages put behind a heading to link to it."""


def read_html(text: str) -> Extract:
    """Navigation, scripts and footers left out; each row of a table is a block."""
    tree = LexborHTMLParser(text)
    named = tree.css_first("head > title")
    for node in tree.css(_UNSEEN):
        node.decompose()
    _leave_out_forms(tree)
    title = flat(named.text()) if named else ""
    root = _main(tree)
    if root is None:
        return Extract(title, ())
    reader = _Reader(_title(root))
    reader.read(root)
    return Extract(title or reader.title, tuple(reader.blocks))


def _leave_out_forms(tree: LexborHTMLParser) -> None:
    """But for one with most of the text in it: the page itself, as ASP.NET and SharePoint write."""
    whole = len(tree.body.text()) if tree.body else 0
    for form in tree.css("form"):
        if 2 * len(form.text()) <= whole:
            form.decompose()


def _title(root: LexborNode) -> str:
    """The first heading, unless others are its equals: then it is the first section's."""
    first, title = "", ""
    for node in root.css(", ".join(HEADINGS)):
        tag = node.tag or ""
        if title and tag > first:
            continue
        if words := _words(node):
            if title:
                return ""
            first, title = tag, words
    return title


def _main(tree: LexborHTMLParser) -> LexborNode | None:
    """The page's main part, where it says which that is and most of the text is in it."""
    body = tree.body
    if body is None:
        return None
    for selector in ("main", "[role=main]", "article"):
        found = tree.css(selector)
        if len(found) == 1 and 2 * len(found[0].text()) > len(body.text()):
            return found[0]
    return body


class _Reader:
    def __init__(self, title: str) -> None:
        self.blocks: list[Block] = []
        self.title = title
        self._levels: dict[int, str] = {}
        self._table = Table()
        self._text: list[str] = []

    def read(self, root: LexborNode) -> None:
        """In the order of the document; a stack of its own, for a page may nest without end."""
        stack: list[tuple[LexborNode | dict[int, str] | None, int]] = [(root, 0)]
        while stack:
            node, depth = stack.pop()
            if node is None:  # the end of an element that stands by itself
                self._flush()
                continue
            if isinstance(node, dict):  # the end of one whose headings are its own
                self._flush()
                self._levels = node
                continue
            tag = node.tag
            if tag == "-text":
                self._text.append(node.text_content or "")
            elif tag in HEADINGS:
                self._flush()
                self._head(int(tag[1]), _words(node))
            elif tag == "tr":
                self._flush()
                self._row(node)
            elif depth < MOST_DEPTH:
                if tag == "table":
                    self._table = Table()
                if tag in BREAKS:
                    self._flush()
                    stack.append((self._levels if _is_directive(node) else None, 0))
                stack += [(child, depth + 1) for child in reversed(children(node))]
        self._flush()

    def _flush(self) -> None:
        text = flat("".join(self._text))
        self._text.clear()
        if text:
            self.blocks.append(Block(self._heading(), text))

    def _head(self, level: int, text: str) -> None:
        if not text:
            return
        self._levels = {other: words for other, words in self._levels.items() if other < level} | {
            level: text
        }

    def _heading(self) -> str:
        """Without the document's title."""
        return BELOW.join(text for text in self._levels.values() if text != self.title)

    def _row(self, row: LexborNode) -> None:
        if text := self._table.read(row):
            self.blocks.append(Block(self._heading(), text, self._table.columns))


def _is_directive(node: LexborNode) -> bool:
    """Of reStructuredText: see ``rst``."""
    return node.tag == "div" and "docutils container" in (node.attributes.get("class") or "")


def _words(heading: LexborNode) -> str:
    return text_of(heading).rstrip(_SIGN).strip()
