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

_NOTHING: Final[tuple[str | None, int]] = None, 0
"""The other language, and in how many turns."""


class LanguageWatch:
    """Follows a conversation, turn by turn."""

    def __init__(self, allowed: Collection[str] = tuple(LANGUAGES)) -> None:
        self._allowed = tuple(allowed)
        self._turn = 0
        self._before = self._now = _NOTHING
        """What was heard up to the turn before, and with this one."""

    def hear(self, text: str, current: str, turn: int) -> str | None:
        """The language to change to, if any. Blocking for some milliseconds.

        Args:
            text: All that was said in this turn so far.
            turn: Its number; the same as long as it goes on, so that it counts once.
        """
        if turn != self._turn:
            self._turn, self._before = turn, self._now
        heard = detect(text, self._allowed)
        if heard is None:
            self._now = self._before
        elif heard == current:
            self._now = _NOTHING
        else:
            other, turns = self._before
            self._now = heard, turns + 1 if heard == other else 1
        if self._now[1] < TURNS:
            return None
        self._before = self._now = _NOTHING
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
