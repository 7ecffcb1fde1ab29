"""Borders between the windows of a model that depends on where its windows lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.lipsync.base import BLOCK, Audio, Weights
from avatar_worker.lipsync.wav2arkit import LAYOUT
from avatar_worker.lipsync.windows import Layout, Windows
from bench.lips_windows import ALONE, seam_ratio


def model(window: Audio) -> Weights:
    """Loudness, but near the window's ends something else, and all of it shifted by its mean."""
    frames = len(window) * 3 // BLOCK
    loud = np.array([np.abs(piece).mean() for piece in np.array_split(window, frames)])
    place = np.arange(frames)
    edge = np.exp(-place / 5) - np.exp(-(frames - 1 - place) / 5)
    weights = 2 * loud + 0.1 * edge + 1.0 * loud.mean() + 0.1
    return np.repeat(weights[:, None], 52, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def voice() -> NDArray[np.float32]:
    """A hum that swells, 30 s: inside a window the mouth moves evenly."""
    at = np.arange(30 * 16_000) / 16_000 * 2 * np.pi
    swell = 0.2 + 0.06 * np.sin(1.3 * at) + 0.06 * np.sin(2.17 * at) + 0.06 * np.sin(0.31 * at)
    swell[::2] *= -1
    return swell.astype(np.float32)


def seam(layout: Layout, voice: Audio) -> float:
    return seam_ratio(np.concatenate(list(Windows(model, layout).push(voice))), layout)


def test_mouth_jumps_at_the_border_of_two_windows(voice: NDArray[np.float32]) -> None:
    assert seam(LAYOUT, voice) <= 1.1
    # The measure sees what it should: windows in isolation jump.
    assert seam(ALONE, voice) >= 2
    assert seam(replace(LAYOUT, blend=0), voice) > 1.2


def test_long_hops_jump(voice: NDArray[np.float32]) -> None:
    windows = Windows(model, LAYOUT, lambda: True)
    frames = np.concatenate(list(windows.push(voice)))
    as_hop = Layout(15, LAYOUT.right, LAYOUT.first, LAYOUT.long, LAYOUT.long, LAYOUT.blend)
    assert windows.hop == LAYOUT.long
    assert seam_ratio(frames, as_hop) <= 1.1


def test_hop_that_grows_and_shrinks_moves_the_frames(voice: NDArray[np.float32]) -> None:
    def exact(window: Audio) -> Weights:
        frames = len(window) * 3 // BLOCK
        loud = [np.abs(window[k * 1600 // 3 : (k + 1) * 1600 // 3]).mean() for k in range(frames)]
        return np.repeat(np.array(loud, np.float32)[:, None], 52, axis=1)

    behind = iter([True, True, False, True] * 20)
    steady = np.concatenate(list(Windows(exact, LAYOUT).push(voice)))
    uneven = np.concatenate(list(Windows(exact, LAYOUT, lambda: next(behind)).push(voice)))
    size = min(len(steady), len(uneven))
    assert size > 25 * 30
    np.testing.assert_allclose(uneven[:size], steady[:size], atol=1e-6)


def test_model_sees_windows_of_different_lengths(voice: NDArray[np.float32]) -> None:
    seen = set()

    def look(window: Audio) -> Weights:
        seen.add(len(window))
        return model(window)

    behind = iter([True, False] * 20)
    for _ in Windows(look, LAYOUT, lambda: next(behind)).push(voice):
        pass
    assert seen == {LAYOUT.samples}
