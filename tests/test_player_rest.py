"""Pictures of a face at rest."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np

from avatar_worker.face import Face, HeadPose
from avatar_worker.player.rest import STEP, Rest

CALM = np.zeros(52, np.float32)


def test_a_face_at_rest_is_not_drawn_for_what_nobody_sees() -> None:
    face, rest = Face(Random(2)), Rest()
    meant = [face.step(None) for _ in range(600)]
    drawn = [rest.settle(weights, pose, False) for weights, pose in meant]
    moved = sum(a[1] != b[1] for a, b in pairwise(drawn))
    wanted = sum(a[1] != b[1] for a, b in pairwise(meant))
    assert moved < 0.75 * wanted
    for (weights, pose), (seen, at) in zip(meant, drawn, strict=True):
        assert abs(pose.yaw - at.yaw) < STEP and abs(pose.pitch - at.pitch) < STEP
        assert np.abs(weights - seen).max() < 0.02


def test_a_drift_does_not_stand_for_two_pictures() -> None:
    rest = Rest()
    poses = [HeadPose(yaw=0.15 * number) for number in range(20)]
    drawn = [rest.settle(CALM, pose, False)[1] for pose in poses]
    assert drawn[::2] == poses[::2]


def test_speech_and_blinks_are_not_held_back() -> None:
    rest = Rest()
    rest.settle(CALM, HeadPose(), True)
    near = HeadPose(yaw=0.05)
    assert rest.settle(CALM, near, True)[1] is near
    shut = CALM.copy()
    shut[0] = 0.1
    assert rest.settle(shut, near, False)[0] is shut
