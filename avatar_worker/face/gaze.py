"""Where the eyes look: mostly at the person, never quite still.

Looks and glances aside last as Andrist, Mutlu and Gleicher (2013) timed them; so a listener looks
at the speaker more than a speaker at the listener (Argyle and Cook 1976), between the 75 and 41 %
measured there and the 95 and 77 % of Lee, Badler and Badler (2002). Who thinks looks away
(Glenberg, Schroeder and Robertson 1998), mostly up (McCarthy, Lee, Itakura and Muir 2006).
Saccades last and speed as Baloh, Sills, Kumley and Honrubia (1975) measured.
"""

from __future__ import annotations

import math
from random import Random
from typing import Final

from avatar_worker.face.moods import Manner
from avatar_worker.face.motion import FRAME, Reach, bell
from avatar_worker.face.pose import HeadPose

_CONE: Final = (2.0, 1.2)
"""Degrees aside and up or down within which somebody still feels looked at: half of the cone of
8 to 9 degrees that Gamer and Hecht (2007) found, and less."""


def saccade_seconds(degrees: float) -> float:
    """How long a saccade of this size takes (Baloh et al. 1975)."""
    return 0.037 + 0.0027 * degrees


class Gaze:
    """Fixations, small saccades and glances aside, in degrees against the line to the person."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._yaw, self._pitch = Reach(), Reach()
        self.base = (0.0, 0.0)
        """Yaw and pitch of what is being looked at; the head turns a little that way."""
        self._until_shift = random.uniform(1.0, 4.0)
        self._until_micro = 0.3

    @property
    def at_person(self) -> bool:
        return self.base == (0.0, 0.0)

    def step(self, manner: Manner, head: HeadPose, drop: float = 0.0) -> tuple[float, float, float]:
        """Return the eyes' yaw and pitch in the head, and the size of a shift that begins now.

        Yaw is positive to the person's left, pitch upwards. The eyes undo what the head does, as
        the vestibulo-ocular reflex sees to (its gain is about 1: Leigh and Zee 2015). ``drop``:
        degrees that the gaze is lowered by when it leaves the person, as who is sad does.
        """
        self._until_shift -= FRAME
        self._until_micro -= FRAME
        shift = 0.0
        if self._until_shift <= 0:
            if self.at_person:
                shift = self._look_aside(manner, drop)
            else:
                shift = self.look_at_person(bell(self._random, *manner.look_seconds))
        elif self._until_micro <= 0:
            self._wander(0.7 if self.at_person else 1.2)
        yaw, pitch = self._yaw.step(), self._pitch.step()
        return yaw - head.yaw, pitch - head.pitch, shift

    def look_at_person(self, seconds: float) -> float:
        """Turn to the person, and stay for a while; return the size of the shift."""
        return self._turn((0.0, 0.0), max(0.4, seconds))

    def look_aside(self) -> None:
        """Leave the person, as who begins a phrase does (Kendon 1967)."""
        if self.at_person:
            self._until_shift = 0.0

    def _look_aside(self, manner: Manner, drop: float) -> float:
        random = self._random
        side = random.choice((-1, 1))
        chosen = random.random()
        if chosen < manner.up:
            place = (side * random.uniform(3, 9), random.uniform(5, 9))
        elif chosen < manner.up + manner.aside:
            place = (side * random.uniform(6, 12), random.uniform(-3, 3))
        else:
            place = (side * random.uniform(2, 8), random.uniform(-9, -5))
        return self._turn((place[0], place[1] - drop), max(0.3, bell(random, *manner.away_seconds)))

    def _turn(self, base: tuple[float, float], seconds: float) -> float:
        before, self.base = self.base, base
        self._until_shift = seconds
        self._wander(0.5)
        return math.dist(before, base)

    def _wander(self, degrees: float) -> None:
        """A new point beside the base, as the eyes go from one eye of the person to the other."""
        aside, rise = (
            min(cone, max(-cone, self._random.gauss(0, size)))
            for cone, size in zip(_CONE, (degrees, 0.6 * degrees), strict=True)
        )
        target = self.base[0] + aside, self.base[1] + rise
        seconds = saccade_seconds(math.dist(target, (self._yaw.place, self._pitch.place)))
        self._yaw.go(target[0], seconds)
        self._pitch.go(target[1], seconds)
        self._until_micro = 0.25 + 1.3 * self._random.betavariate(1.3, 2.5)
