"""Where in a text a feeling begins, found again when the words are heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from visavis.emotion import EmotionName

KEPT: Final = 8
"""Texts remembered: what a model writes and throws away again (preemptive generation) is soon
forgotten."""


@dataclass(frozen=True)
class Feeling:
    """An emotion of the face and its strength, 0..1."""

    name: EmotionName
    intensity: float


@dataclass
class Text:
    """Something being said: its letters, and where in them which feeling begins.

    Letters and digits alone are counted: white space and punctuation are not the same in what the
    model wrote, in what the voice was given and in the captions.
    """

    letters: str = ""
    marks: list[tuple[int, Feeling]] = field(default_factory=list)
    """(letters before it, feeling), in order."""
    is_told: bool = False
    """The model itself said what it feels; what is read from the words counts for less."""

    def write(self, text: str) -> None:
        self.letters += only_letters(text)

    def mark(self, feeling: Feeling, position: int | None = None) -> None:
        """``position``: letters before it; None: it begins with what is written next."""
        self.marks.append((len(self.letters) if position is None else position, feeling))

    def at(self, position: int) -> Feeling | None:
        """What is felt once ``position`` letters were said."""
        felt = None
        for begin, feeling in self.marks:
            if begin > position:
                break
            felt = feeling
        return felt


class Feelings:
    """The texts on their way to the voice."""

    def __init__(self) -> None:
        self._texts: deque[Text] = deque(maxlen=KEPT)

    def begin(self, *, is_told: bool = False) -> Text:
        """A new text, to be written and marked as it comes."""
        self._texts.append(text := Text(is_told=is_told))
        return text

    def find(self, letters: str) -> Text | None:
        """The newest text with marks that begins with ``letters``; one that was told before one
        that was read."""
        found = [
            text
            for text in reversed(self._texts)
            if text.marks and _same_beginning(text.letters, letters)
        ]
        return next((text for text in found if text.is_told), found[0] if found else None)


def only_letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _same_beginning(a: str, b: str) -> bool:
    size = min(len(a), len(b))
    return a[:size] == b[:size]
