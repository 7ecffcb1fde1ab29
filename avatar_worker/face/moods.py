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
    stir: float
    """Size of the quicker head motion of someone who speaks."""
    yaw: float
    pitch: float
    roll: float
    sway: float
    """Size of a change of posture; 1 is about two degrees of yaw."""
    rest_seconds: float
    """Mean time between two changes of posture."""
    look_seconds: tuple[float, float]
    """How long a look at the person lasts: mean, deviation."""
    away_seconds: tuple[float, float]
    """The same of a glance away."""
    up: float
    """Share of glances that go up, as in search of a word …"""
    aside: float
    """… and of those that go aside; the rest goes down."""
    blink_rate: float
    """Blinks a minute that come by themselves; some come with shifts of gaze and phrases' ends."""
    nod_seconds: float | None = None
    """Mean time between nods of one who listens."""

    def posture(self) -> NDArray[np.float64]:
        """What is eased from mood to mood: smile, brows, frown, stir, yaw, pitch, roll."""
        values = (self.smile, self.brows, self.frown, self.stir)
        return np.array((*values, self.yaw, self.pitch, self.roll))


MANNERS: Final[dict[Mood, Manner]] = {
    "idle": Manner(
        smile=0.12, brows=0.02, frown=0.0, stir=0.0, yaw=0.0, pitch=0.0, roll=0.0,
        sway=1.0, rest_seconds=8.0, look_seconds=(5.0, 1.8), away_seconds=(1.2, 0.4),
        up=0.15, aside=0.55, blink_rate=13.0,
    ),
    "listening": Manner(
        smile=0.14, brows=0.12, frown=0.0, stir=0.0, yaw=0.0, pitch=-1.0, roll=2.5,
        sway=0.7, rest_seconds=9.0, look_seconds=(7.2, 1.9), away_seconds=(1.14, 0.27),
        up=0.15, aside=0.55, blink_rate=9.0, nod_seconds=7.0,
    ),
    "thinking": Manner(
        smile=0.04, brows=0.05, frown=0.14, stir=0.0, yaw=3.0, pitch=1.5, roll=-1.5,
        sway=0.8, rest_seconds=5.0, look_seconds=(1.1, 0.3), away_seconds=(3.5, 1.2),
        up=0.65, aside=0.25, blink_rate=10.0,
    ),
    "speaking": Manner(
        smile=0.08, brows=0.05, frown=0.0, stir=1.0, yaw=0.0, pitch=0.0, roll=0.0,
        sway=1.2, rest_seconds=3.0, look_seconds=(4.75, 1.4), away_seconds=(1.96, 0.32),
        up=0.2, aside=0.5, blink_rate=22.0,
    ),
}  # fmt: skip
"""Looks and glances: see ``gaze.py``; blinks: see ``blink.py``. Listeners hold the head still most
of the time, speakers hardly ever (Hadar, Steiner, Grant and Rose 1983)."""
