"""Where a text may be cut so that the first part is spoken while the rest is being written.

LiveKit's ``blingfire`` tokenizer finds the sentences (abbreviations, numbers, URLs, other scripts);
what is mended here is what it gets wrong in speech, see ``tests/test_agent_sentences.py``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final

from livekit.agents import tokenize
from livekit.agents.tokenize.token_stream import BufferedSentenceStream
from livekit.agents.tokenize.tokenizer import SentenceStream

SHORTEST_CLAUSE: Final = 14
"""Letters that a first clause must have: about 0.8 s of speech, in which the next is made."""
FEWEST_WORDS: Final = 3

_LINE_END: Final = re.compile(
    r"\n(?=\s*(?:[-*•+#]|\d{1,3}[.)]|\n))|(?<=:)\n|^[ \t]*(?:[-*•+#]|\d{1,3}[.)])[^\n]*\n",
    re.MULTILINE,
)
"""A line break that ends something: before a list item or a heading, after one, after a colon, and
between paragraphs. Others are line wraps."""
_NO_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:in|no)|\w\.[a-z]{2,6})\.[\"')\]]*(?=\s+[A-Z])",
)
"""Words that blingfire takes for inches and number, and the ends of host names."""
_UNFINISHED: Final = re.compile(r"(?:^|\s)\d{1,2}[.)]$")
"""The number of a list item, or a German ordinal: its words follow."""
_CLAUSE: Final = re.compile(r"[,;:–—][\"')\]]*\s+(?=\S)|[，、；：]")

Span = tuple[str, int, int]


class Sentences(tokenize.SentenceTokenizer):
    """Cuts at the ends of sentences. White space stays: the pieces together are the text.

    ``eager``: of a first sentence that is not whole yet its first clause is given away, as soon as
    it has :data:`FEWEST_WORDS` words and :data:`SHORTEST_CLAUSE` letters.
    """

    def __init__(self, *, eager: bool = False) -> None:
        self._eager = eager

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:
        return [piece for piece, _, _ in split_sentences(text)]

    def stream(self, *, language: str | None = None) -> SentenceStream:
        return BufferedSentenceStream(
            tokenizer=_Eager() if self._eager else split_sentences,
            min_token_len=2,
            min_ctx_len=2,
        )


def split_sentences(text: str) -> list[Span]:
    """Sentences with the white space before them, and where they begin and end in ``text``."""
    if not text.strip():
        return []
    spans: list[Span] = []
    begin = 0
    for end in (*_ends(text), len(text)):
        piece = text[begin:end]
        if piece.strip() and not (_UNFINISHED.search(piece) and end < len(text)):
            spans.append((piece, begin, end))
            begin = end
    return spans


def _ends(text: str) -> Iterator[int]:
    """Where sentences end within ``text``, in order."""
    ends = {match.end() for rule in (_LINE_END, _NO_ABBREVIATION) for match in rule.finditer(text)}
    end = 0
    for sentence in _blingfire().tokenize(text):
        end += len(sentence)
        ends.add(end)
    yield from sorted(end for end in ends if 0 < end < len(text))


@functools.cache
def _blingfire() -> tokenize.blingfire.SentenceTokenizer:
    return tokenize.blingfire.SentenceTokenizer(min_sentence_len=2, retain_format=True)


class _Eager:
    """:func:`split_sentences` for the growing buffer of one stream."""

    def __init__(self) -> None:
        self._begun = False

    def __call__(self, text: str) -> list[Span]:
        spans = split_sentences(text)
        if not self._begun and len(spans) == 1 and (end := first_clause(text)):
            spans = [(text[:end], 0, end), (text[end:], end, len(text))]
        # The stream gives away the first of several, and comes back with the rest.
        self._begun = self._begun or len(spans) > 1
        return spans


def first_clause(text: str) -> int:
    """Where the first clause that is long enough ends, its punctuation included; 0: nowhere."""
    for match in _CLAUSE.finditer(text):
        clause = text[: match.start()]
        letters = sum(char.isalnum() for char in clause)
        words = len(clause.split())
        dense = not clause.isascii() and words == 1  # a script that writes no spaces
        if letters >= (SHORTEST_CLAUSE // 2 if dense else SHORTEST_CLAUSE) and (
            dense or words >= FEWEST_WORDS
        ):
            return match.start() + len(match.group().rstrip())
    return 0
