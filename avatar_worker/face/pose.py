"""Where the head points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeadPose:
    """Rotation of the head against the shoulders, in degrees; zero looks straight ahead.

    Applied to the head in the order roll, pitch, yaw, about the joint at the top of the neck.
    """

    yaw: float = 0.0
    """Positive turns the face to the person's left (the viewer's right)."""
    pitch: float = 0.0
    """Positive raises the chin: the person looks up."""
    roll: float = 0.0
    """Positive tilts the crown towards the person's left shoulder (the viewer's right)."""
