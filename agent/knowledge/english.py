"""Which words are English: those of a pronouncing dictionary, 175,000 with their forms.

``english.npy`` holds the words' CRC-32, in order: little-endian uint32, 0.7 MB, which all processes
map together. Of words that are not in it, one in 25,000 seems to be. ``python -m
agent.knowledge.english`` makes it from misaki's lexicon (Apache-2.0), which Hibari's wheel holds.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

FILE: Final = Path(__file__).with_name("english.npy")
SOURCES: Final = ("lexicon_us_gold.json.gz", "lexicon_us_silver.json.gz")


def is_english(word: str) -> bool:
    """``word``: plain, see :mod:`.words`."""
    known = _hashes()
    number = np.uint32(crc32(word.encode()))  # an int would have the whole table converted
    place = int(np.searchsorted(known, number))
    return place < len(known) and bool(known[place] == number)


@cache
def _hashes() -> npt.NDArray[np.uint32]:
    found: npt.NDArray[np.uint32] = np.load(FILE, mmap_mode="r")
    return found


def _words() -> Iterator[str]:
    """Without those that have more than letters, such as "isn't"."""
    spec: Any = importlib.util.find_spec("hibari")
    for name in SOURCES:
        with gzip.open(Path(spec.origin).parent / "assets" / name, "rt", encoding="utf-8") as file:
            for entry in json.load(file):
                if entry.isascii() and entry.isalpha():
                    yield entry.lower()


def hashes() -> npt.NDArray[np.uint32]:
    """What the file holds, from its source."""
    return np.unique(np.array([crc32(word.encode()) for word in _words()], np.uint32))


def main() -> int:
    found = hashes()
    np.save(FILE, found)
    print(f"{FILE.name}: {len(found)} words")
    return 0


if __name__ == "__main__":
    sys.exit(main())
