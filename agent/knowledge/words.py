"""Words as the index sees them, whatever the script, and what of a question is looked up."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_UNSPACED: Final = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0002fa1f"
)
"""Kana, Han and Hangul, where words run together."""
_RUN: Final = re.compile(rf"[{_UNSPACED}]+")
_WORD: Final = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")

_STOP: Final = """
    a about actually after again all also am an and any are as at be because been being but by
    can could did do does doing done for from get give go going got had has have having he her
    here him his how i if in into is it its just kind know let like made make many may me might
    more most much must my need no nor not now of off on once one only or other our out over own
    please possible put same she should so some something such tell than that the their them
    then there these they thing things this those through to too under until up us use used
    using very want was way we were what when where which while who whom whose why will with
    without work would you your aber als am an auch auf aus bei bin bis bist da damit das dass
    dein dem den der des die dies diese doch du durch ein eine einem einen einer eines er es für
    gibt hat habe haben hier ich ihr im in ist ja kann kein keine man mein mich mir mit nach
    nicht noch nur oder ob sein sich sie sind so über um und uns von vor war was wer wie will
    wir wird wo zu zum zur
"""
QUESTION_MARKS: Final = ("?", "？", "؟")
STOP_WORDS: Final = frozenset(_STOP.split())
"""English and German words that say nothing of what a question is about."""


def plain(text: str) -> str:
    """Lower case, without accents, ligatures and full-width forms."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def searchable(text: str) -> str:
    """What is indexed: plain, and each unspaced run as its overlapping pairs of characters."""
    text = plain(text)
    return text if text.isascii() else _RUN.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", text)


def words(text: str) -> list[str]:
    """Of plain or unplain text, in order; pairs of characters for scripts without spaces."""
    found: list[str] = []
    for word in _WORD.findall(plain(text)):
        found += _pairs(word) if _RUN.match(word) else [word]
    return found


def asked(question: str) -> list[str]:
    """The words of a question to look for, each once; stop words only if it has no others."""
    every = list(dict.fromkeys(words(question)))
    telling = [word for word in every if word not in _PLAIN_STOP_WORDS]
    return telling or every


def match(terms: list[str]) -> str:
    """An FTS5 query for any of them. Each is quoted, so nothing in it is an operator."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)


def stem(word: str) -> str:
    """Roughly what all forms of a word begin with, for counting what a text has of a question."""
    return word[: max(4, len(word) - 3)] if len(word) > 4 else word


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


_PLAIN_STOP_WORDS: Final = frozenset(plain(word) for word in STOP_WORDS)
