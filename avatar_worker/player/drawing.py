"""The thread that draws pictures before their time."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face import Face, HeadPose, Mood
from avatar_worker.player.acting import Acting, Wish
from avatar_worker.player.priority import lower_this_thread
from avatar_worker.player.quality import Quality
from avatar_worker.player.segment import Weights
from avatar_worker.player.timeline import Slot, Timeline
from avatar_worker.render import Renderer

logger = logging.getLogger("visavis.player")

AHEAD: Final = 2
"""Pictures that are drawn before their time."""
_WISHES: Final = 16
"""Wishes between two pictures; of more, the last ones count."""

Picture = NDArray[np.uint8]
"""I420, (height * 3 // 2, width)."""


class Drawing:
    """Draws the slots that the timeline previews; draws anew what speech has made void."""

    def __init__(
        self,
        *,
        face: Face,
        renderer: Renderer,
        scaled: Callable[[float], Renderer] | None,
        timeline: Timeline,
        changed: threading.Condition,
        quality: Quality,
        clock: Callable[[], float],
    ) -> None:
        """``changed`` guards ``timeline`` and is notified whenever it has moved on."""
        self.mood: Mood = "idle"
        self.seconds = 0.0
        """What the last picture took."""
        self._acting = Acting(face)
        self._renderer = self._full_size = renderer
        self._scaled = scaled
        self._scale = 1.0
        self._timeline = timeline
        self._changed = changed
        self._quality = quality
        self._clock = clock
        self._epoch = timeline.epoch
        self._wishes: deque[Wish] = deque(maxlen=_WISHES)
        self._drawn: dict[int, Picture] = {}
        self._blank: list[Picture] = []
        self._stopping = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="visavis-draw", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks until the picture in work is done."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def ask(self, wish: Wish) -> None:
        """Ask something of the face, in slots not yet drawn. With ``changed`` held."""
        self._wishes.append(wish)

    def take(self, serial: int) -> Picture | None:
        """The picture of a slot, if it is drawn; pictures of earlier slots are void.

        With ``changed`` held.
        """
        for earlier in [drawn for drawn in self._drawn if drawn < serial]:
            self._blank.append(self._drawn.pop(earlier))
        return self._drawn.pop(serial, None)

    def give_back(self, picture: Picture) -> None:
        """It was shown; its memory may be drawn upon. With ``changed`` held."""
        self._blank.append(picture)

    def _run(self) -> None:
        lower_this_thread()
        while True:
            with self._changed:
                while not self._stopping and (slot := self._next_slot()) is None:
                    self._changed.wait()
                if self._stopping or slot is None:
                    return
                epoch, level = self._epoch, self._quality.level
            speech = slot.weights
            mood: Mood = "speaking" if speech is not None else self.mood
            weights, pose = self._acting.step(slot.serial, speech, mood)
            if not level.draws(slot.serial):
                continue
            started = self._clock()
            picture = self._draw(weights, pose, level.scale)
            with self._changed:
                self.seconds = self._clock() - started
                if picture is not None and epoch == self._timeline.epoch:
                    self._drawn[slot.serial] = picture
                elif picture is not None:
                    self._blank.append(picture)

    def _next_slot(self) -> Slot | None:
        """The next slot to draw, the mouth as it will be unless something happens before."""
        if self._epoch != self._timeline.epoch:
            self._epoch = self._timeline.epoch
            begun = self._timeline.serial
            self._acting.take_back(begun)
            for serial in [serial for serial in self._drawn if serial > begun]:
                self._blank.append(self._drawn.pop(serial))
        for wish in self._wishes:
            self._acting.ask(wish)
        self._wishes.clear()
        done = self._acting.done
        return next((s for s in self._timeline.preview(AHEAD) if s.serial > done), None)

    def _draw(self, weights: Weights, pose: HeadPose, scale: float) -> Picture | None:
        try:
            self._resize(scale)
            picture = self._blank_picture()
            self._renderer.draw(weights, pose, picture)
        except Exception:
            if not self._failed:
                logger.exception("the face could not be drawn; the voice goes on")
            self._failed = True
            return None
        return picture

    def _resize(self, scale: float) -> None:
        if scale != self._scale and self._scaled is not None:
            self._renderer = self._full_size if scale == 1 else self._scaled(scale)
            self._scale = scale

    def _blank_picture(self) -> Picture:
        shape = (self._renderer.height * 3 // 2, self._renderer.width)
        with self._changed:
            self._blank = [blank for blank in self._blank if blank.shape == shape]
            return self._blank.pop() if self._blank else np.empty(shape, np.uint8)
