"""The thread that releases sound and picture of one room by the clock.

The sound never waits. A picture is shown :data:`PICTURE_DELAY` after the sound that it belongs to;
one that is drawn late is shown late, until the next one is due, and counted as dropped after that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from avatar_worker.player.drawing import Drawing
from avatar_worker.player.pictures import Picture
from avatar_worker.player.quality import Quality
from avatar_worker.player.segment import SAMPLE_RATE, Audio
from avatar_worker.player.telling import Telling
from avatar_worker.player.timeline import Timeline

logger = logging.getLogger("visavis.player")

TICK: Final = 0.020
"""Seconds of sound released at once: what a packet of Opus holds (RFC 7587 §3.3). In two halves it
would leave no sooner, and wake each thread on its way twice."""
TICK_SAMPLES: Final = SAMPLE_RATE // 50
PICTURE_DELAY: Final = 0.010
"""Seconds that a picture is shown after the first sample of its sound was released. With it, a
browser that takes both from its jitter buffers at the same time shows the picture with its sound
(measured: ``python -m bench sync``); Opus looks 6.5 ms ahead (RFC 6716 §2.2)."""
REST: Final = 0.2
"""Seconds that the pump sleeps at a time where nobody hears and sees anything, and nothing is
said."""
LATE: Final = 0.050
"""Seconds behind its deadline at which the pump gives up catching up and counts an underrun."""
AGAIN: Final = 0.005
"""Seconds until the next look at a picture that is due and not drawn yet."""
TARDY: Final = 0.010
"""Seconds after its time at which a picture is late."""
FORGIVEN: Final = 0.1
"""Seconds after speech began or was cut in which a late picture is nobody's fault: it was drawn
anew."""


class Output(Protocol):
    """Where sound and picture go. Both are called on the pump's thread."""

    def play(self, audio: Audio) -> None:
        """(960,) at 48 kHz."""

    def show(self, picture: Picture) -> None:
        """Must be done with ``picture`` when it returns."""


@dataclass
class Counters:
    """What went wrong, since the start."""

    pictures: int = 0
    dropped_pictures: int = 0
    """Pictures that were not drawn before the next one was due."""
    underruns: int = 0
    """Times that the pump fell behind by more than :data:`LATE`."""


class Pump:
    """Takes from the timeline, :data:`TICK` at a time, and hands on what is due."""

    def __init__(
        self,
        *,
        timeline: Timeline,
        changed: threading.Condition,
        drawing: Drawing,
        telling: Telling,
        output: Output,
        quality: Quality,
        clock: Callable[[], float],
    ) -> None:
        """``changed`` guards ``timeline``, and is notified when there is something to draw."""
        self.counters = Counters()
        self._timeline = timeline
        self._changed = changed
        self._drawing = drawing
        self._telling = telling
        self._output = output
        self._quality = quality
        self._clock = clock
        self._released = 0
        """Samples since the start."""
        self._heard = True
        self._stirred = threading.Event()
        """It has rested enough."""
        self._due: deque[tuple[float, int]] = deque()
        """(time, slot) of pictures to show."""
        self._forgiven_until = 0.0
        self._ticked = clock()
        self._failed = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="visavis-pump", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Soon; see :meth:`join`."""
        self._stopping = True
        self.stir()

    def join(self) -> None:
        """Blocks until it has stopped."""
        if self._thread.is_alive():
            self._thread.join()

    @property
    def stalled_for(self) -> float:
        """Seconds since sound was last released."""
        return self._clock() - self._ticked

    def hear(self, wanted: bool) -> None:
        """Release sound; False: its clock alone goes on. With ``changed`` held."""
        self._heard = wanted
        self.stir()

    def begin_pictures(self) -> None:
        """Those that were due are void; the first new ones may be late. With ``changed`` held."""
        self._due.clear()
        self._forgiven_until = self._clock() + FORGIVEN

    def stir(self) -> None:
        """Look whether there is something to do."""
        self._stirred.set()

    def _run(self) -> None:
        deadline = self._clock()
        while not self._stopping:
            if self._rest():
                deadline = self._clock()
                continue
            sound = self._take(deadline)
            if self._heard:
                self._play(sound)
            self._ticked = self._clock()
            deadline += TICK
            if self._ticked - deadline > LATE:
                self.counters.underruns += 1
                deadline = self._ticked
            self._show_until(deadline)

    def _rest(self) -> bool:
        """Sleep where there is nothing to hear and to see, until there may be."""
        with self._changed:
            if not self._may_rest():
                return False
            self._stirred.clear()
            if self._stopping:
                return True
        if not self._stirred.wait(REST):
            with self._changed:
                if self._may_rest():
                    self._take(self._clock(), round(REST * SAMPLE_RATE))
        self._ticked = self._clock()
        return True

    def _may_rest(self) -> bool:
        silent = not self._timeline.has_speech and not self._drawing.speaks
        return silent and not self._heard and not self._drawing.acts

    def _take(self, now: float, samples: int = TICK_SAMPLES) -> Audio:
        with self._changed:
            epoch = self._timeline.epoch
            taken = self._timeline.take(samples)
            for at, slot in taken.begun:
                if self._drawing.draws and self._quality.level.draws(slot.serial):
                    shown = now + at / SAMPLE_RATE + PICTURE_DELAY
                    self._due.append((shown, slot.serial))
            if epoch != self._timeline.epoch:
                self._forgiven_until = now + FORGIVEN
            paused = self._timeline.playhead.paused
            is_speaking = self._telling.take(self._released, taken, paused=paused)
            self._drawing.speaks = is_speaking or self._timeline.has_speech
            self._released += samples
            if self._drawing.is_due:
                self._changed.notify_all()
            return taken.audio

    def _play(self, audio: Audio) -> None:
        try:
            self._output.play(audio)
        except Exception:
            self._complain("sound could not be released")

    def _show_until(self, deadline: float) -> None:
        while True:
            now = self._clock()
            self._show_newest(now)
            if now >= deadline:
                return
            with self._changed:
                times = [at if at > now else now + AGAIN for at, _ in self._due]
            time.sleep(min([deadline, *times]) - now)

    def _show_newest(self, now: float) -> None:
        """Show the picture that is due now; those before it have missed their time."""
        with self._changed:
            due = [(at, serial) for at, serial in self._due if at <= now]
            if not due:
                return
            for _ in due[:-1]:
                self._due.popleft()
                self.counters.dropped_pictures += 1
                self._record(now, missed=True)
            at, serial = due[-1]
            if not self._drawing.pictures.knows(serial):
                return
            self._due.popleft()
            picture = self._drawing.pictures.take(serial)
            self._record(now, missed=now - at > TARDY)
            if picture is None:
                return
        try:
            self._output.show(picture)
            self.counters.pictures += 1
        except Exception:
            self._complain("a picture could not be released")
        with self._changed:
            self._drawing.pictures.give_back(picture)

    def _record(self, now: float, *, missed: bool) -> None:
        self._quality.record(self._drawing.seconds, missed and now > self._forgiven_until)

    def _complain(self, text: str) -> None:
        if not self._failed and not self._stopping:
            logger.exception(text)
        self._failed = True
