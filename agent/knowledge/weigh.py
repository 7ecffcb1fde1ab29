"""How much a passage has of a question: by its words, by what its parts mean, and both together.

The constants are among the best that were tried on the questions of ``bench knowledge`` and on
those of other documents (docs/knowledge.md), among values whose neighbours do as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from statistics import fmean, median
from typing import Final

from .chunks import windows
from .passage import SPOKEN, Passage
from .words import plain, stem

COVERAGE: Final = 0.2
"""What having all words of the question adds to a passage's score; less for one or two words."""
PART_COVERAGE: Final = 0.1
"""The same, of one part of the passage, for its place."""
FREQUENCY: Final = 0.003
"""Of a passage's BM25, for its place."""
MEAN: Final = 0.3
"""Weight of all parts' mean, against the nearest alone, for its place: what answers a question is
about it as a whole, too."""
ROWS: Final = 3
"""Parts that the mean is taken of where a table is in the passage: as many as other passages have.
The rest of a table says nothing of the row that answers."""
AHEAD: Final = 1.05
"""BM25 of the first by words against the second, from which it is among the first few whatever
its place: names of things, of which the vectors know little, are found so."""
TOGETHER: Final = 0.4
"""Share of the question's words that one of its parts has to have for that."""
UNKNOWN: Final = 0.5
"""Weight of a word that no passage has, where those that all passages have weigh 0.7."""


@dataclass(frozen=True)
class Asked:
    """The words of a question, each with what it weighs: more, the fewer passages have it."""

    weights: Mapping[str, float]
    known: int
    """Of the words, how many any passage has."""

    @classmethod
    def of(cls, terms: Mapping[str, int], passages: int) -> Asked:
        """``terms``: the passages that have each, of ``passages`` in all."""
        weights = {
            term: math.log(1 + passages / count) if count else UNKNOWN
            for term, count in terms.items()
        }
        return cls(weights, sum(count > 0 for count in terms.values()))

    def without(self, title: str) -> Asked:
        """That a document is asked for does not mean that it answers. As it is, where no word
        would be left."""
        if title not in self._without:
            named = plain(title)
            rest = {term: weight for term, weight in self.weights.items() if term not in named}
            self._without[title] = Asked(rest, self.known) if rest else self
        return self._without[title]

    def coverage(self, text: str) -> float:
        """The share of it that a text has, 0 to 1."""
        text = plain(text)
        return sum(weight for begin, weight in self._shares if begin in text)

    @property
    def certainty(self) -> float:
        """0 to 1: one or two words say less of what is asked than three."""
        return min(1.0, self.known / 3)

    @cached_property
    def _shares(self) -> list[tuple[str, float]]:
        every = max(sum(self.weights.values()), 1e-9)
        return [(stem(term), weight / every) for term, weight in self.weights.items()]

    @cached_property
    def _without(self) -> dict[str, Asked]:
        return {}


@dataclass(frozen=True)
class Candidate:
    """A passage that may answer."""

    text: str
    heading: str
    title: str
    source: str
    bm25: float
    """0 where it was not found by its words."""
    parts: tuple[tuple[str, float], ...]
    """Each, and its vector's cosine with the question's; none while it has not been embedded."""
    columns: str = ""
    """See :class:`~agent.knowledge.passage.Block`."""
    asks: float | None = None
    """The cosine of the nearest question that heads it; None where none does."""

    @property
    def near(self) -> float:
        """The cosine of the nearest part; where a question heads it, the mean of that and the
        question's. Raises ValueError where there are no parts."""
        near = max(cosine for _, cosine in self.parts)
        return near if self.asks is None else (self.asks + near) / 2

    def place(self, asked: Asked, middle: float) -> float:
        """The larger, the nearer the front. ``middle`` stands for the cosine where there is
        none yet."""
        cosines = [cosine for _, cosine in self.parts] or [middle]
        near = self.near if self.parts else middle
        if self.columns:
            cosines = nlargest(ROWS, cosines)
        near = (1 - MEAN) * near + MEAN * fmean(cosines)
        return near + PART_COVERAGE * self.together(asked) + FREQUENCY * self.bm25

    def together(self, asked: Asked) -> float:
        """The share of the question that one part has, with its heading and columns but not for
        the title; less for a question of one or two words."""
        asked = asked.without(self.title)
        texts = [text for text, _ in self.parts] or [self.text]
        above = f"{self.heading} {self.columns}"
        return asked.certainty * max(asked.coverage(f"{above} {text}") for text in texts)

    def passage(self, asked: Asked) -> Passage:
        """With its score and what is best in it."""
        share, near, parts = 1.0, 0.0, self.parts
        if parts:
            asked = asked.without(self.title)
            share, near = COVERAGE * asked.certainty, self.near
        else:
            spans = windows(self.text, has_rows=bool(self.columns)) or [(0, len(self.text))]
            parts = tuple((self.text[begin:end], 0.0) for begin, end in spans)
        whole = asked.coverage(f"{self.title} {self.heading} {self.columns} {self.text}")
        score = min(1.0, max(0.0, near + share * whole))
        best, _ = max(parts, key=lambda part: part[1] + share * asked.coverage(part[0]))
        asks = None if self.columns else self.asks
        if asks is not None and (
            len(self.text) <= SPOKEN or asks >= max(near for _, near in parts)
        ):
            best = self.text
        return Passage(
            self.text,
            self.title,
            self.source,
            self.heading,
            best,
            round(score, 4),
            self.columns,
            asks is not None,
        )


def in_order(candidates: Sequence[Candidate], asked: Asked, few: int) -> list[Candidate]:
    """By their places; the surest by words is among the first ``few``."""
    known = [one.near for one in candidates if one.parts]
    middle = median(known) if known else 0.0
    found = sorted(candidates, key=lambda one: -one.place(asked, middle))
    if len(found) <= few:
        return found
    first, second = sorted(found, key=lambda one: -one.bm25)[:2]
    if (
        first not in found[:few]
        and first.bm25 >= AHEAD * second.bm25
        and first.together(asked) >= TOGETHER
    ):
        found.remove(first)
        found.insert(few - 1, first)
    return found
