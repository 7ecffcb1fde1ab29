"""The playback clock's logic, walked step by step."""

from typing import Any

import numpy as np
import pytest

from avatar_worker.player.segment import SAMPLE_RATE, SLOT_SAMPLES, Audio, Weights
from avatar_worker.player.timeline import (
    FADE_SAMPLES,
    LIPS_PATIENCE,
    Event,
    Finished,
    Playhead,
    Slot,
    Started,
    Timeline,
)

TICK = 480
LEAD = 0.1
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
    """Takes 10 ms at a time."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.audio: list[Audio] = []
        self.begun: list[tuple[int, Slot]] = []
        self.events: list[Event] = []

    def hear(self, seconds: float) -> "Listener":
        for _ in range(round(seconds * SAMPLE_RATE / TICK)):
            position = self.samples
            taken = self.timeline.take(TICK)
            assert len(taken.audio) == TICK
            self.audio.append(taken.audio)
            self.begun += [(position + at, slot) for at, slot in taken.begun]
            self.events += taken.events
        return self

    @property
    def samples(self) -> int:
        return sum(map(len, self.audio))

    @property
    def sound(self) -> Audio:
        return np.concatenate(self.audio)

    @property
    def spoken(self) -> list[tuple[int, float]]:
        """(sample, weight) of each slot with speech."""
        return [(at, float(s.weights[0])) for at, s in self.begun if s.weights is not None]


@pytest.fixture
def timeline() -> Timeline:
    timeline = Timeline(LEAD)
    timeline.gate_open = True
    return timeline


def test_a_segment_is_not_lost_stretched_or_answered_twice(timeline: Timeline) -> None:
    segment = speak(timeline, 0.5125)
    listener = Listener(timeline).hear(1)
    assert np.count_nonzero(listener.sound) == len(tone(0.5125))
    assert listener.events == [Started(segment), Finished(segment, near(0.5125), False)]


def test_the_picture_runs_neither_ahead_of_its_sound_nor_behind(timeline: Timeline) -> None:
    listener = Listener(timeline).hear(0.017)
    speak(timeline, 1.0)
    listener.hear(1.2)
    first_sound = int(np.flatnonzero(listener.sound)[0])
    assert listener.spoken == [
        (first_sound + number * SLOT_SAMPLES, near((number + 1) / 1000)) for number in range(30)
    ]


def test_speech_does_not_wait_for_a_slot_of_silence_to_end(timeline: Timeline) -> None:
    listener = Listener(timeline).hear(0.05)
    speak(timeline, 0.5)
    before = listener.samples
    listener.hear(0.02)
    assert listener.sound[before:].all()


def test_speech_begins_no_sooner_than_lip_sync_can_follow(timeline: Timeline) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(LEAD - 0.01), frames(2))
    listener = Listener(timeline).hear(0.5)
    assert not listener.sound.any()
    timeline.push(segment, tone(0.01), frames(0))
    assert listener.hear(0.05).sound.any()


def test_speech_without_lips_is_heard_all_the_same(timeline: Timeline) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(LEAD + LIPS_PATIENCE / SAMPLE_RATE), frames(0))
    assert Listener(timeline).hear(0.05).sound.any()


def test_lips_that_come_late_do_not_hold_the_voice(timeline: Timeline) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(1), frames(3))
    listener = Listener(timeline).hear(0.5)
    timeline.push(segment, tone(0), frames(30)[3:])
    listener.hear(0.4)
    assert np.count_nonzero(listener.sound) == len(tone(0.9))
    weights = [weight for _, weight in listener.spoken]
    assert weights[3:15] == [near(0.003)] * 12
    assert weights[15:] == [near((n + 1) / 1000) for n in range(15, 27)]


def test_speech_is_not_spoken_to_an_empty_room() -> None:
    timeline = Timeline(LEAD)
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
    assert abs(np.count_nonzero(listener.sound) - len(tone(1.0))) < 10  # it fades in
    assert listener.events == [Started(segment), Finished(segment, near(1.0), False)]
    assert len(listener.spoken) == 30


def test_a_segment_that_closes_late_is_still_answered(timeline: Timeline) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(0.5), frames(15))
    listener = Listener(timeline).hear(1)
    assert listener.events == [Started(segment)]
    timeline.close(segment)
    listener.hear(0.01)
    assert listener.events[1:] == [Finished(segment, near(0.5), False)]


def test_the_end_of_a_segment_is_told_with_its_last_sample(timeline: Timeline) -> None:
    segment = speak(timeline, 0.3)
    listener = Listener(timeline).hear(0.29)
    assert listener.events == [Started(segment)]
    assert listener.hear(0.01).events[1:] == [Finished(segment, near(0.3), False)]


def test_two_segments_in_a_row_leave_no_gap(timeline: Timeline) -> None:
    speak(timeline, 0.3125)
    speak(timeline, 0.3)
    listener = Listener(timeline).hear(0.8)
    heard = np.flatnonzero(listener.sound)
    assert heard[-1] - heard[0] + 1 == len(heard) == len(tone(0.6125))


def test_a_pause_loses_no_word(timeline: Timeline) -> None:
    segment = speak(timeline, 1.0)
    listener = Listener(timeline).hear(0.4)
    timeline.pause()
    held = listener.samples
    listener.hear(1)
    assert not listener.sound[held + FADE_SAMPLES :].any()
    assert timeline.playhead == Playhead(segment, near(0.4), True)
    timeline.resume()
    resumed = listener.samples
    listener.hear(1)
    assert len(tone(0.6)) - 10 < np.count_nonzero(listener.sound[resumed:]) <= len(tone(0.6))
    assert listener.events == [Started(segment), Finished(segment, near(1.0), False)]
    after = [slot for at, slot in listener.begun if at >= resumed and slot.weights is not None]
    assert after[0].weights is not None and after[0].weights[0] == near(13 / 1000)


def test_a_pause_and_a_resume_do_not_click(timeline: Timeline) -> None:
    speak(timeline, 2.0)
    listener = Listener(timeline).hear(0.4)
    timeline.pause()
    listener.hear(0.3)
    timeline.resume()
    listener.hear(0.3)
    assert np.abs(np.diff(listener.sound[TICK:].astype(int))).max() < 100


def test_a_pause_within_a_resume_does_not_click(timeline: Timeline) -> None:
    speak(timeline, 2.0)
    listener = Listener(timeline).hear(0.4)
    for _ in range(3):
        timeline.pause()
        listener.hear(0.01)
        timeline.resume()
        listener.hear(0.04)
    listener.hear(0.2)
    assert np.abs(np.diff(listener.sound[TICK:].astype(int))).max() < 200


def test_an_interrupt_of_a_paused_segment_leaves_the_line_open(timeline: Timeline) -> None:
    segment = speak(timeline, 1.0)
    listener = Listener(timeline).hear(0.4)
    timeline.pause()
    listener.hear(0.2)
    assert timeline.clear() == (Finished(segment, near(0.4), True),)
    speak(timeline, 0.3)
    before = listener.samples
    listener.hear(0.5)
    assert np.count_nonzero(listener.sound[before:]) == len(tone(0.3))


def test_what_is_said_during_a_pause_waits(timeline: Timeline) -> None:
    timeline.pause()
    timeline.pause()
    speak(timeline, 0.3)
    listener = Listener(timeline).hear(0.5)
    assert not listener.sound.any() and not listener.events
    timeline.resume()
    timeline.resume()
    assert np.count_nonzero(listener.hear(0.5).sound) == len(tone(0.3))


def test_a_preview_that_comes_true_is_what_begins(timeline: Timeline) -> None:
    speak(timeline, 0.5)
    speak(timeline, 0.21)
    right = wrong = 0
    for _ in range(100):
        expected = {slot.serial: slot.weights for slot in timeline.preview(2)}
        epoch = timeline.epoch
        for _, slot in timeline.take(TICK).begun:
            if epoch == timeline.epoch and slot.serial in expected:
                weights = expected[slot.serial]
                if weights is None or slot.weights is None:
                    same = weights is slot.weights
                else:
                    same = bool((weights == slot.weights).all())
                right, wrong = right + same, wrong + (not same)
    assert right > 20 and not wrong


def test_a_mouth_that_lip_sync_still_owes_is_not_drawn_before_the_last_moment(
    timeline: Timeline,
) -> None:
    segment = timeline.open()
    timeline.push(segment, tone(0.5), frames(4))
    Listener(timeline).hear(0.1)
    assert [slot.weights is not None for slot in timeline.preview(2)] == [True]
    Listener(timeline).hear(0.01)
    assert not timeline.preview(2), "the fourth frame has begun, and the fifth is not known"
    Listener(timeline).hear(0.02)
    [late] = timeline.preview(2)
    assert late.weights is not None and late.weights[0] == near(0.004)
    timeline.push(segment, tone(0), frames(6)[4:])
    assert [slot.weights[0] for slot in timeline.preview(2) if slot.weights is not None] == [
        near(0.005),
        near(0.006),
    ]


def test_what_was_drawn_ahead_is_void_once_speech_begins_or_is_cut(timeline: Timeline) -> None:
    listener = Listener(timeline).hear(0.1)
    epochs = [timeline.epoch]
    speak(timeline, 1)
    for change in (lambda: None, timeline.pause, timeline.resume, timeline.clear):
        change()
        listener.hear(0.1)
        epochs.append(timeline.epoch)
    assert epochs == sorted(set(epochs))
