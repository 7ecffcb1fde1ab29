"""What is heard and seen when: segments of speech laid out on one line of 1/30 s slots.

Pure logic: no clock, no thread, no LiveKit. Whoever plays it takes audio at its own pace; a
:class:`Slot` pairs that audio with its weights, so neither can run ahead of the other.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 48_000
"""Hz of everything that is played: what WebRTC's Opus runs at."""
FPS: Final = 30
SLOT_SAMPLES: Final = SAMPLE_RATE // FPS
START_FRAMES: Final = 3
"""Frames that must be ready before a segment starts or goes on, so that it does not stutter."""
FADE_SAMPLES: Final = SAMPLE_RATE * 20 // 1000
"""An interrupt fades out over 20 ms."""

Audio = NDArray[np.int16]
Weights = NDArray[np.float32]


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
    """1/30 s of the line."""

    serial: int
    audio: Audio
    """(1600,) at 48 kHz."""
    weights: Weights | None = None
    """(52,); None when nobody speaks."""
    segment: int | None = None
    speech: int = 0
    """Samples of ``audio`` that are the segment's; the rest is silence."""
    ends: bool = False
    """The segment is over with this slot."""


@dataclass(frozen=True)
class Taken:
    """What one call of :meth:`Timeline.take` released."""

    audio: Audio
    begun: tuple[Slot, ...]
    """Slots whose first sample is in ``audio``: now is the time of their pictures."""
    events: tuple[Event, ...]


@dataclass
class _Segment:
    number: int
    audio: Audio = field(default_factory=lambda: np.zeros(0, np.int16))
    frames: deque[Weights] = field(default_factory=deque)
    closed: bool = False
    flowing: bool = False
    """Enough was ready to start, and it has not run dry since."""
    committed_end: bool = False
    started: bool = False
    released: int = 0

    def ready(self) -> bool:
        frames = min(len(self.frames), len(self.audio) // SLOT_SAMPLES)
        self.flowing = self.closed or frames >= (1 if self.flowing else START_FRAMES)
        return self.flowing


class Timeline:
    """The line of slots. Not thread-safe."""

    def __init__(self, ahead: int = 2) -> None:
        """``ahead``: slots that are laid down before they are released, for the renderer."""
        self._ahead = ahead
        self._segments: deque[_Segment] = deque()
        self._upcoming: deque[Slot] = deque()
        self._current: Slot | None = None
        self._offset = SLOT_SAMPLES
        self._spill = np.zeros(0, np.int16)
        self._numbers = itertools.count()
        self._serials = itertools.count()
        self.gate_open = False
        """Speech waits until somebody can hear it."""

    @property
    def upcoming(self) -> tuple[Slot, ...]:
        """Slots that are laid down and not begun, the next one first."""
        return tuple(self._upcoming)

    def open(self) -> int:
        """A segment begins to arrive."""
        segment = _Segment(next(self._numbers))
        self._segments.append(segment)
        return segment.number

    def push(self, number: int, audio: Audio, frames: Weights) -> None:
        """More of a segment: (n,) at 48 kHz and (t, 52). A finished segment takes no more."""
        if (segment := self._find(number)) is not None and not segment.closed:
            segment.audio = np.concatenate([segment.audio, audio])
            segment.frames.extend(frames)

    def close(self, number: int) -> None:
        """The segment has arrived in full."""
        if (segment := self._find(number)) is not None:
            segment.closed = True

    def clear(self) -> tuple[Event, ...]:
        """Drop everything that was not released, fading out what sounds right now."""
        rest = SLOT_SAMPLES - self._offset
        sounding = np.concatenate(
            [self._rest(), *(slot.audio for slot in self._upcoming), self._spill]
        )
        fade = np.zeros(max(FADE_SAMPLES, rest), np.int16)
        sounding = sounding[:FADE_SAMPLES]
        ramp = np.linspace(1, 0, FADE_SAMPLES, dtype=np.float32)[: len(sounding)]
        fade[: len(sounding)] = (sounding * ramp).astype(np.int16)
        if self._current is not None and rest:
            audio = np.concatenate([np.zeros(self._offset, np.int16), fade[:rest]])
            self._current = Slot(self._current.serial, audio)
            fade = fade[rest:]
        self._spill = fade
        self._upcoming.clear()
        events = tuple(
            Finished(segment.number, segment.released / SAMPLE_RATE, interrupted=True)
            for segment in self._segments
        )
        self._segments.clear()
        return events

    def take(self, samples: int) -> Taken:
        """Release the next ``samples``."""
        out: list[Audio] = []
        begun: list[Slot] = []
        events: list[Event] = []
        wanted = samples
        while wanted:
            if self._offset == SLOT_SAMPLES:
                self._lay_down()
                self._current = self._upcoming.popleft()
                self._offset = 0
                begun.append(self._current)
                self._lay_down()
            slot = self._current
            assert slot is not None
            piece = slot.audio[self._offset : self._offset + wanted]
            out.append(piece)
            events.extend(self._account(slot, self._offset, self._offset + len(piece)))
            self._offset += len(piece)
            wanted -= len(piece)
        return Taken(np.concatenate(out), tuple(begun), tuple(events))

    def _account(self, slot: Slot, start: int, stop: int) -> list[Event]:
        events: list[Event] = []
        if slot.segment is None or (segment := self._find(slot.segment)) is None:
            return events
        heard = min(stop, slot.speech) - min(start, slot.speech)
        if heard and not segment.started:
            segment.started = True
            events.append(Started(segment.number))
        segment.released += heard
        if slot.ends and stop >= slot.speech:
            self._segments.remove(segment)
            position = segment.released / SAMPLE_RATE
            events.append(Finished(segment.number, position, interrupted=False))
        return events

    def _lay_down(self) -> None:
        while len(self._upcoming) < self._ahead:
            self._upcoming.append(self._next_slot())

    def _next_slot(self) -> Slot:
        serial = next(self._serials)
        spill, self._spill = self._spill[:SLOT_SAMPLES], self._spill[SLOT_SAMPLES:]
        segment = next((s for s in self._segments if not s.committed_end), None)
        if len(spill) or not self.gate_open or segment is None or not segment.ready():
            audio = np.zeros(SLOT_SAMPLES, np.int16)
            audio[: len(spill)] = spill
            return Slot(serial, audio)
        speech = min(SLOT_SAMPLES, len(segment.audio))
        audio = np.zeros(SLOT_SAMPLES, np.int16)
        audio[:speech] = segment.audio[:speech]
        segment.audio = segment.audio[speech:]
        weights = segment.frames.popleft() if segment.frames else None
        segment.committed_end = segment.closed and not len(segment.audio)
        return Slot(serial, audio, weights, segment.number, speech, segment.committed_end)

    def _rest(self) -> Audio:
        return (
            np.zeros(0, np.int16) if self._current is None else self._current.audio[self._offset :]
        )

    def _find(self, number: int) -> _Segment | None:
        return next((s for s in self._segments if s.number == number), None)
