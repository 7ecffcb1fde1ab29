"""Movement without corners: drift that never repeats, reaches, short pulses, and easing."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from numpy.typing import NDArray

FRAME = 1 / 30
"""Seconds between two steps of everything here."""


def smoothstep(x: float) -> float:
    """0 before 0, 1 after 1, level at both ends."""
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)


def reach(x: float) -> float:
    """The way of a limb or an eye from 0 to 1, of least jerk (Flash and Hogan 1985).

    Its greatest speed is 15/8 of the mean one.
    """
    x = min(1.0, max(0.0, x))
    return x * x * x * (10 + x * (6 * x - 15))


def bell(random: Random, mean: float, deviation: float) -> float:
    """A normal number within two deviations of its mean."""
    return mean + deviation * min(2.0, max(-2.0, random.gauss(0, 1)))


class Drift:
    """Sines whose frequencies have no common period; about ±1, mean 0."""

    def __init__(self, random: Random, slowest: float) -> None:
        """``slowest``: Hz; the others are 1.62 and 2.9 times that, each smaller."""
        self._waves = [
            (slowest * ratio * random.uniform(0.9, 1.1), random.uniform(0, 2 * math.pi), size)
            for ratio, size in ((1.0, 0.6), (math.sqrt(5) / 2 + 0.5, 0.35), (2.9, 0.15))
        ]

    def at(self, seconds: float) -> float:
        return sum(a * math.sin(2 * math.pi * f * seconds + p) for f, p, a in self._waves)


class Reach:
    """A value that moves from place to place and rests between: see :func:`reach`."""

    def __init__(self, place: float = 0.0) -> None:
        self._from = self._to = self.place = place
        self._age = self._length = 1.0

    @property
    def busy(self) -> bool:
        return self._age < self._length

    def go(self, place: float, seconds: float) -> None:
        """Set out for ``place`` from wherever it is."""
        self._from, self._to = self.place, place
        self._age, self._length = 0.0, seconds

    def step(self, pace: float = 1.0) -> float:
        if self.busy:
            self._age += FRAME * pace
            part = reach(self._age / self._length)
            self.place = self._from + (self._to - self._from) * part
        return self.place


class Pulse:
    """A bump that rises and falls once: a nod, a lift of the brows."""

    def __init__(self) -> None:
        self._size = 0.0
        self._length = 1.0
        self._age = 1.0

    @property
    def busy(self) -> bool:
        return self._age < self._length

    def start(self, size: float, seconds: float) -> None:
        """Does nothing while the last one is under way."""
        if not self.busy:
            self._size, self._length, self._age = size, seconds, 0.0

    def step(self) -> float:
        if not self.busy:
            return 0.0
        self._age += FRAME
        return self._size * (0.5 - 0.5 * math.cos(2 * math.pi * min(1.0, self._age / self._length)))


class Ease:
    """Follows a vector through two first-order lags: no jump in place or in speed."""

    def __init__(self, start: NDArray[np.float64], seconds: float) -> None:
        self._keep = math.exp(-FRAME / (seconds / 2))
        self._near = start.copy()
        self._value = start.copy()

    def step(self, target: NDArray[np.float64]) -> NDArray[np.float64]:
        self._near += (target - self._near) * (1 - self._keep)
        self._value += (self._near - self._value) * (1 - self._keep)
        return self._value.copy()
