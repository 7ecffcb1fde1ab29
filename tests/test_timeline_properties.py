"""Random lives of a timeline: whatever happens, every segment is answered once, in order."""

from collections import deque

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from avatar_worker.player.segment import SAMPLE_RATE, SLOT_SAMPLES
from avatar_worker.player.timeline import (
    FADE_SAMPLES,
    LAST_MOMENT,
    Event,
    Finished,
    Started,
    Timeline,
)

LEAD = 0.1
SETTLED = 40
"""Ticks in which whatever may sound has begun to."""


class AnyLife(RuleBasedStateMachine):
    """Each sample of a segment carries the segment's number, so what is heard can be told apart."""

    @initialize(gate=st.booleans())
    def begin(self, gate: bool) -> None:
        self.timeline = Timeline(LEAD)
        self.timeline.gate_open = gate
        self.pushed: dict[int, int] = {}
        self.heard: dict[int, int] = {}
        self.ended: list[Finished] = []
        self.started: list[int] = []
        self.cleared: set[int] = set()
        self.arriving: deque[int] = deque()
        self.paused = False
        self.fade_left = 0

    @rule()
    def open(self) -> None:
        number = self.timeline.open()
        self.pushed[number] = self.heard[number] = 0
        self.arriving.append(number)

    @precondition(lambda self: self.pushed)
    @rule(
        data=st.data(),
        samples=st.sampled_from([0, 1, 479, 1600, 4800, 20_000]),
        frames=st.integers(0, 15),
    )
    def push(self, data: st.DataObject, samples: int, frames: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.pushed)))
        sound = np.full(samples, number + 1, np.int16)
        if self.timeline.push(number, sound, np.ones((frames, 52), np.float32)):
            assert number in self.arriving
            self.pushed[number] += samples
        else:
            assert number not in self.arriving

    @precondition(lambda self: self.pushed)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.pushed)))
        self.timeline.close(number)
        if number in self.arriving:
            self.arriving.remove(number)

    @rule()
    def clear(self) -> None:
        pending = sorted(set(self.pushed) - {end.segment for end in self.ended})
        events = self.timeline.clear()
        assert [event.segment for event in events] == pending
        self.keep(events)
        self.cleared.update(pending)
        self.arriving.clear()
        self.paused = False
        self.fade_left = FADE_SAMPLES

    @rule()
    def pause(self) -> None:
        self.timeline.pause()
        self.paused = True
        self.fade_left = FADE_SAMPLES

    @rule()
    def resume(self) -> None:
        self.timeline.resume()
        self.paused = False

    @rule()
    def somebody_listens(self) -> None:
        self.timeline.gate_open = True

    @rule(ticks=st.integers(1, 60), samples=st.sampled_from([480, 160, 1600, 441]))
    def take(self, ticks: int, samples: int) -> None:
        for _ in range(ticks):
            self.take_once(samples)

    def take_once(self, samples: int) -> None:
        before = self.timeline.playhead
        taken = self.timeline.take(samples)
        assert len(taken.audio) == samples
        assert all(0 <= at < samples for at, _ in taken.begun)
        self.keep(taken.events)
        if self.paused:
            assert not taken.audio[self.fade_left :].any()
            assert self.timeline.playhead.position in (before.position, 0.0)
        self.fade_left = max(0, self.fade_left - samples)
        for number in np.unique(taken.audio[taken.audio > 0]) - 1:
            assert number in self.heard, "somebody speaks who was never opened"

    def keep(self, events: tuple[Event, ...]) -> None:
        for event in events:
            match event:
                case Started():
                    self.started.append(event.segment)
                case Finished():
                    self.ended.append(event)

    @invariant()
    def ends_come_once_and_in_order(self) -> None:
        numbers = [end.segment for end in self.ended]
        assert numbers == list(range(len(numbers)))
        assert self.started == sorted(set(self.started))

    @invariant()
    def nobody_is_heard_beyond_what_was_said(self) -> None:
        for end in self.ended:
            released = round(end.position * SAMPLE_RATE)
            said = self.pushed[end.segment]
            assert released <= said
            if not end.interrupted:
                assert released == said
            assert end.interrupted == (end.segment in self.cleared)
            assert (released > 0) == (end.segment in self.started)

    @invariant()
    def the_preview_is_of_what_comes_next(self) -> None:
        serials = [slot.serial for slot in self.timeline.preview(3)]
        assert serials == [self.timeline.serial + n for n in (1, 2, 3)][: len(serials)]
        assert len(serials) == 3 or self.arriving, "nobody owes a frame"
        assert serials or self.timeline._left > LAST_MOMENT, "nothing would be drawn"

    def teardown(self) -> None:
        """Whatever went before: once all is closed and played, everybody has been answered."""
        if not hasattr(self, "timeline"):
            return
        self.timeline.gate_open = True
        self.timeline.resume()
        self.paused = False
        for number in self.pushed:
            self.timeline.close(number)
        left = sum(self.pushed.values()) // SLOT_SAMPLES
        for _ in range(left + SETTLED):
            self.keep(self.timeline.take(SLOT_SAMPLES).events)
        self.ends_come_once_and_in_order()
        self.nobody_is_heard_beyond_what_was_said()
        assert len(self.ended) == len(self.pushed)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=150, stateful_step_count=40)
