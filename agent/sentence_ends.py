"""How likely it is that a sentence is over, by its words so far.

A small recurrent network (a gated recurrent unit: Cho et al., EMNLP 2014) reads English word by
word and says after each how likely it is the last of its sentence. Words are known by their hash
(Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009) and by their
last letters, so that there is no list of them. ``training/turns/`` makes it from what people said
to assistants and to each other, and from sentences that they wrote down.
"""

from __future__ import annotations

import functools
import re
import zlib
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LETTERS: Final = 3
"""At a word's end, by which those are told apart that share their hash or were never seen."""
LONGEST: Final = 30
"""Words that are read, the last ones: it has learned from no longer turns."""

FEWEST: Final = 2
"""Words from which on it is asked: of one alone it knows too little."""
LONG: Final = 4
"""Words from which on the second of each pair of limits counts."""
OPEN: Final = (0.005, 0.02)
"""Chance of an end below which a sentence is not over. Of sentences that the model had not learned
some 1.5 % were below it as a whole, and of their beginnings 50 to 62 %."""
DOUBTFUL: Final = (0.017, 0.055)
"""The same, of 5 % and 67 to 75 %."""

COMMA: Final = 0.15
"""Instead of :data:`OPEN` after a comma. Of 60 whole sentences of ``bench turns`` the embedded ears
put one after four, two of them below; of 320 that were cut off after 51, most of them below."""

NUMBER: Final = "#"
NAME: Final = "@"

_I: Final = re.compile(r"I('\w+)?")
_MODEL: Final = Path(__file__).with_name("sentence_ends.npz")


def words(text: str) -> list[str]:
    """Without punctuation, in lower case; every number is the same word, and so is every name, by
    its capital within a sentence."""
    found: list[str] = []
    for word in spelled(text):
        plain = word.lower()
        found.append(NUMBER if word[0].isdigit() else plain if word == plain else NAME)
    return found


def spelled(text: str) -> list[str]:
    """Without punctuation; names alone have capitals, and no word where most of them have one."""
    text = text.replace("’", "'")
    found: list[str] = []
    is_first, end = True, 0
    for match in re.finditer(r"[\w']+", text):
        is_first = is_first or any(mark in text[end : match.start()] for mark in ".?!")
        word, end = match[0], match.end()
        is_name = word[0].isupper() and not is_first and not _I.fullmatch(word)
        found.append(word if is_name else word.lower())
        is_first = False
    if sum(word[0].isupper() for word in found) > len(found) / 2:
        return [word.lower() for word in found]
    return found


def places(word: str, table: int, endings: int) -> tuple[int, int]:
    """Of a word in lower case: its row among so many of words, and among so many of ``endings``."""
    ending = f"s {word[-LETTERS:]}"
    return zlib.crc32(word.encode()) % table, zlib.crc32(ending.encode()) % endings


class End(Enum):
    """Of a sentence, where somebody pauses."""

    OPEN = auto()
    DOUBTFUL = auto()
    LIKELY = auto()


@dataclass(frozen=True)
class Table:
    """Of meanings, kept small: each conversation has its own."""

    rows: NDArray[np.int8]
    """(n, width)"""
    scales: Floats
    """(n, 1)"""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Floats:
        return cast(Floats, self.rows[row] * self.scales[row])


@dataclass(frozen=True)
class SentenceEnds:
    """Weights, named and laid out as PyTorch does (``torch.nn.GRU``: reset, update, new)."""

    table: Table
    """Of words; (words, width)."""
    endings: Table
    """(endings, width)"""
    name: Floats
    """(width,); the mean of those that it has learned: most names it never saw"""
    from_word: Floats
    """(3 * state, width)"""
    from_state: Floats
    """(3 * state, state)"""
    word_bias: Floats
    """(3 * state,)"""
    state_bias: Floats
    """(3 * state,)"""
    judge: Floats
    """(state,)"""
    bias: float

    def chance(self, text: str) -> float:
        """That a sentence which has got as far as ``text`` is over: 0 to 1; 1 of no words.

        Low in absolute terms (of all beginnings only one in some eight is a whole sentence): to be
        compared with a threshold. Under 1 ms for ten words.
        """
        said = words(text)[-LONGEST:]
        if not said:
            return 1.0
        size = len(self.judge)
        state = np.zeros(size, np.float32)
        for word in said:
            come = self.from_word @ self._meaning(word) + self.word_bias
            kept = self.from_state @ state + self.state_bias
            reset, update = _sigmoid(come[: 2 * size] + kept[: 2 * size]).reshape(2, size)
            new = np.tanh(come[2 * size :] + reset * kept[2 * size :])
            state = (1 - update) * new + update * state
        return float(_sigmoid(self.judge @ state + self.bias))

    def _meaning(self, word: str) -> Floats:
        """(width,)"""
        if word == NAME:
            return self.name
        row, ending = places(word, len(self.table), len(self.endings))
        return self.table[row] + self.endings[ending]


def _sigmoid(value: Floats) -> Floats:
    return cast(Floats, 1 / (1 + np.exp(-value)))


def read(file: Path) -> SentenceEnds:
    """Weights as ``training/turns/`` writes them: int8 matrices, each row with its scale."""
    with np.load(file) as stored:
        return SentenceEnds(
            table=Table(stored["table"], stored["table_scale"]),
            endings=Table(stored["endings"], stored["endings_scale"]),
            name=stored["name"],
            from_word=stored["from_word"] * stored["from_word_scale"],
            from_state=stored["from_state"] * stored["from_state_scale"],
            word_bias=stored["word_bias"],
            state_bias=stored["state_bias"],
            judge=stored["judge"],
            bias=float(stored["bias"]),
        )


@functools.cache
def load() -> SentenceEnds:
    """The one that comes with Visavis: some 20 ms, once."""
    return read(_MODEL)


def look(text: str) -> End:
    """Whether more is to come after ``text``."""
    number = len(words(text))
    if number < FEWEST:
        return End.LIKELY
    chance, is_long = load().chance(text), number >= LONG
    if chance < (COMMA if text.rstrip().endswith(",") else OPEN[is_long]):
        return End.OPEN
    return End.DOUBTFUL if chance < DOUBTFUL[is_long] else End.LIKELY
