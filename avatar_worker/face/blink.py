"""Blinks: how often, how long, and in which moments.

How often goes by what somebody does: 8 to 21 a minute at rest, 10 to 33 in conversation, 1 to 14
while reading (95 % intervals of Doughty 2001; means of Bentivoglio et al. 1997: 17, 26, 4.5).
Intervals are log-normal (Garcia, Pinto, Barbosa and Cruz 2011). The lids shut in less time than
they take to open (VanderWerf, Brassinga, Reits, Aramideh and Ongerboer de Visser 2003), 100 to
400 ms in all. Speakers blink where a phrase ends (Nakano and Kitazawa 2010), and the wider the
gaze moves, the likelier a blink goes with it (Evinger, Manning, Pellegrini, Basso, Powers and
Sibony 1994).
"""

from __future__ import annotations

import math
from random import Random
from typing import Final

from avatar_worker.face.motion import FRAME, smoothstep

REFRACTORY: Final = 0.5
"""Seconds after a blink in which no cause but a double blink brings another."""
_DOUBLE: Final = 0.12
"""Share of blinks that come twice."""
_SPREAD: Final = 0.6
"""Standard deviation of the intervals' logarithm."""
_LONGEST: Final = 2.4
"""Intervals are cut at so many times their mean."""
_LASTING: Final = 0.3
"""Seconds that a blink takes, about."""
_SURE: Final = 33.0
"""Degrees from which every shift of gaze brings a blink (Evinger et al. 1994)."""


class Blinks:
    """Lids that close now and then."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._wait = self._draw()
        """What is left of the interval: in mean intervals, before a second blink in seconds."""
        self._rested = REFRACTORY
        self._age: float | None = None
        self._again = False
        self._closing = self._hold = self._opening = 0.0

    def shift(self, degrees: float) -> None:
        """The gaze moves by ``degrees``: blink with it, perhaps."""
        self.suggest(degrees / _SURE)

    def suggest(self, chance: float) -> None:
        """A good moment: blink now with this probability, unless a blink is hardly over."""
        if self._age is None and self._rested >= REFRACTORY and self._random.random() < chance:
            self._wait = 0.0

    def step(self, rate: float) -> float:
        """Return how far the lids are shut, 0..1. ``rate``: blinks a minute, doubles included."""
        if self._age is None:
            self._rested += FRAME
            mean = 1.0 if self._again else (1 + _DOUBLE) * (60 / rate - _LASTING)
            self._wait -= FRAME / max(0.2, mean)
            if self._wait > 0:
                return 0.0
            self._begin()
        assert self._age is not None
        self._age += FRAME
        opening_age = self._age - self._closing - self._hold
        if opening_age >= self._opening:
            self._end()
            return 0.0
        # The lids slow down as they open: most of the way is done in half of the time.
        opened = smoothstep(max(0.0, opening_age / self._opening) ** 0.8)
        return smoothstep(self._age / self._closing) - opened

    def _begin(self) -> None:
        self._age = 0.0
        self._again = not self._again and self._random.random() < _DOUBLE
        self._closing = self._random.uniform(0.07, 0.10)
        # At least one whole frame, so that one is drawn with the eyes shut.
        self._hold = self._random.uniform(FRAME, 1.6 * FRAME)
        self._opening = self._random.uniform(0.13, 0.22)

    def _end(self) -> None:
        self._age = None
        self._rested = 0.0
        self._wait = self._random.uniform(0.05, 0.12) if self._again else self._draw()

    def _draw(self) -> float:
        """An interval, 1 on average but for the cut."""
        drawn = math.exp(self._random.gauss(-_SPREAD * _SPREAD / 2, _SPREAD))
        return min(_LONGEST, drawn)
