"""Speech and face of one room, as others command them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from avatar_worker.face import Emotion, Face, Gesture, Mood
from avatar_worker.player.acting import Wish
from avatar_worker.player.drawing import Drawing, Outfit
from avatar_worker.player.frame import Frame
from avatar_worker.player.pump import Counters, Output, Pump
from avatar_worker.player.quality import Quality
from avatar_worker.player.segment import Audio, Weights
from avatar_worker.player.spoken import Spoken
from avatar_worker.player.telling import Telling
from avatar_worker.player.timeline import Event, Playhead, Timeline
from avatar_worker.render import Renderer


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
        self.quality = quality or Quality()
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
        self._telling = Telling(self._drawing.faces, on_event, on_frame, on_spoken)
        self._pump = Pump(
            timeline=self._timeline,
            changed=self._changed,
            drawing=self._drawing,
            telling=self._telling,
            output=output,
            quality=self.quality,
            clock=clock,
        )

    @property
    def counters(self) -> Counters:
        return self._pump.counters

    def start(self) -> None:
        self._pump.start()
        self._drawing.start()

    def stop(self) -> None:
        """Stop both threads and wait for them. Blocks for some tens of milliseconds."""
        self._pump.stop()
        self._drawing.stop()
        self._pump.join()

    def follow(self, mood: Mood) -> None:
        """How the face looks while nobody speaks through it."""
        self._drawing.mood = mood

    def watch(self, wanted: bool) -> None:
        """Tell ``on_frame`` what the face shows, thirty times a second."""
        with self._changed:
            if self._telling.watch(wanted):
                self._pump.stir()

    def listen(self, wanted: bool) -> None:
        """Tell ``on_spoken`` what is heard and seen while somebody speaks."""
        with self._changed:
            self._telling.listen(wanted)

    def hear(self, wanted: bool) -> None:
        """Release sound to the output; False while nobody listens to it. Its clock goes on."""
        with self._changed:
            self._pump.hear(wanted)

    def draw(self, wanted: bool) -> None:
        """Make pictures, where there is a renderer; False while nobody looks at them."""
        with self._changed:
            if wanted != self._drawing.draws:
                self._pump.begin_pictures()
                self._drawing.draw(wanted)
                self._pump.stir()

    def dress(self, outfit: Outfit) -> None:
        """Draw with other renderers from the next picture on, where there is one already."""
        with self._changed:
            self._drawing.dress(outfit)

    def expect(self, lead: float) -> None:
        """Another lip-sync speaks from now on: see ``lead`` of the constructor."""
        with self._changed:
            self._timeline.lead = lead

    @property
    def lead(self) -> float:
        """Seconds of sound that must be there before it begins."""
        with self._changed:
            return self._timeline.lead

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
    def draws(self) -> bool:
        """Pictures are made; while none are, :attr:`quality` tells of those before."""
        with self._changed:
            return self._drawing.draws

    @property
    def moves(self) -> bool:
        """Somebody sees the face, or hears it speak; else it rests."""
        with self._changed:
            return self._drawing.acts

    @property
    def stalled_for(self) -> float:
        """Seconds since the pump last released sound."""
        return self._pump.stalled_for

    def open(self) -> int:
        with self._changed:
            self._pump.stir()
            return self._timeline.open()

    def push(self, segment: int, audio: Audio, frames: Weights) -> bool:
        """(n,) at 48 kHz and (t, 52) at 30 fps; False where the segment takes no more."""
        with self._changed:
            taken = self._timeline.push(segment, audio, frames)
            if self._drawing.is_due:
                self._changed.notify_all()
            return taken

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
                self._telling.event(event)

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
