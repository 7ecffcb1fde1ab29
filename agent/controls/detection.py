"""Which language the person speaks, by what they said: followed once they have kept to it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Final

from agent.languages import LANGUAGES

ENOUGH: Final = 12
"""Letters below which a sentence tells nothing: "OK" and names belong to every language."""
SURE: Final = 0.9
"""Probability that counts."""
TURNS: Final = 2
"""In which another language must be heard, one after the other."""


class LanguageWatch:
    """Follows a conversation, turn by turn."""

    def __init__(self, allowed: Collection[str] = tuple(LANGUAGES)) -> None:
        self._allowed = tuple(allowed)
        self._other: str | None = None
        self._turns = 0

    def hear(self, text: str, current: str) -> str | None:
        """The language to change to after this turn, if any. Blocking for some milliseconds."""
        heard = detect(text, self._allowed)
        if heard is None:
            return None
        if heard == current:
            self._other, self._turns = None, 0
            return None
        self._turns = self._turns + 1 if heard == self._other else 1
        self._other = heard
        if self._turns < TURNS:
            return None
        self._other, self._turns = None, 0
        return heard


def detect(text: str, allowed: Collection[str] = tuple(LANGUAGES)) -> str | None:
    """The language's code; None where the text is too short, or could be several.

    By langid (Lui and Baldwin 2012, "langid.py: An off-the-shelf language identification tool").
    """
    letters = sum(char.isalpha() for char in text)
    if letters < (ENOUGH if text.isascii() else ENOUGH // 2):
        return None
    code, probability = _identifier(tuple(sorted(allowed))).classify(text)
    return str(code) if float(probability) >= SURE else None


@cache
def _identifier(allowed: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # half a second

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(allowed))
    return identifier
