"""What the face does while it idles, listens, thinks or speaks, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Mood = Literal["idle", "listening", "thinking", "speaking"]


@dataclass(frozen=True)
class Manner:
    """One mood. Weights are 0..1, angles are degrees as in :class:`HeadPose`."""

    smile: float
    brows: float
    """Raised inner brows."""
    frown: float
    """Lowered brows."""
    sway: float
    """Size of the slow head motion; 1 is about two degrees of yaw."""
    stir: float
    """Size of the quicker head motion of someone who speaks."""
    yaw: float
    pitch: float
    roll: float
    away: float
    """Probability that a change of gaze leaves the person."""
    away_seconds: tuple[float, float]
    up: bool
    """Whether the gaze goes up when it leaves the person, as in search of a word."""
    blink_pace: float
    nod_seconds: float | None
    """Mean time between nods of one who listens."""

    def posture(self) -> NDArray[np.float64]:
        """What is eased from mood to mood: smile, brows, frown, sway, stir, yaw, pitch, roll."""
        values = (self.smile, self.brows, self.frown, self.sway, self.stir)
        return np.array((*values, self.yaw, self.pitch, self.roll))


MANNERS: Final[dict[Mood, Manner]] = {
    "idle": Manner(
        smile=0.12, brows=0.02, frown=0.0, sway=1.0, stir=0.0, yaw=0.0, pitch=0.0, roll=0.0,
        away=0.30, away_seconds=(0.5, 1.8), up=False, blink_pace=1.0, nod_seconds=None,
    ),
    "listening": Manner(
        smile=0.14, brows=0.12, frown=0.0, sway=0.7, stir=0.0, yaw=0.0, pitch=-1.0, roll=2.5,
        away=0.08, away_seconds=(0.3, 0.8), up=False, blink_pace=0.8, nod_seconds=5.0,
    ),
    "thinking": Manner(
        smile=0.04, brows=0.05, frown=0.14, sway=0.8, stir=0.0, yaw=3.0, pitch=1.5, roll=-1.5,
        away=0.85, away_seconds=(0.9, 2.4), up=True, blink_pace=1.1, nod_seconds=None,
    ),
    "speaking": Manner(
        smile=0.08, brows=0.05, frown=0.0, sway=1.2, stir=1.0, yaw=0.0, pitch=0.0, roll=0.0,
        away=0.35, away_seconds=(0.4, 1.3), up=False, blink_pace=1.25, nod_seconds=None,
    ),
}  # fmt: skip
