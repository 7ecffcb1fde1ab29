"""A calm mouth that still shuts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.lipsync.smoothing import AHEAD, Smoother, symmetric
from visavis.protocol import ARKIT_NAMES

AT = {name: index for index, name in enumerate(ARKIT_NAMES)}


def smooth(*pieces: NDArray[np.float32]) -> NDArray[np.float32]:
    smoother = Smoother()
    return np.concatenate([*(smoother.push(piece) for piece in pieces), smoother.finish()])


@pytest.fixture
def frames() -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(0, 1, (50, 52)).astype(np.float32)


def of(**curves: list[float]) -> NDArray[np.float32]:
    length = len(next(iter(curves.values())))
    frames = np.zeros((length, 52), np.float32)
    for name, curve in curves.items():
        frames[:, AT[name]] = curve
    return frames


def test_closure_is_averaged_away() -> None:
    jaw = [0.5, 0.5, 0.5, 0.0, 0.5, 0.5, 0.5]
    press = [0.0, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0]
    found = smooth(of(jawOpen=jaw, mouthPressLeft=press, mouthPressRight=press))
    assert found[3, AT["jawOpen"]] == 0
    assert found[3, AT["mouthPressLeft"]] == pytest.approx(0.9)


def test_closure_by_lips_over_a_dropped_jaw_is_averaged_away() -> None:
    jaw, meet = [0.4] * 7, [0.0, 0.0, 0.0, 0.4, 0.4, 0.0, 0.0]
    found = smooth(of(jawOpen=jaw, mouthClose=meet))
    np.testing.assert_allclose(found[3:5, AT["mouthClose"]], 0.4)


def test_flicker_passes() -> None:
    jaw = np.tile([0.3, 0.5], 20)
    pucker = smooth(of(mouthPucker=list(jaw)))[5:-5, AT["mouthPucker"]]
    assert np.ptp(pucker) == pytest.approx(0.2 * 0.4, abs=1e-6)


def test_movement_comes_late(frames: NDArray[np.float32]) -> None:
    curve = list(0.5 - 0.4 * np.cos(np.arange(60) * 2 * np.pi * 3 / 30))
    found = smooth(of(mouthPucker=curve))[:, AT["mouthPucker"]]
    assert np.argmax(found[3:10]) == np.argmax(curve[3:10])


def test_mouth_depends_on_how_the_frames_were_cut(frames: NDArray[np.float32]) -> None:
    whole = smooth(frames)
    assert whole.shape == frames.shape
    for cuts in (range(1, 50), (1, 2, 9, 40)):
        np.testing.assert_array_equal(smooth(*np.split(frames, list(cuts))), whole)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_frame_is_lost_or_invented(frames: NDArray[np.float32], count: int) -> None:
    assert smooth(frames[:count]).shape == (count, 52)


def test_frames_wait_longer_than_the_look_ahead(frames: NDArray[np.float32]) -> None:
    assert len(Smoother().push(frames)) == len(frames) - AHEAD


def test_weights_leave_their_range() -> None:
    extremes = np.random.default_rng(0).integers(0, 2, (50, 52)).astype(np.float32)
    found = smooth(extremes)
    assert found.min() >= 0 and found.max() <= 1


def test_mouth_is_crooked(frames: NDArray[np.float32]) -> None:
    even = symmetric(frames)
    for left in ARKIT_NAMES:
        right = left.removesuffix("Left") + "Right"
        if left.startswith("mouth") and left.endswith("Left") and left != "mouthLeft":
            mean = (frames[:, AT[left]] + frames[:, AT[right]]) / 2
            np.testing.assert_array_equal(even[:, AT[left]], mean)
            np.testing.assert_array_equal(even[:, AT[right]], mean)
    assert not even[:, [AT[name] for name in ("jawLeft", "jawRight", "mouthLeft")]].any()
    np.testing.assert_array_equal(even[:, AT["jawOpen"]], frames[:, AT["jawOpen"]])
