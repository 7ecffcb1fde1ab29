"""The thread that moves the face, and draws it, before its time."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from avatar_worker.face import Face, HeadPose, Mood
from avatar_worker.player.acting import Acting, Wish
from avatar_worker.player.faces import Faces
from avatar_worker.player.frame import Acted
from avatar_worker.player.pictures import Picture, Pictures
from avatar_worker.player.priority import lower_this_thread
from avatar_worker.player.quality import Quality
from avatar_worker.player.rest import Rest
from avatar_worker.player.segment import Weights
from avatar_worker.player.timeline import Slot, Timeline
from avatar_worker.render import Renderer

logger = logging.getLogger("visavis.player")

AHEAD: Final = 2
"""Pictures that are drawn before their time."""
RENEWED: Final = 3
"""Slots after which a picture is shown again although nothing has moved: ten a second. Whoever has
just come or lost packets sees it then, and no browser takes it for frozen: a gap is a freeze from
150 ms on over the usual one (W3C webrtc-stats, ``freezeCount``)."""
SLOW: Final = 0.1
"""Seconds that drawing a picture may take: then there are ten a second, the fewest."""
_SLOW_PICTURES: Final = 20
"""One after another, until the log says so: the first ones are slow anywhere."""
_HUNG: Final = 2.0
"""Seconds that a picture in work may take until the thread is left behind."""
_STUMBLE: Final = 1 / 30
"""Seconds until the next try after an error of our own, which may come again."""
_WISHES: Final = 16
"""Wishes between two pictures; of more, the last ones count."""


@dataclass(frozen=True)
class Outfit:
    """Renderers of one look."""

    renderer: Renderer
    """Of the full size."""
    scaled: Callable[[float], Renderer] | None = None
    """Makes the renderer of a smaller size, as a share of the full one's; None: there is none."""

    def at(self, scale: float) -> Renderer:
        return self.renderer if scale == 1 or self.scaled is None else self.scaled(scale)


def draw_into(renderer: Any, weights: Weights, pose: HeadPose, picture: Picture) -> None:
    """``renderer.draw``, which may be a plug-in's. Raises what it raises."""
    if renderer.draw(weights, pose, picture) is not None:
        raise TypeError("draw must write into the buffer that it is given, and return nothing")


class Drawing:
    """Draws the slots that the timeline previews; draws anew what speech has made void.

    The face moves on where it is drawn or its weights are watched, and where somebody listens,
    while it speaks; else the thread sleeps.
    """

    def __init__(
        self,
        *,
        face: Face,
        outfit: Outfit | None,
        engine: str,
        timeline: Timeline,
        changed: threading.Condition,
        quality: Quality,
        clock: Callable[[], float],
    ) -> None:
        """
        Args:
            engine: The renderer's name, for the log.
            changed: Guards ``timeline``, and is notified when :attr:`is_due`.
        """
        self.mood: Mood = "idle"
        self.seconds = 0.0
        """What the last picture took."""
        self._acting = Acting(face)
        self._rest = Rest()
        self._outfit = self._worn = outfit
        self._renderer = None if outfit is None else outfit.renderer
        self._scale = 1.0
        self._draws = outfit is not None
        self.speaks = False
        """There is speech, or was a moment ago. With ``changed`` held."""
        self._engine = engine
        self._slow = 0
        self._told_slow = False
        self._timeline = timeline
        self._changed = changed
        self._quality = quality
        self._clock = clock
        self._epoch = timeline.epoch
        self._wishes: deque[Wish] = deque(maxlen=_WISHES)
        self.pictures = Pictures()
        self.faces = Faces()
        """Both with ``changed`` held."""
        self._renewed = -RENEWED
        """Serial of the last slot with a picture of its own."""
        self._stopping = False
        self._failed = self._told_failure = self._stumbled = False
        self._thread = threading.Thread(target=self._run, name="visavis-draw", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks until the picture in work is done, or :data:`_HUNG` has passed."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(_HUNG)
            if self._thread.is_alive():
                logger.warning("the renderer %r hangs in the middle of a picture", self._engine)

    def dress(self, outfit: Outfit) -> None:
        """Draw with others from the next picture on. With ``changed`` held."""
        self._outfit = outfit
        self._failed = self._told_failure = False
        self._slow = 0

    def ask(self, wish: Wish) -> None:
        """Ask something of the face, in slots not yet drawn. With ``changed`` held."""
        self._wishes.append(wish)

    @property
    def draws(self) -> bool:
        """Pictures are made. With ``changed`` held."""
        return self._draws

    @property
    def acts(self) -> bool:
        """The face moves on. With ``changed`` held."""
        faces = self.faces
        return self._draws or faces.watched or (faces.listened and self.speaks)

    @property
    def is_due(self) -> bool:
        """The thread has something to do, if it sleeps. With ``changed`` held."""
        return self.acts and (self._epoch != self._timeline.epoch or self._coming() is not None)

    def draw(self, wanted: bool) -> None:
        """Make pictures, or none while nobody looks at them. With ``changed`` held."""
        self._draws = wanted and self._outfit is not None
        if not self._draws:
            self.pictures.drop()

    def _run(self) -> None:
        lower_this_thread()
        while not self._stopping:
            try:
                self._draw_next()
            except Exception:
                if not self._stumbled:
                    logger.exception("a picture was lost; the face goes on with the next")
                self._stumbled = True
                time.sleep(_STUMBLE)

    def _draw_next(self) -> None:
        """Wait for the next slot, move the face there, and draw it where that is wanted."""
        with self._changed:
            while not self._stopping and (slot := self._next_slot()) is None:
                self._changed.wait()
            if self._stopping or slot is None:
                return
            epoch, level, draws = self._epoch, self._quality.level, self._draws
        speech = slot.weights
        mood: Mood = "speaking" if speech is not None else self.mood
        weights, pose = self._acting.step(slot.serial, speech, mood)
        with self._changed:
            # Unless speech has made it void meanwhile.
            if epoch == self._timeline.epoch or slot.serial <= self._timeline.serial:
                self.faces.keep(slot.serial, Acted(weights, pose))
        if not draws or not level.draws(slot.serial):
            return
        weights, pose = self._rest.settle(weights, pose, speech is not None)
        if self._may_skip(slot.serial, level.scale):
            with self._changed:
                if epoch == self._timeline.epoch and self._draws:
                    self.pictures.keep(slot.serial, None)
            return
        self._renewed = slot.serial
        started = self._clock()
        picture = self._draw(weights, pose, level.scale)
        with self._changed:
            self.seconds = self._clock() - started
            self._notice_slowness()
            if epoch == self._timeline.epoch and self._draws:
                # One that failed is not late: quality would fall, the worker take no more rooms.
                self.pictures.keep(slot.serial, picture)
            elif picture is not None:
                self.pictures.give_back(picture)

    def _may_skip(self, serial: int, scale: float) -> bool:
        """The picture would be the one before it, which is young enough."""
        as_before = self._outfit is self._worn and scale == self._scale and not self._failed
        return self._rest.is_held and as_before and serial - self._renewed < RENEWED

    def _next_slot(self) -> Slot | None:
        """The next slot to draw, the mouth as it will be unless something happens before."""
        if self._epoch != self._timeline.epoch:
            self._epoch = self._timeline.epoch
            begun = self._timeline.serial
            self._acting.take_back(begun)
            self._rest = Rest()
            self.pictures.drop(after=begun)
            self.faces.drop(after=begun)
        while self._wishes:
            self._acting.ask(self._wishes.popleft())
        return self._coming() if self.acts else None

    def _coming(self) -> Slot | None:
        done = self._acting.done
        return next((s for s in self._timeline.preview(AHEAD) if s.serial > done), None)

    def _draw(self, weights: Weights, pose: HeadPose, scale: float) -> Picture | None:
        try:
            if (renderer := self._sized(scale)) is None:
                return None
            with self._changed:
                picture = self.pictures.blank((renderer.height * 3 // 2, renderer.width))
            draw_into(renderer, weights, pose, picture)
        except Exception:
            if not self._told_failure:
                logger.exception("the renderer %r failed; the voice goes on", self._engine)
            self._failed = self._told_failure = True
            return None
        self._failed = False
        return picture

    def _notice_slowness(self) -> None:
        self._slow = self._slow + 1 if self.seconds > SLOW else 0
        if self._slow == _SLOW_PICTURES and not self._told_slow:
            self._told_slow = True
            logger.warning(
                "the renderer %r takes %.2f s a picture, so there are few; the voice goes on",
                self._engine,
                self.seconds,
            )

    def _sized(self, scale: float) -> Renderer | None:
        outfit = self._outfit
        if outfit is not None and (outfit is not self._worn or scale != self._scale):
            self._renderer = outfit.at(scale)
            self._worn, self._scale = outfit, scale
        return self._renderer
