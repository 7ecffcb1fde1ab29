"""The level of a voice tells its pauses: early, and never where it tells nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.brains.lull import MEMORY, Lull

RATE = 16_000
WINDOW = 512
SECONDS = WINDOW / RATE


def sound(decibels: float, seconds: float) -> list[NDArray[np.float32]]:
    """Windows of noise at ``decibels`` of full scale."""
    chance = np.random.default_rng(0)
    size = int(seconds / SECONDS)
    amplitude = 10 ** (decibels / 20)
    return list((amplitude * chance.standard_normal((size, WINDOW))).astype(np.float32))


def hear(lull: Lull, windows: list[NDArray[np.float32]]) -> list[float]:
    return [lull.hear(window) for window in windows]


@pytest.mark.parametrize("noise", [-120.0, -70.0, -45.0])
def test_a_pause_is_seen_late(noise: float) -> None:
    lull = Lull(RATE)
    hear(lull, sound(noise, 1.0))
    assert hear(lull, sound(-20.0, 1.0))[-1] == 0.0
    assert hear(lull, sound(noise, 0.1)) == pytest.approx([SECONDS, 2 * SECONDS, 3 * SECONDS])
    assert hear(lull, sound(-20.0, 0.1))[-1] == 0.0


def test_a_soft_consonant_is_taken_for_a_pause() -> None:
    lull = Lull(RATE)
    hear(lull, sound(-70.0, 1.0) + sound(-20.0, 1.0))
    assert hear(lull, sound(-46.0, 0.2))[-1] == 0.0


def test_a_voice_in_a_noisy_room_is_cut_off() -> None:
    """It does not stand clear of the noise: whoever else listens decides."""
    lull = Lull(RATE)
    hear(lull, sound(-32.0, 1.0) + sound(-20.0, 1.0))
    assert hear(lull, sound(-32.0, 1.0))[-1] == 0.0


def test_a_room_that_has_become_noisy_is_taken_for_the_voice_for_good() -> None:
    lull = Lull(RATE)
    hear(lull, sound(-70.0, 1.0) + sound(-10.0, 1.0) + sound(-40.0, MEMORY + 1))
    hear(lull, sound(-15.0, 0.5))
    assert hear(lull, sound(-40.0, 0.1))[-1] > 2 * SECONDS


def test_one_who_speaks_softly_after_a_shout_is_not_heard() -> None:
    lull = Lull(RATE)
    hear(lull, sound(-70.0, 1.0) + sound(-5.0, 0.5))
    assert hear(lull, sound(-35.0, 2.0))[-1] == 0.0
