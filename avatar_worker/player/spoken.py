"""Frames with the very sound that was released while they were shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from avatar_worker.face import HeadPose
from avatar_worker.player.frame import Acted, Frame
from avatar_worker.player.segment import FPS, Audio
from avatar_worker.player.timeline import Finished, Slot, Taken
from visavis.protocol import ARKIT_NAMES

TAIL: Final = FPS // 2
"""Slots after the last sound in which the mouth may be seen to shut."""
SHUT: Final = 0.02
"""Weight of ``jawOpen`` below which it is."""
LATE: Final = 3
"""Slots that a frame waits for a face that is late; then it has the one before."""

_JAW: Final = ARKIT_NAMES.index("jawOpen")


@dataclass(frozen=True, eq=False)
class Spoken:
    """A slot that is over."""

    frame: Frame
    sound: Audio
    """(n,) at 48 kHz: what was released in it, fades included."""
    end: Finished | None = None
    """A segment is over, all of whose sound was given; this one has no sound."""


@dataclass(eq=False)
class _Open:
    slot: Slot
    time: int
    paused: bool
    face: Acted | None = None
    pieces: list[Audio] = field(default_factory=list)
    ends: list[Finished] = field(default_factory=list)

    @property
    def sound(self) -> Audio:
        return np.concatenate(self.pieces) if self.pieces else np.zeros(0, np.int16)


class Pairing:
    """Ties what was released to the slots that it was released in. Not thread-safe.

    A slot's sound is whole when the next slot begins. Of silence nothing is given, but for the
    moment in which the mouth shuts.
    """

    def __init__(self) -> None:
        self._open: deque[_Open] = deque()
        """Slots that were not given; all but the last are over."""
        self._face = Acted(np.zeros(len(ARKIT_NAMES), np.float32), HeadPose())
        self._tail = 0
        """Slots that may still be given although nothing sounds."""

    @property
    def is_speaking(self) -> bool:
        """There are slots to give, or there may be."""
        return self._tail > 0

    def take(self, released: int, taken: Taken, *, paused: bool) -> None:
        """What the timeline gave after ``released`` samples."""
        ends = [*(at for at, _ in taken.begun), len(taken.audio)]
        self._sound(taken.audio[: ends[0]])
        for (at, slot), end in zip(taken.begun, ends[1:], strict=True):
            self._open.append(_Open(slot, released + at, paused))
            if slot.segment is not None:
                self._tail = TAIL
            self._sound(taken.audio[at:end])

    def end(self, event: Finished) -> None:
        """A segment is over; told after its last slot."""
        its = [each for each in self._open if each.slot.segment == event.segment]
        if after := its or self._open:
            after[-1].ends.append(event)

    def show(self, serial: int, face: Acted) -> None:
        """What the face shows in a slot that has begun."""
        for each in self._open:
            if each.slot.serial == serial:
                each.face = face

    def give(self) -> Iterator[Spoken]:
        """What is whole by now, each slot once and in order."""
        while len(self._open) > 1:
            is_late = len(self._open) > LATE + 1
            if self.is_speaking and self._open[0].face is None and not is_late:
                return
            over = self._open.popleft()
            if over.face is not None:
                self._face = over.face
            slot = over.slot
            frame = Frame(over.time, slot.segment, slot.position, over.paused, self._face)
            if self._is_wanted(over):
                yield Spoken(frame, over.sound)
            for end in over.ends:
                yield Spoken(frame, np.zeros(0, np.int16), end)

    def _sound(self, piece: Audio) -> None:
        if self._open and len(piece):
            self._open[-1].pieces.append(piece)

    def _is_wanted(self, over: _Open) -> bool:
        if over.slot.segment is not None or any(piece.any() for piece in over.pieces):
            self._tail = TAIL
            return True
        self._tail = max(0, self._tail - 1)
        if self._tail and self._face.weights[_JAW] < SHUT:
            self._tail = 0
            return True
        return self._tail > 0
