"""Eyes move as eyes do, and look at the person as much as people do."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.face import HeadPose, Mood
from avatar_worker.face.gaze import Gaze, saccade_seconds
from avatar_worker.face.moods import MANNERS
from avatar_worker.face.motion import reach

Curve = NDArray[np.float64]
LOOKED_AT = 4.0
"""Degrees off the person within which one feels looked at (Gamer and Hecht 2007)."""


def look(mood: Mood, minutes: int = 30, seed: int = 1) -> tuple[Curve, Curve]:
    """Yaw and pitch in the room (t,) each, the head held still."""
    gaze, still = Gaze(Random(seed)), HeadPose()
    steps = [gaze.step(MANNERS[mood], still)[:2] for _ in range(minutes * 1_800)]
    yaw, pitch = np.array(steps).T
    return yaw, pitch


def spells(at_person: NDArray[np.bool_]) -> tuple[Curve, Curve]:
    """Lengths in seconds of looks at the person, and away."""
    edges = np.flatnonzero(np.diff(at_person.astype(int)))
    lengths = np.diff(edges) / 30
    looks = at_person[edges[:-1] + 1]
    return lengths[looks], lengths[~looks]


@pytest.mark.parametrize(
    ("mood", "least", "most"),
    # Argyle and Cook (1976) to Lee, Badler and Badler (2002); who thinks looks away.
    [("speaking", 0.41, 0.77), ("listening", 0.75, 0.95), ("thinking", 0.1, 0.4)],
)
def test_the_person_is_not_stared_at_nor_ignored(mood: Mood, least: float, most: float) -> None:
    yaw, pitch = look(mood)
    share = float(np.mean(np.hypot(yaw, pitch) < LOOKED_AT))
    assert least < share < most


def test_a_listener_does_not_look_less_than_a_speaker() -> None:
    shares = []
    moods: tuple[Mood, ...] = ("thinking", "speaking", "listening")
    for mood in moods:
        yaw, pitch = look(mood)
        shares.append(np.mean(np.hypot(yaw, pitch) < LOOKED_AT))
    assert shares[0] + 0.2 < shares[1] < shares[2] - 0.08


def test_looks_and_glances_do_not_last_longer_than_peoples() -> None:
    yaw, pitch = look("listening")
    looks, glances = spells(np.hypot(yaw, pitch) < LOOKED_AT)
    assert 5 < np.median(looks) < 9 and looks.max() < 12
    assert 0.7 < np.median(glances) < 1.6


def test_who_thinks_does_not_look_down_more_than_up() -> None:
    yaw, pitch = look("thinking")
    away = np.hypot(yaw, pitch) > LOOKED_AT
    assert np.mean(pitch[away] > 3) > 0.5 > np.mean(pitch[away] < -3) * 2


@pytest.mark.parametrize("degrees", [2.0, 5.0, 10.0, 20.0])
def test_saccades_are_not_slower_or_faster_than_the_main_sequence(degrees: float) -> None:
    seconds = saccade_seconds(degrees)
    places = degrees * np.array([reach(t) for t in np.linspace(0, 1, 1_001)])
    peak = np.diff(places).max() / (seconds / 1_000)
    # Baloh et al. (1975).
    assert peak == pytest.approx(551 * (1 - np.exp(-degrees / 14)), rel=0.25)


def test_no_eye_glides() -> None:
    yaw, pitch = look("speaking", 10)
    moving = np.hypot(np.diff(yaw), np.diff(pitch)) > 1e-9
    runs = np.diff(np.flatnonzero(np.diff(np.r_[0, moving.astype(int), 0])))[::2]
    # No saccade here takes 100 ms; all else is fixation.
    assert np.mean(runs > 3) < 0.01  # but for two of them in a row
    assert moving.mean() < 0.15


def test_fixations_are_not_dead() -> None:
    yaw, pitch = look("listening", 5)
    near = np.hypot(yaw, pitch) < LOOKED_AT
    assert 0.1 < np.std(yaw[near]) < 1.2
    moves = np.flatnonzero(np.hypot(np.diff(yaw), np.diff(pitch)) > 0.05)
    fixations = np.diff(moves)[np.diff(moves) > 1] / 30
    assert 0.3 < fixations.mean() < 1.5 and fixations.max() < 3


def test_the_eyes_do_not_go_along_with_the_head() -> None:
    gaze, other = Gaze(Random(2)), Gaze(Random(2))
    for frame in range(900):
        head = HeadPose(yaw=6 * np.sin(frame / 9), pitch=3 * np.cos(frame / 7))
        yaw, pitch, _ = gaze.step(MANNERS["listening"], head)
        still_yaw, still_pitch, _ = other.step(MANNERS["listening"], HeadPose())
        assert yaw + head.yaw == pytest.approx(still_yaw)
        assert pitch + head.pitch == pytest.approx(still_pitch)
