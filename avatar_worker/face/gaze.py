"""Where the eyes look: mostly at the person, never quite still."""

from __future__ import annotations

from random import Random

from avatar_worker.face.moods import Manner
from avatar_worker.face.motion import FRAME
from avatar_worker.face.pose import HeadPose

_REACH = 0.65
"""Share of the way to the target that a frame covers: ten degrees take about 60 ms."""
_FAR = 7.0
"""Degrees from which a shift of gaze is a far one."""


class Gaze:
    """Fixations, micro saccades and glances aside, in degrees against the line to the person."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._yaw = self._pitch = 0.0
        self._base = (0.0, 0.0)
        self._target = (0.0, 0.0)
        self._until_shift = random.uniform(1.0, 4.0)
        self._until_micro = 0.3
        self._at_person = True

    @property
    def base(self) -> tuple[float, float]:
        """Yaw and pitch of what is being looked at; the head turns a little that way."""
        return self._base

    def step(self, manner: Manner, head: HeadPose) -> tuple[float, float, bool]:
        """Return the eyes' yaw and pitch in the head, and whether a far shift begins now.

        Yaw is positive to the person's left, pitch upwards. The eyes undo what the head does.
        """
        self._until_shift -= FRAME
        self._until_micro -= FRAME
        far = False
        if self._until_shift <= 0:
            far = self._shift(manner)
        elif self._until_micro <= 0:
            self._wander(0.7 if self._at_person else 1.2)
        self._yaw += (self._target[0] - self._yaw) * _REACH
        self._pitch += (self._target[1] - self._pitch) * _REACH
        return self._yaw - head.yaw, self._pitch - head.pitch, far

    def look_back(self) -> None:
        """Turn to the person, and stay for a while."""
        self._at_person = True
        self._base = (0.0, 0.0)
        self._until_shift = self._random.uniform(1.2, 2.5)
        self._wander(0.5)

    def _shift(self, manner: Manner) -> bool:
        random, before = self._random, self._base
        self._at_person = random.random() >= manner.away
        if self._at_person:
            self._base = (0.0, 0.0)
            self._until_shift = 1.2 + 5 * random.betavariate(1.3, 2.5)
        else:
            side = random.choice((-1, 1))
            rise = random.uniform(4, 9) if manner.up else random.uniform(-6, 3)
            self._base = (side * random.uniform(5, 12), rise)
            self._until_shift = random.uniform(*manner.away_seconds)
        self._wander(0.5)
        return abs(self._base[0] - before[0]) + abs(self._base[1] - before[1]) > _FAR

    def _wander(self, degrees: float) -> None:
        """A new point beside the base, as the eyes go from one eye of the person to the other."""
        yaw = min(2.5, max(-2.5, self._random.gauss(0, degrees)))
        pitch = min(1.5, max(-1.5, self._random.gauss(0, 0.6 * degrees)))
        self._target = (self._base[0] + yaw, self._base[1] + pitch)
        self._until_micro = 0.25 + 1.3 * self._random.betavariate(1.3, 2.5)
