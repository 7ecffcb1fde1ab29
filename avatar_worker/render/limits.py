"""Poses for which a head is made; beyond them it is drawn whole, which takes longer."""

from __future__ import annotations

from typing import Final

from avatar_worker.face.pose import HeadPose

MAX_YAW: Final = 25.0
MAX_PITCH: Final = 15.0
MAX_ROLL: Final = 20.0
"""Degrees to either side."""


def is_usual(pose: HeadPose) -> bool:
    """Whether the pose is within the limits."""
    return abs(pose.yaw) <= MAX_YAW and abs(pose.pitch) <= MAX_PITCH and abs(pose.roll) <= MAX_ROLL
