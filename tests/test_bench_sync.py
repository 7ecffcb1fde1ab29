"""The ruler: marks that pictures carry, and the arithmetic from moments to offsets."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from avatar_worker.face import Face, HeadPose
from avatar_worker.lipsync import Resampler
from bench.calibration import (
    CLICK_PEAK,
    FPS,
    LEAD_IN,
    ONSET,
    CalibrationLips,
    CalibrationRenderer,
    Mark,
    Marker,
    clicking,
    paint,
    read,
)
from bench.offsets import (
    Floats,
    flashes,
    freezes,
    lag,
    offsets,
    output_latency,
    slope,
    slope_error,
    unpack,
)


def test_a_mark_is_misread() -> None:
    picture = np.zeros((768, 512), np.uint8)
    for clicks, since in ((0, 0), (1, 63), (63, 2), (42, 21)):
        paint(Mark(clicks, since).to_bits(), picture)
        assert read(picture[:512]) == Mark(clicks, since)
        bits = sum(int(bit) << k for k, bit in enumerate(Mark(clicks, since).to_bits()))
        assert unpack(bits) == Mark(clicks, since)


def test_a_damaged_picture_is_taken_for_a_mark() -> None:
    assert read(np.zeros((512, 512), np.uint8)) is None
    assert read(np.full((512, 512), 255, np.uint8)) is None
    bits = Mark(5, 1).to_bits()
    bits[3] ^= True
    assert Mark.from_bits(bits) is None


def test_the_face_changes_what_the_ruler_says() -> None:
    sound = clicking(4, 24_000)
    lips, ears, face = CalibrationLips(), Resampler(), Face(Random(0))
    pieces = [lips.push(ears.push(piece, 24_000)) for piece in np.split(sound, 40)]
    weights = np.concatenate([*pieces, lips.push(ears.flush()), lips.finish()])
    picture = np.zeros((96, 64), np.uint8)
    seen = []
    for row in weights:
        shown, _ = face.step(row, "speaking")
        CalibrationRenderer(64, 64).draw(shown, HeadPose(), picture)
        seen.append(read(picture[:64]))
    assert len(seen) == 4 * FPS
    # The face takes 70 ms to join speech; from then on every picture is what it should be.
    assert seen[2:] == [Mark(1 + k // FPS, k % FPS) for k in range(2, 4 * FPS)]


def test_a_click_is_marked_in_another_frame_than_it_sounds_in() -> None:
    for rate in (16_000, 24_000, 48_000):
        marks = Marker(rate).push((clicking(2, rate) / 32768).astype(np.float32))
        assert [k for k, mark in enumerate(marks) if mark.since == 0] == [0, FPS]


def test_noise_between_clicks_is_taken_for_one() -> None:
    sound = np.abs(clicking(1, 24_000)[2_400:].astype(float)) / 32768
    assert sound.max() < ONSET / 5 < ONSET < CLICK_PEAK


def test_a_picture_that_was_missed_shifts_its_click() -> None:
    shown = [(10 + k / FPS, Mark(7, k)) for k in range(30)]
    assert flashes(shown) == pytest.approx([10.0])
    assert flashes(shown[1:]) == pytest.approx([10.0])
    assert flashes(shown[2:]) == pytest.approx([10.0])
    assert len(flashes(shown[3:])) == 0  # so long after, it says nothing of the click


def test_an_early_picture_counts_as_late() -> None:
    heard = np.array([1.0, 2.0, 3.0]) + LEAD_IN
    found = offsets(np.array([0.98, 1.98, 2.98]), heard)
    assert found[:, 1] == pytest.approx([-20, -20, -20])


def test_a_lone_click_is_paired_with_its_neighbour() -> None:
    found = offsets(np.array([1.0, 3.0]), np.array([1.0, 2.0, 3.0]) + LEAD_IN)
    assert found[:, 0] == pytest.approx([1.0 + LEAD_IN, 3.0 + LEAD_IN])
    assert len(offsets(np.zeros(0), np.array([1.0]))) == 0


def test_drift_is_given_in_another_unit() -> None:
    times: Floats = np.arange(0.0, 300.0)
    wobble = np.where(np.arange(300) % 2, 1.0, -1.0)
    assert slope(times, 5 + times / 60) == pytest.approx(10)
    assert abs(slope(times, 5 + wobble)) < 3 * slope_error(times, 5 + wobble)
    with pytest.raises(ValueError, match="two times"):
        slope(np.array([1.0]), np.array([1.0]))


def test_the_speakers_latency_is_left_out_of_the_time_of_the_sound() -> None:
    early = {"totalPlayoutDelay": 10.0, "totalSamplesCount": 1_000.0}
    late = {"totalPlayoutDelay": 10.0 + 48_000 * 0.030, "totalSamplesCount": 49_000.0}
    assert output_latency([early, {}, late]) == pytest.approx(0.030)
    for nothing in ([], [early], [early, early]):
        with pytest.raises(ValueError, match="told nothing"):
            output_latency(nothing)


def test_a_freeze_is_not_one_by_w3c() -> None:
    steady = np.arange(60) / 30
    assert freezes(steady) == 0
    # δ is 33 ms: the limit is max(100, 183) ms.
    assert freezes(np.append(steady, steady[-1] + 0.180)) == 0
    assert freezes(np.append(steady, steady[-1] + 0.190)) == 1
    # At 10 pictures a second it is max(300, 250) ms.
    slow = np.arange(60) / 10
    assert freezes(np.append(slow, slow[-1] + 0.280)) == 0
    assert freezes(np.append(slow, slow[-1] + 0.301)) == 1


def test_a_lag_has_the_wrong_sign_or_size() -> None:
    random = np.random.default_rng(0)
    source = np.convolve(random.normal(size=2000), np.ones(10) / 10, "same")
    later, likeness = lag(source[100:1100], source[97:1097], 1 / 60, 0.4)
    assert later == pytest.approx(3 / 60, abs=1e-3)
    assert likeness > 0.99
