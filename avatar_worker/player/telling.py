"""Who is told what is heard and seen, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from avatar_worker.player.faces import Faces
from avatar_worker.player.frame import Frame
from avatar_worker.player.spoken import Pairing, Spoken
from avatar_worker.player.timeline import Event, Finished, Slot, Taken

UNSENT: Final = 4
"""Slots that have begun and whose face may be late; that of earlier ones is not told."""


class Telling:
    """Of one player. Not thread-safe: its player's ``changed`` is held throughout.

    Args:
        on_event, on_frame, on_spoken: See :class:`.player.Player`.
    """

    def __init__(
        self,
        faces: Faces,
        on_event: Callable[[Event], None],
        on_frame: Callable[[Frame], None],
        on_spoken: Callable[[Spoken], None],
    ) -> None:
        self._faces = faces
        self._on_event = on_event
        self._on_frame = on_frame
        self._on_spoken = on_spoken
        self._unsent: deque[tuple[int, Slot]] = deque(maxlen=UNSENT)
        """(samples released before, slot) of slots whose face was not told."""
        self._pairing: Pairing | None = None

    def watch(self, wanted: bool) -> bool:
        """Tell ``on_frame``; answers whether that is new."""
        if wanted == self._faces.watched:
            return False
        self._unsent.clear()
        self._faces.watch(wanted)
        return True

    def listen(self, wanted: bool) -> None:
        """Tell ``on_spoken``."""
        if wanted != (self._pairing is not None):
            self._unsent.clear()
            self._pairing = Pairing() if wanted else None
            self._faces.listen(wanted)

    def event(self, event: Event) -> None:
        """It has happened."""
        self._on_event(event)
        if self._pairing is not None and isinstance(event, Finished):
            self._pairing.end(event)

    def take(self, released: int, taken: Taken, *, paused: bool) -> bool:
        """What the timeline gave after ``released`` samples; answers whether somebody listens to
        speech that goes on."""
        if self._faces.watched or self._pairing is not None:
            self._unsent.extend((released + at, slot) for at, slot in taken.begun)
        if self._pairing is not None:
            self._pairing.take(released, taken, paused=paused)
        for event in taken.events:
            self.event(event)
        self._tell_frames(paused)
        if self._pairing is None:
            return False
        for spoken in self._pairing.give():
            self._on_spoken(spoken)
        return self._pairing.is_speaking

    def _tell_frames(self, paused: bool) -> None:
        """Those of slots that have begun, as far as the face has got."""
        while self._unsent:
            time, slot = self._unsent[0]
            if not self._faces.knows(slot.serial):
                return
            self._unsent.popleft()
            if (face := self._faces.take(slot.serial)) is None:
                continue
            if self._faces.watched:
                self._on_frame(Frame(time, slot.segment, slot.position, paused, face))
            if self._pairing is not None:
                self._pairing.show(slot.serial, face)
