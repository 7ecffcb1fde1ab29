"""The words of an element, as a reader sees them apart: ``9<br>14`` is two, ``<b>w</b>ord`` one."""

from __future__ import annotations

from typing import Final

from selectolax.lexbor import LexborNode

HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS: Final = """
    address article blockquote body br caption center dd details div dl dt fieldset figcaption
    figure form header hgroup hr html legend li main menu ol p pre section summary table tbody
    tfoot thead ul
"""
BREAKS: Final = frozenset(_BLOCKS.split())
"""Elements that stand by themselves, besides headings and the parts of a table's rows."""
_APART: Final = BREAKS.union(HEADINGS, ("tr", "td", "th"))


def text_of(root: LexborNode) -> str:
    """In one line. A stack of its own, for a page may nest without end."""
    parts: list[str] = []
    stack: list[LexborNode | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # the end of an element that stands by itself
            parts.append(" ")
        elif node.tag == "-text":
            parts.append(node.text_content or "")
        else:
            if node.tag in _APART:
                parts.append(" ")
                stack.append(None)
            stack += reversed(children(node))
    return flat("".join(parts))


def children(node: LexborNode) -> list[LexborNode]:
    found: list[LexborNode] = []
    child = node.child
    while child is not None:
        found.append(child)
        child = child.next
    return found


def flat(text: str) -> str:
    return " ".join(text.split())
