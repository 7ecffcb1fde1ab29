"""Breath, as far as a head shows it."""

from __future__ import annotations

from random import Random
from typing import Final

from avatar_worker.face.motion import Reach

_RATE: Final = 14.0
"""Breaths a minute at rest: 12 to 16 in most adults."""
_IN, _OUT = 0.38, 0.44
"""Shares of a breath; the rest is the pause before the next one."""
_SPOKEN_OUT: Final = 4.0
"""Seconds that the air of a spoken phrase lasts, about."""


class Breath:
    """How full the lungs are, 0..1: in, out, and a rest at rest.

    Who speaks breathes in quickly in the pauses and out with the words (Conrad and Schönle 1979).
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._air = Reach(random.random())
        self._rest = 0.0
        self._rising = False

    def gasp(self) -> None:
        """Take in air for the next phrase."""
        if self._air.place < 0.6:
            self._air.go(self._random.uniform(0.8, 1.0), 0.5)
            self._rising = True

    def step(self, pace: float, speaking: bool) -> float:
        """``pace``: 1 is the rate at rest."""
        air = self._air
        if air.busy:
            return air.step(pace)
        if self._rising:
            self._rising = False
            seconds = _SPOKEN_OUT if speaking else _OUT * self._length()
            air.go(0.0, seconds)
            self._rest = (1 - _IN - _OUT) * self._length()
        elif speaking:
            return air.place
        elif self._rest > 0:
            self._rest -= pace / 30
        else:
            self._rising = True
            air.go(self._random.uniform(0.75, 1.0), _IN * self._length())
        return air.place

    def _length(self) -> float:
        return 60 / _RATE * self._random.uniform(0.85, 1.15)
