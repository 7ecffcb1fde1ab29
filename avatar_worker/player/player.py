"""The playback clock of one room: a thread that releases sound and picture, one that draws ahead.

The sound is never late for the picture: when a slot begins, its picture is shown if it is drawn,
and counted as dropped if it is not.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face import Face, HeadPose, Mood
from avatar_worker.player.timeline import (
    SAMPLE_RATE,
    Audio,
    Event,
    Slot,
    Timeline,
    Weights,
)
from avatar_worker.render import Renderer

logger = logging.getLogger("visavis.player")

TICK: Final = 0.010
"""Seconds of audio released at once; direct capture takes 10 ms frames."""
TICK_SAMPLES: Final = SAMPLE_RATE // 100
LATE: Final = 0.050
"""Seconds behind its deadline at which the pump gives up catching up and counts an underrun."""

Picture = NDArray[np.uint8]
"""I420, (height * 3 // 2, width)."""


class Output(Protocol):
    """Where sound and picture go. Both are called on the pump's thread."""

    async def play(self, audio: Audio) -> None:
        """(480,) at 48 kHz."""

    def show(self, picture: Picture) -> None:
        """Must be done with ``picture`` when it returns."""


@dataclass
class Counters:
    """What went wrong, since the start."""

    pictures: int = 0
    dropped_pictures: int = 0
    """Slots that began before their picture was drawn."""
    underruns: int = 0
    """Times that the pump fell behind by more than :data:`LATE`."""


class Player:
    """Plays segments through a face.

    All methods may be called from any thread. ``on_event`` is called on the pump's thread.
    """

    def __init__(
        self,
        *,
        face: Face,
        renderer: Renderer,
        output: Output,
        on_event: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counters = Counters()
        self.mood: Mood = "idle"
        self._face = face
        self._renderer = renderer
        self._output = output
        self._on_event = on_event
        self._clock = clock
        self._timeline = Timeline()
        self._changed = threading.Condition()
        self._drawn: dict[int, Picture] = {}
        shape = (renderer.height * 3 // 2, renderer.width)
        self._blank = [np.empty(shape, np.uint8) for _ in range(4)]
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run_pump, name="visavis-pump", daemon=True),
            threading.Thread(target=self._draw_ahead, name="visavis-draw", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop both threads and wait for them. Blocks for some tens of milliseconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def open(self) -> int:
        with self._changed:
            return self._timeline.open()

    def push(self, segment: int, audio: Audio, frames: Weights) -> None:
        """(n,) at 48 kHz and (t, 52) at 30 fps."""
        with self._changed:
            self._timeline.push(segment, audio, frames)

    def close(self, segment: int) -> None:
        with self._changed:
            self._timeline.close(segment)

    def clear(self) -> tuple[Event, ...]:
        """Fall silent; answers the ends of what was pending."""
        with self._changed:
            return self._timeline.clear()

    def open_gate(self) -> None:
        """Somebody listens: speech may start."""
        with self._changed:
            self._timeline.gate_open = True

    def _run_pump(self) -> None:
        asyncio.run(self._pump())

    async def _pump(self) -> None:
        deadline = self._clock()
        while not self._stopping:
            with self._changed:
                taken = self._timeline.take(TICK_SAMPLES)
                pictures = [self._drawn.pop(slot.serial, None) for slot in taken.begun]
                self._changed.notify_all()
            await self._output.play(taken.audio)
            for picture in pictures:
                self._show(picture)
            for event in taken.events:
                self._on_event(event)
            deadline += TICK
            late = self._clock() - deadline
            if late > LATE:
                self.counters.underruns += 1
                deadline = self._clock()
            await asyncio.sleep(max(0.0, -late))

    def _show(self, picture: Picture | None) -> None:
        if picture is None:
            self.counters.dropped_pictures += 1
            return
        self._output.show(picture)
        self.counters.pictures += 1
        with self._changed:
            self._blank.append(picture)

    def _draw_ahead(self) -> None:
        done = -1
        while True:
            with self._changed:
                while not self._stopping and (slot := self._next_undrawn(done)) is None:
                    self._changed.wait()
                if self._stopping or slot is None:
                    return
                picture = self._blank_picture()
            done = slot.serial
            speech, mood = slot.weights, self.mood
            weights, pose = self._face.step(speech, "speaking" if speech is not None else mood)
            drawn = self._draw(weights, pose, picture)
            with self._changed:
                if drawn:
                    self._drawn[slot.serial] = picture
                else:
                    self._blank.append(picture)

    def _draw(self, weights: Weights, pose: HeadPose, picture: Picture) -> bool:
        try:
            self._renderer.draw(weights, pose, picture)
        except Exception:
            logger.exception("the face could not be drawn; the voice goes on")
            return False
        return True

    def _next_undrawn(self, done: int) -> Slot | None:
        return next((slot for slot in self._timeline.upcoming if slot.serial > done), None)

    def _blank_picture(self) -> Picture:
        """A buffer to draw into; pictures of slots that are gone give theirs back."""
        upcoming = {slot.serial for slot in self._timeline.upcoming}
        for serial in [serial for serial in self._drawn if serial not in upcoming]:
            self._blank.append(self._drawn.pop(serial))
        return self._blank.pop()
