"""What knowledge is made of, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BELOW: Final = " › "
"""Stands between a heading and the one below it."""
SPOKEN: Final = 320
"""Characters that are said of a passage: some twenty seconds."""


class KnowledgeError(Exception):
    """A source that cannot be used. The text is one sentence for people."""


@dataclass(frozen=True)
class Block:
    """A paragraph, a list item, a table's row: what a document is read as."""

    heading: str
    """The headings above it, outermost first, joined with :data:`BELOW`; may be empty."""
    text: str
    columns: str = ""
    """Of a table's row, and of a passage with rows: what the columns are called. Empty where the
    table does not say, as those do not that only lay out a page."""


@dataclass(frozen=True)
class Extract:
    """What was read out of a file."""

    title: str
    """Its own; empty where it has none."""
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A file or a page that is known."""

    source: str
    """Path (relative to the checkout within it) or URL: what it is replaced and removed by."""
    title: str
    passages: int
    digest: str
    """SHA-256 of its bytes, in hex."""
    origin: str
    """The folder, file or URL that was asked for, as it was written."""


@dataclass(frozen=True)
class Passage:
    """A piece of a document that may answer a question."""

    text: str
    title: str
    """The document's."""
    source: str
    """The document's: a path or a URL."""
    heading: str
    """Where in the document: its headings, or "page 7"; may be empty."""
    best: str
    """The sentences of the text that are nearest to the question; of one that ``answers`` all,
    where it is short or its own question is nearer."""
    score: float
    """How near it is to the question, 0 to 1: the cosine of both vectors, and up to 0.2 for the
    share of the question's words that it has, each weighted by its rarity; without vectors that
    share alone. Of one that ``answers``, the cosine is the mean of its own and its question's."""
    columns: str = ""
    """What the columns of the table in it are called."""
    answers: bool = False
    """It begins to answer a question that heads it, as in an FAQ, which has a vector, too."""

    @property
    def tokens(self) -> int:
        """That a language model is likely to take for it, rather too many."""
        return sum(map(count_tokens, (self.text, self.heading, self.title, self.columns)))


def count_tokens(text: str) -> int:
    """An upper estimate: one for three bytes, that is three Latin letters or one Chinese one."""
    return len(text.encode()) // 3 + 1
