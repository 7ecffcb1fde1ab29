"""Blocks → passages: never over a heading, cut between sentences, each a little into the last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from .passage import Block

LENGTH: Final = 900
"""Characters of a passage, at most: about 200 tokens, of which the vectors see 256."""
OVERLAP: Final = 180
"""Characters that a passage may repeat of the one before: its last sentence."""
WINDOW: Final = 250
"""Characters that one vector stands for: a sentence, or a few short ones. Of a longer text a vector
says too little, since it is the mean over all words."""

_SENTENCE_END: Final = re.compile(
    r"(?<!\b[A-Z])(?<!\b(?:Mr|Ms|Dr|St|vs|No))(?<!\b(?:Mrs|e\.g|i\.e|etc))"
    r"[.!?…]+[\"'”’)\]]*\s+(?=\S)|(?<=[。！？])"
)


def sentences(text: str) -> list[str]:
    """As they are written, without the space between them."""
    found, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def windows(text: str, has_rows: bool = False) -> list[tuple[int, int]]:
    """Begin and end of the parts of a passage that have a vector each: whole sentences.

    ``has_rows``: of a table, where each line is about something of its own.
    """
    spans: list[tuple[int, int]] = []
    place = 0
    for line in text.split("\n"):
        apart = has_rows
        for sentence in sentences(line):
            start = text.index(sentence, place)
            place = start + len(sentence)
            if spans and not apart and place - spans[-1][0] <= WINDOW:
                spans[-1] = (spans[-1][0], place)
            else:
                spans.append((start, place))
            apart = False
    return spans


def to_chunks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Passages of at most :data:`LENGTH` characters; blocks are kept whole if they fit."""
    for heading, section in groupby(blocks, key=lambda block: block.heading):
        parts: list[str] = []
        columns: list[str] = []
        for block in section:
            for part in _pieces(block.text):
                if parts and _length(parts) + 1 + len(part) > LENGTH:
                    yield _chunk(heading, parts, columns)
                    parts = _tail(parts, LENGTH - len(part) - 1)
                    columns = columns[-1:] if parts else []
                parts.append(part)
                columns.append(block.columns)
        if parts:
            yield _chunk(heading, parts, columns)


def _chunk(heading: str, parts: list[str], columns: list[str]) -> Block:
    """``columns``: of each part."""
    return Block(heading, "\n".join(parts), "; ".join(dict.fromkeys(filter(None, columns))))


def _pieces(text: str) -> Iterator[str]:
    """The text, or its sentences where it is too long, or hard cuts where those are."""
    if len(text) <= LENGTH:
        yield text
        return
    for sentence in sentences(text):
        while len(sentence) > LENGTH:
            cut = sentence.rfind(" ", LENGTH // 2, LENGTH)
            cut = cut if cut > 0 else LENGTH
            yield sentence[:cut].strip()
            sentence = sentence[cut:].strip()
        if sentence:
            yield sentence


def _tail(parts: list[str], room: int) -> list[str]:
    """The last sentence of what came before, where it is short enough."""
    last = sentences(parts[-1])[-1]
    return [last] if len(last) <= min(OVERLAP, room) and last != "\n".join(parts) else []


def _length(parts: list[str]) -> int:
    return sum(map(len, parts)) + len(parts) - 1
