"""How likely it is that a sentence is over, by its words so far.

A logistic model of English sentences' ends: each word or pair of words that it looks at has a
weight, found by its hash (Weinberger et al., "Feature hashing for large scale multitask learning",
ICML 2009). ``training/turns/`` makes it from sentences that people wrote down.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 15
"""The table has 2**BITS weights."""
LENGTHS: Final = (1, 2, 3, 4, 5, 6, 8, 10)
"""Numbers of words that are told apart: each stands for those up to the next."""

OPEN: Final = 0.02
"""Chance of an end below which a sentence is not over. Of 10,025 sentences of any length that the
model had not learned, 1.4 % were below it as a whole, and of their 53,904 beginnings 58 %."""
FEWEST: Final = 4
"""Words from which on it is asked, less those that only open an answer. Short ones ("I think so.",
"No, I have not.") leave out what sentences that are written down have."""
_OPENINGS: Final = frozenset({"and", "but", "no", "oh", "okay", "so", "well", "yeah", "yes"})

_MODEL: Final = Path(__file__).with_name("sentence_ends.npz")


def words(text: str) -> list[str]:
    """Lower case, without punctuation; every number is the same word."""
    found = re.findall(r"[\w']+", text.lower().replace("’", "'"))
    return ["#" if word[0].isdigit() else word for word in found]


def features(said: Sequence[str]) -> list[int]:
    """Where the weights of a beginning are, of one word at least."""
    third, second, last = ["", "", *said][-3:]
    first, pair = said[0], " ".join(said[:2])
    length = max(each for each in LENGTHS if each <= len(said))
    names = [
        f"a {last}",
        f"b {second} {last}",
        f"c {third} {second} {last}",
        f"d {last[-3:]}",
        f"e {second} {last[-3:]}",
        f"f {first} {last}",
        f"g {pair}",
        f"h {pair} {last}",
        f"i {length}",
        f"j {length} {last}",
        f"k {first} {length}",
        f"l {third} {second}",
        *(f"m {word}" for word in set(said[:-1])),
    ]
    return [zlib.crc32(name.encode()) % (1 << BITS) for name in names]


@dataclass(frozen=True)
class SentenceEnds:
    weights: NDArray[np.float32]
    """(2**BITS,)"""
    bias: float

    def chance(self, text: str) -> float:
        """That a sentence which has got as far as ``text`` is over: 0 to 1; 1 of no words.

        Low in absolute terms (of all beginnings only one in some eight is a whole sentence): to be
        compared with a threshold.
        """
        said = words(text)
        if not said:
            return 1.0
        score = self.bias + float(self.weights[features(said)].sum())
        return float(1 / (1 + np.exp(-score)))


@functools.cache
def load() -> SentenceEnds:
    """The one that comes with Visavis: a few milliseconds, once."""
    with np.load(_MODEL) as file:
        weights = file["weights"].astype(np.float32) * float(file["scale"])
        return SentenceEnds(weights, float(file["bias"]))


def is_open(text: str) -> bool:
    """Whether more is to come after ``text``."""
    said = [word for word in words(text) if word not in _OPENINGS]
    return len(said) >= FEWEST and load().chance(text) < OPEN
