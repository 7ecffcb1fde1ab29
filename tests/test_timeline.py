"""The playback clock's logic, walked step by step."""

from typing import Any

import numpy as np
import pytest

from avatar_worker.player.timeline import (
    FADE_SAMPLES,
    SAMPLE_RATE,
    SLOT_SAMPLES,
    Audio,
    Event,
    Finished,
    Slot,
    Started,
    Timeline,
    Weights,
)

TICK = 480
near: Any = pytest.approx


def tone(seconds: float) -> Audio:
    return np.full(round(seconds * SAMPLE_RATE), 8000, np.int16)


def frames(count: int) -> Weights:
    return np.tile(np.arange(1, count + 1, dtype=np.float32)[:, None] / 1000, (1, 52))


def speak(timeline: Timeline, seconds: float) -> int:
    segment = timeline.open()
    sound = tone(seconds)
    timeline.push(segment, sound, frames(-(-len(sound) // SLOT_SAMPLES)))
    timeline.close(segment)
    return segment


class Listener:
    """Takes 10 ms at a time, like the pump."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.audio: list[Audio] = []
        self.begun: list[tuple[int, Slot]] = []
        self.events: list[Event] = []

    def hear(self, seconds: float) -> "Listener":
        for _ in range(round(seconds * SAMPLE_RATE / TICK)):
            position = sum(map(len, self.audio))
            taken = self.timeline.take(TICK)
            assert len(taken.audio) == TICK
            self.audio.append(taken.audio)
            self.begun += [(position, slot) for slot in taken.begun]
            self.events += taken.events
        return self

    @property
    def sound(self) -> Audio:
        return np.concatenate(self.audio)


@pytest.fixture
def timeline() -> Timeline:
    timeline = Timeline()
    timeline.gate_open = True
    return timeline


def test_a_segment_is_not_lost_stretched_or_answered_twice(timeline: Timeline) -> None:
    segment = speak(timeline, 0.5125)
    listener = Listener(timeline).hear(1)
    assert np.count_nonzero(listener.sound) == len(tone(0.5125))
    assert listener.events == [Started(segment), Finished(segment, near(0.5125), False)]


def test_the_picture_does_not_run_ahead_of_its_sound(timeline: Timeline) -> None:
    speak(timeline, 1.0)
    listener = Listener(timeline).hear(1.2)
    first_sound = int(np.flatnonzero(listener.sound)[0])
    spoken = [(at, slot) for at, slot in listener.begun if slot.weights is not None]
    for number, (taken_at, slot) in enumerate(spoken):
        assert slot.weights is not None
        assert slot.weights[0] == near((number + 1) / 1000)
        belongs = first_sound + number * SLOT_SAMPLES
        assert taken_at <= belongs < taken_at + TICK


def test_speech_is_not_spoken_to_an_empty_room() -> None:
    timeline = Timeline()
    speak(timeline, 0.3)
    listener = Listener(timeline).hear(0.5)
    assert not listener.sound.any() and not listener.events
    timeline.gate_open = True
    listener.hear(0.6)
    assert np.count_nonzero(listener.sound) == len(tone(0.3))


def test_an_interrupt_leaves_nothing_but_a_20_ms_fade(timeline: Timeline) -> None:
    segment = speak(timeline, 5)
    listener = Listener(timeline).hear(1)
    before = len(listener.sound)
    events = timeline.clear()
    tail = listener.hear(1).sound[before:]
    assert not tail[FADE_SAMPLES:].any()
    assert tail[:FADE_SAMPLES].any()
    assert np.abs(np.diff(tail.astype(int))).max() < 100
    heard = np.count_nonzero(listener.sound[:before]) / SAMPLE_RATE
    assert events == (Finished(segment, near(heard), True),)
    assert listener.events == [Started(segment)]


def test_pictures_after_an_interrupt_do_not_go_on_speaking(timeline: Timeline) -> None:
    speak(timeline, 5)
    listener = Listener(timeline).hear(1)
    timeline.clear()
    seen = len(listener.begun)
    listener.hear(0.5)
    assert all(slot.weights is None for _, slot in listener.begun[seen:])


def test_a_second_interrupt_is_harmless(timeline: Timeline) -> None:
    speak(timeline, 5)
    Listener(timeline).hear(0.5)
    assert len(timeline.clear()) == 1
    assert timeline.clear() == ()


def test_an_interrupt_before_the_first_frame_is_answered(timeline: Timeline) -> None:
    segment = timeline.open()
    assert timeline.clear() == (Finished(segment, 0.0, True),)


def test_an_interrupt_after_the_end_is_harmless(timeline: Timeline) -> None:
    speak(timeline, 0.2)
    Listener(timeline).hear(0.5)
    assert timeline.clear() == ()


def test_an_interrupt_answers_waiting_segments_too_and_in_order(timeline: Timeline) -> None:
    first, second = speak(timeline, 2), speak(timeline, 2)
    Listener(timeline).hear(0.5)
    assert [event.segment for event in timeline.clear()] == [first, second]


def test_audio_that_comes_after_an_interrupt_is_never_heard(timeline: Timeline) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(1), frames(30))
    listener = Listener(timeline).hear(0.3)
    timeline.clear()
    before = len(listener.sound)
    timeline.push(segment, tone(1), frames(30))
    timeline.close(segment)
    listener.hear(1)
    assert not listener.sound[before + FADE_SAMPLES :].any()


def test_the_next_segment_is_heard_whole_after_an_interrupt(timeline: Timeline) -> None:
    speak(timeline, 5)
    listener = Listener(timeline).hear(1)
    timeline.clear()
    listener.hear(0.1)
    before = len(listener.sound)
    segment = speak(timeline, 0.4)
    listener.hear(1)
    assert np.count_nonzero(listener.sound[before:]) == len(tone(0.4))
    assert listener.events[-1] == Finished(segment, near(0.4), False)


def test_an_empty_segment_does_not_wedge_the_line(timeline: Timeline) -> None:
    empty = timeline.open()
    timeline.close(empty)
    spoken = speak(timeline, 0.2)
    listener = Listener(timeline).hear(0.6)
    assert listener.events == [
        Finished(empty, 0.0, False),
        Started(spoken),
        Finished(spoken, near(0.2), False),
    ]


def test_a_slow_voice_pauses_and_goes_on_without_losing_a_sample(timeline: Timeline) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(0.5), frames(15))
    listener = Listener(timeline).hear(1)
    timeline.push(segment, tone(0.5), frames(15))
    timeline.close(segment)
    listener.hear(1)
    assert np.count_nonzero(listener.sound) == len(tone(1.0))
    assert listener.events == [Started(segment), Finished(segment, near(1.0), False)]


def test_a_segment_that_closes_late_is_still_answered(timeline: Timeline) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(0.5), frames(15))
    listener = Listener(timeline).hear(1)
    assert listener.events == [Started(segment)]
    timeline.close(segment)
    listener.hear(0.2)
    assert listener.events[1:] == [Finished(segment, near(0.5), False)]


def test_no_more_than_two_slots_wait_behind_the_sound(timeline: Timeline) -> None:
    speak(timeline, 5)
    for _ in range(200):
        timeline.take(TICK)
        assert len(timeline.upcoming) <= 2
