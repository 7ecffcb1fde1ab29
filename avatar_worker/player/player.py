"""The playback clock of one room: the thread that releases sound and picture.

The sound never waits. A picture is shown :data:`PICTURE_DELAY` after the sound that it belongs to;
one that is drawn late is shown late, until the next one is due, and counted as dropped after that.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from avatar_worker.face import Emotion, Face, Gesture, Mood
from avatar_worker.player.acting import Wish
from avatar_worker.player.drawing import Drawing, Outfit, Picture
from avatar_worker.player.frame import Frame
from avatar_worker.player.quality import Quality
from avatar_worker.player.segment import SAMPLE_RATE, Audio, Weights
from avatar_worker.player.spoken import Pairing, Spoken
from avatar_worker.player.timeline import Event, Finished, Playhead, Slot, Timeline
from avatar_worker.render import Renderer

logger = logging.getLogger("visavis.player")

TICK: Final = 0.010
"""Seconds of audio released at once; direct capture takes 10 ms frames."""
TICK_SAMPLES: Final = SAMPLE_RATE // 100
PICTURE_DELAY: Final = 0.030
"""Seconds that a picture is shown after the first sample of its sound was released. Released
together, it is 14 to 43 ms early in Chromium (``python -m bench sync``): its jitter buffers let
sound wait longer than pictures, and less than 30 ms of that it leaves alone."""
REST: Final = 0.2
"""Seconds that the pump sleeps at a time where nobody hears and sees anything, and nothing is
said."""
LATE: Final = 0.050
"""Seconds behind its deadline at which the pump gives up catching up and counts an underrun."""
UNSENT: Final = 4
"""Slots that have begun and whose face may be late; that of earlier ones is not told."""
FORGIVEN: Final = 0.1
"""Seconds after speech began or was cut in which a late picture is nobody's fault: it was drawn
anew."""


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
    """Pictures that were not drawn before the next one was due."""
    underruns: int = 0
    """Times that the pump fell behind by more than :data:`LATE`."""


class Player:
    """Plays segments through a face.

    All methods may be called from any thread. ``on_event`` is called in the order of events, from
    whichever thread caused one, and must neither block nor call back.
    """

    def __init__(
        self,
        *,
        face: Face,
        renderer: Renderer | None,
        output: Output,
        on_event: Callable[[Event], None],
        on_frame: Callable[[Frame], None] = lambda _: None,
        on_spoken: Callable[[Spoken], None] = lambda _: None,
        lead: float = 0.1,
        quality: Quality | None = None,
        scaled: Callable[[float], Renderer] | None = None,
        engine: str = "mesh",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            renderer: None for a voice without a picture.
            on_frame: Told what the face shows, while :meth:`watch` wants it: on the pump's thread,
                when the sound of it is being released or soon after. Must neither block nor call
                back.
            on_spoken: Told what was heard and seen, a slot at a time, while :meth:`listen` wants it
                and somebody speaks: when the slot is over. As ``on_frame``.
            lead: Seconds of sound that must be there before it begins; see :class:`Timeline`.
            quality: How often and how large pictures are drawn.
            scaled: Makes the renderer of a smaller size, as a share of ``renderer``'s.
            engine: Name of what draws, for the log.
        """
        self.counters = Counters()
        self.quality = quality or Quality()
        self._output = output
        self._on_event = on_event
        self._on_frame = on_frame
        self._on_spoken = on_spoken
        self._clock = clock
        self._timeline = Timeline(lead)
        self._changed = threading.Condition()
        self._drawing = Drawing(
            face=face,
            outfit=None if renderer is None else Outfit(renderer, scaled),
            engine=engine,
            timeline=self._timeline,
            changed=self._changed,
            quality=self.quality,
            clock=clock,
        )
        self._released = 0
        """Samples since the start."""
        self._unsent: deque[tuple[int, Slot]] = deque(maxlen=UNSENT)
        """(samples released before, slot) of slots whose face was not told."""
        self._pairing: Pairing | None = None
        self._heard = True
        self._loop: asyncio.AbstractEventLoop | None = None
        """The pump's."""
        self._stirred = asyncio.Event()
        """Set on the pump's loop: it has rested enough."""
        self._due: deque[tuple[float, int]] = deque()
        """(time, slot) of pictures to show."""
        self._forgiven_until = 0.0
        self._ticked = clock()
        self._failed = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run_pump, name="visavis-pump", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._drawing.start()

    def stop(self) -> None:
        """Stop both threads and wait for them. Blocks for some tens of milliseconds."""
        self._stopping = True
        self._drawing.stop()
        if self._thread.is_alive():
            self._thread.join()

    def follow(self, mood: Mood) -> None:
        """How the face looks while nobody speaks through it."""
        self._drawing.mood = mood

    def watch(self, wanted: bool) -> None:
        """Tell ``on_frame`` what the face shows, thirty times a second."""
        with self._changed:
            if wanted != self._drawing.watched:
                self._unsent.clear()
                self._drawing.watch(wanted)
                self._stir()

    def listen(self, wanted: bool) -> None:
        """Tell ``on_spoken`` what is heard and seen while somebody speaks."""
        with self._changed:
            if wanted != (self._pairing is not None):
                self._unsent.clear()
                self._pairing = Pairing() if wanted else None
                self._drawing.listen(wanted)

    def hear(self, wanted: bool) -> None:
        """Release sound to the output; False while nobody listens to it. Its clock goes on."""
        with self._changed:
            self._heard = wanted
            self._stir()

    def draw(self, wanted: bool) -> None:
        """Make pictures, where there is a renderer; False while nobody looks at them."""
        with self._changed:
            if wanted != self._drawing.draws:
                self._due.clear()
                self._forgiven_until = self._clock() + FORGIVEN
                self._drawing.draw(wanted)
                self._stir()

    def dress(self, outfit: Outfit) -> None:
        """Draw with other renderers from the next picture on, where there is one already."""
        with self._changed:
            self._drawing.dress(outfit)

    def expect(self, lead: float) -> None:
        """Another lip-sync speaks from now on: see ``lead`` of the constructor."""
        with self._changed:
            self._timeline.lead = lead

    def feel(self, emotion: Emotion) -> None:
        """Show ``emotion`` from the next picture that is not drawn yet, until another is felt."""
        self._ask(lambda face: face.feel(emotion))

    def gesture(self, gesture: Gesture) -> None:
        """Make ``gesture`` once, from the next picture that is not drawn yet."""
        self._ask(lambda face: face.gesture(gesture))

    @property
    def playhead(self) -> Playhead:
        with self._changed:
            return self._timeline.playhead

    @property
    def moves(self) -> bool:
        """Somebody sees the face, or hears it speak; else it rests."""
        with self._changed:
            return self._drawing.acts

    @property
    def stalled_for(self) -> float:
        """Seconds since the pump last released sound."""
        return self._clock() - self._ticked

    def open(self) -> int:
        with self._changed:
            self._stir()
            return self._timeline.open()

    def push(self, segment: int, audio: Audio, frames: Weights) -> bool:
        """(n,) at 48 kHz and (t, 52) at 30 fps; False where the segment takes no more."""
        with self._changed:
            return self._timeline.push(segment, audio, frames)

    def close(self, segment: int) -> None:
        with self._changed:
            self._timeline.close(segment)

    def ahead(self, segment: int) -> float:
        """Seconds of it that have arrived and were not released."""
        with self._changed:
            return self._timeline.ahead(segment)

    def clear(self) -> None:
        """Fall silent: everything pending ends here."""
        with self._cutting():
            for event in self._timeline.clear():
                self._tell(event)

    def pause(self) -> None:
        """Fall silent until :meth:`resume`; nothing is lost."""
        with self._cutting():
            self._timeline.pause()

    def resume(self) -> None:
        with self._changed:
            self._timeline.resume()

    def close_gate(self) -> None:
        """Speech that has not begun waits."""
        with self._changed:
            self._timeline.gate_open = False

    def open_gate(self) -> None:
        """Somebody listens: speech may start, and the face greets."""
        with self._changed:
            if not self._timeline.gate_open:
                self._timeline.gate_open = True
                self._drawing.ask(Face.greet)

    def _ask(self, wish: Wish) -> None:
        with self._changed:
            self._drawing.ask(wish)
            self._changed.notify_all()

    @contextmanager
    def _cutting(self) -> Iterator[None]:
        with self._changed:
            before = self._timeline.epoch
            yield
            if self._timeline.epoch != before:
                self._drawing.ask(Face.look_back)
                self._changed.notify_all()

    def _run_pump(self) -> None:
        asyncio.run(self._pump())

    def _stir(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stirred.set)

    async def _pump(self) -> None:
        self._loop = asyncio.get_running_loop()
        deadline = self._clock()
        while not self._stopping:
            if await self._rest():
                deadline = self._clock()
                continue
            sound = self._take(deadline)
            if self._heard:
                await self._play(sound)
            self._ticked = self._clock()
            deadline += TICK
            if self._ticked - deadline > LATE:
                self.counters.underruns += 1
                deadline = self._ticked
            await self._show_until(deadline)

    async def _rest(self) -> bool:
        """Sleep where there is nothing to hear and to see, until there may be."""
        with self._changed:
            if not self._may_rest():
                return False
            self._stirred.clear()
        try:
            async with asyncio.timeout(REST):
                await self._stirred.wait()
        except TimeoutError:
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
                if self._drawing.draws and self.quality.level.draws(slot.serial):
                    shown = now + at / SAMPLE_RATE + PICTURE_DELAY
                    self._due.append((shown, slot.serial))
                if self._drawing.watched or self._pairing is not None:
                    self._unsent.append((self._released + at, slot))
            if epoch != self._timeline.epoch:
                self._forgiven_until = now + FORGIVEN
            if self._pairing is not None:
                self._pairing.take(self._released, taken, paused=self._timeline.playhead.paused)
            for event in taken.events:
                self._tell(event)
            self._tell_frames()
            if self._pairing is not None:
                for spoken in self._pairing.give():
                    self._on_spoken(spoken)
                self._drawing.speaks = self._pairing.is_speaking or self._timeline.has_speech
            self._released += samples
            if self._drawing.acts:
                self._changed.notify_all()
            return taken.audio

    def _tell(self, event: Event) -> None:
        self._on_event(event)
        if self._pairing is not None and isinstance(event, Finished):
            self._pairing.end(event)

    def _tell_frames(self) -> None:
        """Those of slots that have begun, as far as the face has got."""
        paused = self._timeline.playhead.paused
        while self._unsent:
            time, slot = self._unsent[0]
            if not self._drawing.has_acted(slot.serial):
                return
            self._unsent.popleft()
            if (face := self._drawing.take_acted(slot.serial)) is None:
                continue
            if self._drawing.watched:
                self._on_frame(Frame(time, slot.segment, slot.position, paused, face))
            if self._pairing is not None:
                self._pairing.show(slot.serial, face)

    async def _play(self, audio: Audio) -> None:
        try:
            await self._output.play(audio)
        except Exception:
            self._complain("sound could not be released")

    async def _show_until(self, deadline: float) -> None:
        while True:
            now = self._clock()
            self._show_newest(now)
            if now >= deadline:
                return
            coming = (at for at, _ in self._due if at > now)
            await asyncio.sleep(min(deadline, next(coming, deadline)) - now)

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
            picture = self._drawing.take(serial)
            if picture is None:
                return
            self._due.popleft()
            self._record(now, missed=now - at > TICK)
        try:
            self._output.show(picture)
            self.counters.pictures += 1
        except Exception:
            self._complain("a picture could not be released")
        with self._changed:
            self._drawing.give_back(picture)

    def _record(self, now: float, *, missed: bool) -> None:
        self.quality.record(self._drawing.seconds, missed and now > self._forgiven_until)

    def _complain(self, text: str) -> None:
        if not self._failed and not self._stopping:
            logger.exception(text)
        self._failed = True
