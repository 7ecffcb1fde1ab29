"""Names of things that documents are about: heard wrong, and too loud for the vectors.

A name is a word of a title that English does not have. Recognisers do not know it and write what
it sounds like; and of "Who founded Visavis?" and "Who is Visavis for?" it is most of what the
vectors see, so that the two are near to each other whatever is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

from .english import is_english
from .words import plain, words

ALIKE: Final = 0.7
"""How :func:`alike` a word that nobody writes has to be to a name that it is taken for."""
SHORTEST: Final = 4
"""Letters of a name."""
ENGLISH: Final = 0.7
"""Share of a text's words that are, from which it is English."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_SOUNDS: Final = ("aeiouy", "bp", "ckq", "dt", "lr", "mn", "gj", "fpv", "sxz", "csz")
"""Letters that sound alike, after Zobel and Dart 1996, "Phonetic string matching"."""


@lru_cache(maxsize=65_536)
def names_of(title: str) -> frozenset[str]:
    """In plain spelling: Latin ones alone, for others are not cut into words. None of a title that
    is not English."""
    every = words(title)
    strange = [word for word in every if word.isalpha() and not is_english(word)]
    if len(every) > 2 and 2 * len(strange) > len(every):
        return frozenset()
    return frozenset(word for word in strange if len(word) >= SHORTEST and word.isascii())


def nameless(text: str, known: Collection[str]) -> str:
    """With "it" for each name; plain then, if there is any."""
    every = "|".join(sorted(known))
    said = plain(text)
    changed = re.sub(rf"\b(?:the )?(?:{every})\b", "it", said) if known else said
    return text if changed == said else changed


def is_in_english(text: str, known: Collection[str]) -> bool:
    """Are the words between the names?"""
    others = [plain(word[0]) for word in _whole(text) if plain(word[0]) not in known]
    return sum(map(is_english, others)) >= ENGLISH * len(others)


def strange_words(text: str) -> list[str]:
    """Those that are not English, in plain spelling."""
    return [word for word in (plain(found[0]) for found in _whole(text)) if not is_english(word)]


def as_meant(text: str, known: Collection[str], written: Collection[str]) -> str:
    """With the names that were heard wrong in plain spelling: "Visivis", "vis-a-vis".

    ``written``: which of the :func:`strange_words` the documents have.
    """
    found = _whole(text) if known else []
    heard = [plain(word[0]) for word in found]
    strange = {word for word in heard if not is_english(word)}
    may_be_wrong = len(found) - len(strange) >= ENGLISH * (len(found) - 1)
    meant, index, end = "", 0, 0
    while index < len(found):
        name, count = _joined(heard[index : index + 3], strange, known)
        if not name and may_be_wrong and heard[index] in strange and heard[index] not in written:
            name = _nearest(heard[index], known)
        if name:
            meant += text[end : found[index].start()] + name
            end = found[index + count - 1].end()
        index += count
    return meant + text[end:]


def _whole(text: str) -> list[re.Match[str]]:
    """The words, but for parts of what has an apostrophe."""
    around = ("'", "’")
    return [
        word
        for word in _WORD.finditer(text)
        if not text.startswith(around, word.end()) and not text.endswith(around, 0, word.start())
    ]


def _joined(
    heard: Sequence[str], strange: AbstractSet[str], known: Collection[str]
) -> tuple[str, int]:
    """The name that three or two words are together, where one of them is none by itself, and how
    many they are; else "" and 1."""
    for count in range(len(heard), 1, -1):
        together = heard[:count]
        if (name := "".join(together)) in known and not strange.isdisjoint(together):
            return name, count
    return "", 1


def _nearest(heard: str, known: Collection[str]) -> str:
    if len(heard) < SHORTEST or heard in known:
        return ""
    best, nearest = ALIKE, ""
    for name in sorted(known):
        shorter, longer = sorted((len(name), len(heard)))
        if name[0] == heard[0] and shorter >= ALIKE * longer:
            likeness = alike(heard, name)
            if likeness > best or (likeness == best and not nearest):
                best, nearest = likeness, name
    return nearest


def alike(heard: str, name: str) -> float:
    """0 to 1, from the cost of making one of the other: 2 for each letter, 1 for one that sounds
    like it. Editex, without its silent letters (Zobel and Dart 1996)."""
    row = [2 * length for length in range(len(name) + 1)]
    for length, letter in enumerate(heard, 1):
        before, row[0] = row[0], 2 * length
        for place, other in enumerate(name, 1):
            changed = before + _apart(letter, other)
            before = row[place]
            row[place] = min(changed, before + 2, row[place - 1] + 2)
    return 1 - row[-1] / max(2 * len(heard), 2 * len(name), 1)


def _apart(letter: str, other: str) -> int:
    if letter == other:
        return 0
    return 1 if any(letter in group and other in group for group in _SOUNDS) else 2
