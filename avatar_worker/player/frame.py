"""What a face shows, tied to the sound that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_worker.face import HeadPose
from avatar_worker.player.segment import Weights


@dataclass(frozen=True, eq=False)
class Acted:
    """A slot's face."""

    weights: Weights
    """(52,)."""
    pose: HeadPose


@dataclass(frozen=True, eq=False)
class Frame:
    """A slot's face when the slot has begun."""

    time: int
    """Samples at 48 kHz that the player released before it, silence included."""
    segment: int | None
    """That which sounds; None while nobody speaks."""
    position: int
    """Samples of the segment that were released before it."""
    paused: bool
    face: Acted
