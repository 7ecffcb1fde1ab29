"""Blinks come as people's do: how often, how long, in which moments."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.face import Face, Mood
from avatar_worker.face.blink import REFRACTORY, Blinks
from visavis.protocol import ARKIT_NAMES

LID = ARKIT_NAMES.index("eyeBlinkRight")


@dataclass(frozen=True)
class Seen:
    """Blinks of a track of lids, in seconds."""

    at: NDArray[np.float64]
    closing: NDArray[np.float64]
    opening: NDArray[np.float64]

    @property
    def gaps(self) -> NDArray[np.float64]:
        return np.diff(self.at)


def see(lids: NDArray[np.floating]) -> Seen:
    shut = np.flatnonzero((lids[1:] > 0.6) & (lids[:-1] <= 0.6)) + 1
    spans = []
    for frame in shut:
        first, last = frame, frame
        while first > 0 and lids[first] > 0:
            first -= 1
        while last < len(lids) - 1 and lids[last] > 0:
            last += 1
        span = lids[first:last]
        top = np.flatnonzero(span == span.max()) + first
        spans.append((top[0] - first, last - top[-1]))
    closing, opening = np.array(spans).T / 30
    return Seen(shut / 30, closing, opening)


def blink(rate: float, minutes: int, seed: int = 1) -> Seen:
    blinks = Blinks(Random(seed))
    return see(np.array([blinks.step(rate) for _ in range(minutes * 1_800)]))


@pytest.mark.parametrize("rate", [5.0, 12.0, 17.0, 26.0])
def test_the_rate_is_not_another_than_asked_for(rate: float) -> None:
    seen = blink(rate, 40)
    assert len(seen.at) / 40 == pytest.approx(rate, rel=0.12)


def test_blinks_do_not_come_like_clockwork() -> None:
    gaps = blink(15, 60).gaps
    single = np.log(gaps[gaps > 0.6])
    # Log-normal: symmetric and as wide as measured, once in logarithms.
    assert 0.4 < single.std() < 0.7
    skew = np.mean((single - single.mean()) ** 3) / single.std() ** 3
    assert abs(skew) < 0.5
    assert 0.05 < np.mean(gaps < 0.6) < 0.2  # double blinks
    assert gaps.max() < 12


def test_blinks_are_neither_flickers_nor_naps() -> None:
    seen = blink(20, 30)
    lasting = seen.closing + seen.opening
    assert lasting.min() >= 0.1 and lasting.max() <= 0.4
    assert seen.opening.mean() > 1.5 * seen.closing.mean()


def test_causes_do_not_pile_blinks_up() -> None:
    blinks = Blinks(Random(2))
    lids = []
    for _ in range(9_000):
        blinks.suggest(1.0)
        lids.append(blinks.step(12))
    gaps = see(np.array(lids)).gaps
    double = gaps < 0.6
    assert gaps[~double].min() >= REFRACTORY + 0.2  # a blink lasts 0.2 s and more
    assert double.mean() < 0.2


def test_far_shifts_of_gaze_do_not_go_without_blinks() -> None:
    def share(degrees: float) -> float:
        count = 0
        for seed in range(400):
            blinks = Blinks(Random(seed))
            for _ in range(20):
                blinks.step(0.5)
            blinks.shift(degrees)
            count += blinks.step(0.5) > 0
        return count / 400

    assert share(35) == 1
    assert 0.2 < share(10) < 0.4
    assert share(2) < 0.1


@pytest.mark.parametrize(
    ("mood", "least", "most"),
    # Doughty (2001): in primary gaze 8 to 21. Who listens blinks less than who rests.
    [("idle", 10, 18), ("listening", 8, 14), ("thinking", 8, 18)],
)
def test_a_silent_face_does_not_blink_too_much_or_too_little(
    mood: Mood, least: float, most: float
) -> None:
    face = Face(Random(3))
    lids = np.array([face.step(None, mood)[0][LID] for _ in range(10 * 1_800)])
    assert least < len(see(lids).at) / 10 < most
