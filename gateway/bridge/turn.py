"""One answer of the agent: its sound in frames of one length, and its words where they sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from .messages import RATE

LETTERS_PER_SECOND: Final = 15.0
"""How long a word sounds: it comes when its middle is heard."""
FRAME_BYTES: Final = 2 * RATE // 30
"""Of the sound of 1/30 s."""


@dataclass(frozen=True)
class Frame:
    index: int
    sound: bytes
    """:data:`FRAME_BYTES` of it."""
    weights: tuple[float, ...]
    """Of the moment in which it begins."""


@dataclass(eq=False)
class Turn:
    id: str
    heard_at: float
    """When its last sound or word came."""
    segments: set[int] = field(default_factory=set)
    is_speaking: bool = False
    """In the middle of a segment."""
    captions: dict[str, bool] = field(default_factory=dict)
    """Segments of captions, and whether more words may come in them."""
    words: list[str] = field(default_factory=list)
    is_cut: bool = False
    """Interrupted: its sound is over."""
    _samples: int = 0
    _frames: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    """Sound that is not enough for a frame yet."""
    _weights: tuple[float, ...] = ()
    """Of the moment in which it begins."""
    _told_until: int = 0
    """Milliseconds: where the last word ended."""

    @property
    def has_open_captions(self) -> bool:
        return any(self.captions.values())

    @property
    def position(self) -> int:
        """Milliseconds of its sound."""
        return self._samples * 1000 // RATE

    def pass_by(self, sound: bytes) -> None:
        """It was heard, and goes out in no frame."""
        self._samples += len(sound) // 2

    def hear(self, sound: bytes, weights: tuple[float, ...]) -> Iterator[Frame]:
        """The frames that are whole now: all are of one length, though speech may begin or go on in
        the middle of one."""
        self.pass_by(sound)
        if not self._rest:
            self._weights = weights
        self._rest += sound
        while len(self._rest) >= FRAME_BYTES:
            yield self._frame(bytes(self._rest[:FRAME_BYTES]))
            del self._rest[:FRAME_BYTES]
            self._weights = weights

    def rest(self) -> Frame | None:
        """What is left, filled up with silence."""
        if not self._rest:
            return None
        frame = self._frame(bytes(self._rest).ljust(FRAME_BYTES, b"\0"))
        self._rest.clear()
        return frame

    def place(self, word: str) -> tuple[int, int]:
        """Milliseconds where a word that has just come begins and ends."""
        self.words.append(word)
        half = round(500 * len(word.strip()) / LETTERS_PER_SECOND)
        start = max(self._told_until, self.position - half)
        self._told_until = max(start, self.position + half)
        return start, self._told_until

    def _frame(self, sound: bytes) -> Frame:
        frame = Frame(self._frames, sound, self._weights)
        self._frames += 1
        return frame
