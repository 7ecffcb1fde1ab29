"""What is heard and seen when: segments of speech on one line of 1/30 s slots.

Pure logic: no clock, no thread, no LiveKit. Whoever plays it takes audio at its own pace; a
:class:`Slot` begins with the sample that its picture belongs to, so neither can run ahead.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from avatar_worker.player.segment import (
    SAMPLE_RATE,
    SLOT_SAMPLES,
    Audio,
    Change,
    Segment,
    State,
    Weights,
)

FADE_SAMPLES: Final = SAMPLE_RATE * 20 // 1000
"""An interrupt or a pause fades out over 20 ms; what goes on in the middle fades in as long."""
LAST_MOMENT: Final = SAMPLE_RATE * 20 // 1000
"""Samples before a slot at which it is drawn whatever lip-sync has given, so as not to be late: as
many as are taken at once."""
LIPS_PATIENCE: Final = SAMPLE_RATE // 2
"""Samples beyond the lead at which speech begins although lip-sync has given nothing."""


@dataclass(frozen=True)
class Started:
    """The first sample of a segment was released."""

    segment: int


@dataclass(frozen=True)
class Finished:
    """A segment has ended; every opened segment gets exactly one, in the order of opening."""

    segment: int
    position: float
    """Seconds of it that were released."""
    interrupted: bool


Event = Started | Finished


@dataclass(frozen=True, eq=False)
class Slot:
    """1/30 s of the line, or less where speech begins or goes on in its middle."""

    serial: int
    weights: Weights | None = None
    """(52,); None when nobody speaks."""
    segment: int | None = None
    """That which sounds when it begins; None when nobody speaks. Not known to a preview."""
    position: int = 0
    """Samples of the segment that were released before."""


@dataclass(frozen=True)
class Taken:
    """What one call of :meth:`Timeline.take` released."""

    audio: Audio
    begun: tuple[tuple[int, Slot], ...]
    """Slots that began, each with the index of its first sample in ``audio``."""
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Playhead:
    """Where the voice is."""

    segment: int | None
    """That which sounds, or waits in its middle; None while nobody speaks."""
    position: float
    """Seconds of it that were released."""
    paused: bool


class Timeline:
    """The line of slots. Not thread-safe."""

    def __init__(self, lead: float = 0.1) -> None:
        """``lead`` is what lip-sync needs to give each frame in time."""
        self.lead = lead
        self._segments: deque[Segment] = deque()
        self._numbers = itertools.count()
        self._serial = -1
        self._left = 0
        """Samples until the next slot begins."""
        self._tail: Audio = np.zeros(0, np.int16)
        """What fades out of speech that was cut."""
        self._fading_in = 0
        self._paused = False
        self.gate_open = False
        """Speech waits until somebody can hear it."""
        self.epoch = 0
        """Counts the times that speech began or was cut: earlier answers of :meth:`preview` are
        void."""

    @property
    def lead(self) -> float:
        """Seconds of sound that must be there before a segment begins or goes on."""
        return self._lead / SAMPLE_RATE

    @lead.setter
    def lead(self, seconds: float) -> None:
        self._lead = round(seconds * SAMPLE_RATE)

    @property
    def serial(self) -> int:
        """Of the slot that began last; -1 before the first."""
        return self._serial

    @property
    def has_speech(self) -> bool:
        """Something is being said, or waits to be."""
        return bool(self._segments)

    @property
    def playhead(self) -> Playhead:
        head = self._segments[0] if self._segments else None
        if head is None or head.state is State.WAITING:
            return Playhead(None, 0.0, self._paused)
        return Playhead(head.number, head.released / SAMPLE_RATE, self._paused)

    def open(self) -> int:
        """A segment begins to arrive."""
        segment = Segment(next(self._numbers))
        self._segments.append(segment)
        return segment.number

    def push(self, number: int, audio: Audio, frames: Weights) -> bool:
        """More of a segment: (n,) at 48 kHz and (t, 52). False where it takes no more."""
        segment = self._find(number)
        if segment is None or segment.closed:
            return False
        segment.push(audio, frames)
        return True

    def close(self, number: int) -> None:
        """The segment has arrived in full."""
        if (segment := self._find(number)) is not None:
            segment.closed = True

    def ahead(self, number: int) -> float:
        """Seconds of it that have arrived and were not released."""
        segment = self._find(number)
        return 0.0 if segment is None else segment.available / SAMPLE_RATE

    def clear(self) -> tuple[Event, ...]:
        """Drop everything that was not released, fading out what sounds right now."""
        self._cut()
        self._paused = False
        ended = list(self._segments)
        self._segments.clear()
        for segment in ended:
            segment.change(Change.CLEAR)
        return tuple(Finished(s.number, s.released / SAMPLE_RATE, interrupted=True) for s in ended)

    def pause(self) -> None:
        """Hold the voice where it is, fading out; what is pushed meanwhile waits."""
        if self._cut():
            self._segments[0].change(Change.HOLD)
        self._paused = True

    def resume(self) -> None:
        """Go on where :meth:`pause` held."""
        self._paused = False

    def take(self, samples: int) -> Taken:
        """Release the next ``samples``."""
        out = np.zeros(samples, np.int16)
        begun: list[tuple[int, Slot]] = []
        events: list[Event] = []
        at = 0
        while at < samples:
            events.extend(self._move_on())
            if not self._left:
                begun.append((at, self._begin_slot()))
            count = min(self._left, samples - at)
            if self._sounding is not None:
                count = min(count, self._sounding.available)
            out[at : at + count] = self._release(count)
            self._left -= count
            at += count
        events.extend(self._end())
        return Taken(out, tuple(begun), tuple(events))

    def preview(self, count: int) -> tuple[Slot, ...]:
        """The next ``count`` slots, if nothing happens before; fewer while lip-sync is due."""
        weights = itertools.islice(self._expected(), count)
        return tuple(Slot(self._serial + 1 + i, w) for i, w in enumerate(weights))

    @property
    def _sounding(self) -> Segment | None:
        head = self._segments[0] if self._segments else None
        return head if head is not None and head.state is State.SOUNDING else None

    def _move_on(self) -> Iterator[Event]:
        """Let the segment at the head end, run dry or begin, and the next one after its end."""
        yield from self._end()
        head = self._segments[0] if self._segments else None
        if head is None:
            return
        if head.state is State.SOUNDING:
            if not head.available:
                head.change(Change.RUN_DRY)
        elif self._may_sound(head):
            self.epoch += 1
            if head.state is State.WAITING:
                yield Started(head.number)
            else:
                self._fading_in = FADE_SAMPLES
            head.change(Change.RELEASE if head.state is State.HELD else Change.START)
            self._left = 0

    def _end(self) -> Iterator[Event]:
        while self._segments and self._segments[0].over:
            head = self._segments.popleft()
            head.change(Change.END)
            yield Finished(head.number, head.released / SAMPLE_RATE, interrupted=False)

    def _may_sound(self, segment: Segment) -> bool:
        if self._paused or not self.gate_open or len(self._tail) or not segment.available:
            return False
        lips_are_here = segment.has_frames or segment.available >= self._lead + LIPS_PATIENCE
        enough = segment.available >= self._lead and lips_are_here
        return segment.closed or enough or segment.state is State.HELD

    def _begin_slot(self) -> Slot:
        self._serial += 1
        speaker = self._sounding
        if speaker is None:
            self._left = SLOT_SAMPLES
            return Slot(self._serial)
        index, into = divmod(speaker.released, SLOT_SAMPLES)
        self._left = SLOT_SAMPLES - into
        return Slot(self._serial, speaker.weights(index), speaker.number, speaker.released)

    def _release(self, count: int) -> Audio:
        if self._sounding is not None:
            return self._fade_in(self._sounding.take(count))
        silence = np.zeros(count, np.int16)
        tail, self._tail = self._tail[:count], self._tail[count:]
        silence[: len(tail)] = tail
        return silence

    def _fade_in(self, sound: Audio) -> Audio:
        if not self._fading_in:
            return sound
        done = FADE_SAMPLES - self._fading_in
        gain = np.minimum(1, (done + np.arange(1, len(sound) + 1)) / FADE_SAMPLES)
        self._fading_in = max(0, self._fading_in - len(sound))
        return (sound * gain).astype(np.int16)

    def _cut(self) -> bool:
        """Fade out what sounds; False where nothing does."""
        speaker = self._sounding
        if speaker is None:
            return False
        self.epoch += 1
        sound = self._fade_in(speaker.peek(FADE_SAMPLES))
        self._fading_in = 0
        ramp = np.linspace(1, 0, FADE_SAMPLES, dtype=np.float32)[: len(sound)]
        self._tail = (sound * ramp).astype(np.int16)
        return True

    def _expected(self) -> Iterator[Weights | None]:
        ahead, is_last_moment = self._left, self._left <= LAST_MOMENT
        for segment in self._segments:
            if segment.state is not State.SOUNDING and not self._may_sound(segment):
                break
            if segment.state is not State.SOUNDING:
                ahead = 0
            first = -(-(segment.released + ahead) // SLOT_SAMPLES)
            last = -(-(segment.released + segment.available) // SLOT_SAMPLES)
            for index in range(first, last):
                if not (segment.knows(index) or is_last_moment):
                    return
                yield segment.weights(index)
                is_last_moment = False
            ahead = 0
            if not segment.closed:
                break
        yield from itertools.repeat(None)

    def _find(self, number: int) -> Segment | None:
        return next((s for s in self._segments if s.number == number), None)
