"""Sentences to be spoken: Debian's fortune cookies, and words at random for every sound's sake."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import re
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

COOKIES: Final = Path("/usr/share/games/fortunes")
_FILES: Final = {
    "en": """art computers cookie debian definitions disclaimer education ethnic food fortunes
        goedel humorists kids knghtbrd law linux linuxcookie literature love magic medicine
        men-women miscellaneous news paradoxum people perl pets platitudes politics pratchett
        riddles science songs-poems sports startrek tao wisdom work zippy""",
    "de": "de/*", "es": "es/**/*", "it": "it/*", "pt": "brasil", "pl": "pl/*", "ru": "ru/*",
    "cs": "cs/*",
}  # fmt: skip
"""Globs under :data:`COOKIES`: packages fortunes, fortunes-de, -es, -it, -br, -pl, -ru, -cs."""
_NO_TEXT: Final = (".dat", ".u8")
_NO_PROSE: Final = {"asciiart", "off"}
_LENGTHS: Final = range(20, 110)
_HELD_OUT: Final = 20
"""One sentence of that many is kept for judging."""


def held_out(text: str) -> bool:
    """Whether training never sees ``text``, in any voice."""
    return zlib.crc32(text.encode()) % _HELD_OUT == 0


def sentences(language: str, rng: random.Random, *, judging: bool = False) -> Iterator[str]:
    """Endless sentences in random order, those held out for ``judging`` or all others.

    Raises FileNotFoundError where the package with that language's texts is not installed.
    """
    mine = [text for text in _cookies(language) if held_out(text) == judging]
    if not mine:
        raise FileNotFoundError(
            f"no {language} texts under {COOKIES}: apt-get install fortunes fortunes-de "
            "fortunes-es fortunes-it fortunes-br fortunes-pl fortunes-ru fortunes-cs"
        )
    for text in itertools.cycle(rng.sample(mine, len(mine))):
        if language == "en" and rng.random() < 0.3:
            yield " ".join(rng.choices(_words(), k=rng.randint(4, 9))).capitalize() + "."
        else:
            yield text


@cache
def _cookies(language: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    paths = {path for glob in _FILES[language].split() for path in COOKIES.glob(glob)}
    for path in sorted(paths):
        if path.is_file() and path.suffix not in _NO_TEXT and path.name not in _NO_PROSE:
            text = path.read_text("utf-8", errors="ignore")
            found.update(dict.fromkeys(_prose(text)))
    return tuple(found)


def _prose(text: str) -> Iterator[str]:
    paragraphs = re.sub(r"--.*", "", re.sub(r"\n%+\n", "\n\n", text)).split("\n\n")
    for paragraph in paragraphs:
        for sentence in re.split(r"(?<=[.!?])\s", re.sub(r"\s+", " ", paragraph)):
            clean = re.sub(r'["`*_<>|\[\]{}()\\/#@=+~^]', "", sentence).strip()
            plain = sum(c.isalpha() or c in " ,.'!?" for c in clean)
            if len(clean) in _LENGTHS and plain > 0.97 * len(clean):
                yield clean


@cache
def _words() -> tuple[str, ...]:
    packed = files("hibari").joinpath("assets/lexicon_us_gold.json.gz").read_bytes()
    return tuple(
        word for word in json.loads(gzip.decompress(packed)) if word.isalpha() and word.islower()
    )
