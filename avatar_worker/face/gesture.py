"""What the head can be asked to do once: a nod, a shake, a tilt, a wink, raised brows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal, get_args

from avatar_worker.face.motion import FRAME, smoothstep

Gesture = Literal["nod", "shake", "tilt", "wink", "raise_brows"]

GESTURES: Final[tuple[Gesture, ...]] = get_args(Gesture)


class GestureError(ValueError):
    """No such gesture; the text names those that there are."""


def parse_gesture(value: Any) -> Gesture:
    """Raises :class:`GestureError`."""
    for gesture in GESTURES:
        if value == gesture:
            return gesture
    raise GestureError(f"there is no gesture {value!r}: ask for one of {', '.join(GESTURES)}")


@dataclass(frozen=True)
class Shown:
    """What gestures add in one frame: degrees as in ``HeadPose``, weights 0..1."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    wink: float = 0.0
    """How far the left eye is shut."""
    brows: float = 0.0


@dataclass(frozen=True)
class _Motion:
    """One gesture: a size that swells and fades, and how often it swings meanwhile."""

    seconds: float
    size: float
    swings: float


_MOTIONS: Final[dict[Gesture, _Motion]] = {
    "nod": _Motion(0.9, 5.0, 2.0),
    "shake": _Motion(1.2, 6.0, 2.0),
    "tilt": _Motion(1.8, 6.0, 0.0),
    "wink": _Motion(0.4, 1.0, 0.0),
    "raise_brows": _Motion(0.8, 0.7, 0.0),
}
"""A nod and a shake swing about twice a second (Hadar, Steiner, Grant and Rose 1983: ordinary head
movements lie between 1.8 and 3.7 Hz); brows that greet or ask stay up for some 0.3 to 0.8 s
(Grammer, Schiefenhövel, Schleidt, Lorenz and Eibl-Eibesfeldt 1988)."""


class Gestures:
    """Gestures under way. Each kind runs once at a time; kinds overlap freely."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._under_way: dict[Gesture, tuple[float, float]] = {}
        """Seconds since each began, and its side or size."""

    def ask(self, gesture: Gesture) -> None:
        """Begin it now; the same one under way goes on instead."""
        if gesture not in self._under_way:
            side = self._random.choice((-1.0, 1.0)) * self._random.uniform(0.85, 1.15)
            self._under_way[gesture] = (0.0, side)

    def step(self) -> Shown:
        yaw = pitch = roll = wink = brows = 0.0
        for gesture, (age, side) in list(self._under_way.items()):
            motion = _MOTIONS[gesture]
            age += FRAME
            if age >= motion.seconds:
                del self._under_way[gesture]
                continue
            self._under_way[gesture] = (age, side)
            part = age / motion.seconds
            size = motion.size * _swell(part)
            swing = math.sin(2 * math.pi * motion.swings * part)
            if gesture == "nod":
                pitch -= size * abs(side) * (0.5 - 0.5 * math.cos(4 * math.pi * part))
            elif gesture == "shake":
                yaw += size * side * swing
            elif gesture == "tilt":
                roll += size * side
            elif gesture == "wink":
                wink = size
            else:
                brows = size
        return Shown(yaw, pitch, roll, wink, brows)


def _swell(part: float) -> float:
    """0 at both ends, 1 for the middle third; level wherever it turns."""
    return smoothstep(3 * part) * smoothstep(3 * (1 - part))
