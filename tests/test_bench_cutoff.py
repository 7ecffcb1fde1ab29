"""When a voice is silent for good, and a mouth shut."""

from __future__ import annotations

import numpy as np
import pytest

from bench.cutoff import MouthLevels, before_smile, cut_off, mouth_levels, open_times
from bench.ears import EAR_RATE, SILENCE_DBFS, level, runs


def ticks(start: float, end: float) -> list[float]:
    return [round(float(at), 3) for at in np.arange(start, end, 0.01)]


def test_silence_begins_after_the_last_sound() -> None:
    assert cut_off(ticks(9, 10.08), 10, calm=0.6, before=0.15) == pytest.approx(0.07, abs=0.011)


def test_an_answer_that_comes_later_is_not_the_old_voice_talking_on() -> None:
    loud = ticks(9, 10.05) + ticks(11.5, 13)
    assert cut_off(loud, 10, calm=0.6, before=0.15) == pytest.approx(0.04, abs=0.011)


def test_a_voice_that_only_paused_did_not_fall_silent() -> None:
    loud = ticks(9, 10.05) + ticks(10.4, 10.9)
    assert cut_off(loud, 10, calm=0.6, before=0.15) == pytest.approx(0.89, abs=0.011)


def test_an_interrupt_in_a_pause_is_not_counted_as_instant() -> None:
    assert cut_off(ticks(8, 9.5), 10, calm=0.6, before=0.15) is None


def test_a_voice_that_ended_just_before_was_silent_at_once() -> None:
    assert cut_off(ticks(9, 9.95), 10, calm=0.6, before=0.15) == 0


def mouth(values: list[float]) -> np.ndarray:
    return np.array([[index / 30, value] for index, value in enumerate(values)])


def test_a_resting_mouth_that_sways_is_not_open() -> None:
    idle, speaking = mouth([80, 81, 82, 83, 82] * 6), mouth([84, 95, 105, 100, 88] * 6)
    levels = mouth_levels(idle, speaking)
    assert open_times(mouth([83, 82.5]), levels) == []
    assert len(open_times(mouth([95, 100, 83]), levels)) == 2


def test_a_face_whose_mouth_is_elsewhere_is_not_measured() -> None:
    with pytest.raises(ValueError, match="cannot be seen"):
        mouth_levels(mouth([80, 82, 84] * 9), mouth([81, 83, 84] * 9))


LEVELS = MouthLevels(rest=0, wide=1)


def test_a_smile_after_an_interrupt_is_not_speech_that_goes_on() -> None:
    shuts, smiles = [0.9, 1.0, 0.6, 0.3, 0.1], [0.2, 0.4, 0.6, 0.7, 0.8, *[0.75, 0.8] * 15]
    seen = mouth(shuts + smiles)
    assert len(before_smile(seen, LEVELS, 0, 1.1)) == len(shuts)


def test_speech_that_goes_on_is_not_taken_for_a_smile() -> None:
    seen = mouth([0.9, 0.4, 0.1, 0.5, 0.9, 0.5, 0.2, 0.6, 0.9] * 4)
    assert before_smile(seen, LEVELS, 0, 1.1) is seen


def test_a_mouth_that_stays_open_is_not_taken_for_a_smile() -> None:
    seen = mouth([0.9, 0.8, 0.9] * 12)
    assert before_smile(seen, LEVELS, 0, 1.1) is seen


def test_a_resting_mouth_that_is_seen_open_at_times_is_not_measured() -> None:
    with pytest.raises(ValueError, match="cannot be seen"):
        mouth_levels(mouth([0, 0, 0, 0, 0, 0, 0, 0.6, 0.6] * 4), mouth([0, 0.5, 1] * 9))


def test_the_level_of_a_full_scale_square_wave_is_zero() -> None:
    assert level(np.full(240, -32768, np.int16)) == pytest.approx(0)
    assert level(np.zeros(240, np.int16)) == -np.inf
    assert level(np.full(240, 90, np.int16)) < SILENCE_DBFS < level(np.full(240, 120, np.int16))


def test_packets_that_come_in_bunches_are_joined_without_holes() -> None:
    size = EAR_RATE // 100
    packets = [(index * 0.01, np.full(size, index, np.int16)) for index in range(10)]
    bunched = [(round(at / 0.05) * 0.05, pcm) for at, pcm in packets]
    [(start, sound)] = runs(bunched)
    assert start == pytest.approx(-0.01, abs=0.03)
    assert np.array_equal(sound[::size] * 32768, np.arange(10))


def test_a_silent_second_between_packets_begins_a_new_run() -> None:
    pcm = np.zeros(EAR_RATE // 100, np.int16)
    assert [round(start, 2) for start, _ in runs([(0.01, pcm), (0.02, pcm), (1.5, pcm)])] == [
        0.0,
        1.49,
    ]
