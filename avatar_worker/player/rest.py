"""A face at rest hardly moves: the last picture serves until a difference would be seen."""

from __future__ import annotations

from typing import Final

import numpy as np

from avatar_worker.face import HeadPose
from avatar_worker.player.segment import Weights

DRIFT: Final = 0.12
"""Degrees from the pose last drawn that nobody sees: a quarter of a pixel at 512 lines."""
STEP: Final = 0.25
"""Degrees from the pose last drawn that one picture may be late by: half a pixel."""
_SAME_WEIGHT: Final = 0.02


class Rest:
    """Says what to draw, from one picture to the next.

    A silent face drifts by tenths of a degree: then every second picture, or fewer, is drawn.
    """

    def __init__(self) -> None:
        self._drawn: tuple[Weights, HeadPose] | None = None
        self._held = False

    @property
    def is_held(self) -> bool:
        """What :meth:`settle` answered last was answered before."""
        return self._held

    def settle(self, weights: Weights, pose: HeadPose, speaking: bool) -> tuple[Weights, HeadPose]:
        """``weights`` (52,) and ``pose``, or those last drawn where they look alike."""
        if self._drawn is not None and not speaking:
            before, at = self._drawn
            away = max(abs(pose.yaw - at.yaw), abs(pose.pitch - at.pitch), abs(pose.roll - at.roll))
            bound = DRIFT if self._held else STEP
            if away < bound and float(np.abs(weights - before).max()) < _SAME_WEIGHT:
                self._held = True
                return self._drawn
        self._held = False
        self._drawn = weights, pose
        return self._drawn
