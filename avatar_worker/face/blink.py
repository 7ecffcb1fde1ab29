"""Blinks."""

from __future__ import annotations

from random import Random

from avatar_worker.face.motion import FRAME, smoothstep

_DOUBLE = 0.15
"""Share of blinks that come twice."""


class Blinks:
    """Lids that close now and then, at skewed intervals of 1 to 8 s (mean 3.3 s)."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._due = self._interval()
        self._age: float | None = None
        self._again = False

    def ask(self) -> None:
        """Blink now, as people do when the gaze moves far; harmless within a blink."""
        if self._age is None:
            self._due = 0.0

    def step(self, pace: float = 1.0) -> float:
        """Return how far the lids are shut, 0..1. ``pace`` above 1 makes blinks more frequent."""
        if self._age is None:
            self._due -= FRAME * pace
            if self._due > 0:
                return 0.0
            self._begin()
        assert self._age is not None
        self._age += FRAME
        opening_age = self._age - self._closing - self._hold
        if opening_age >= self._opening:
            self._end()
            return 0.0
        return smoothstep(self._age / self._closing) - smoothstep(opening_age / self._opening)

    def _begin(self) -> None:
        self._age = 0.0
        self._again = not self._again and self._random.random() < _DOUBLE
        self._closing = self._random.uniform(0.07, 0.09)
        # At least one whole frame, so that one is drawn with the eyes shut.
        self._hold = self._random.uniform(FRAME, 2 * FRAME)
        self._opening = self._random.uniform(0.10, 0.15)

    def _end(self) -> None:
        self._age = None
        self._due = self._random.uniform(0.06, 0.15) if self._again else self._interval()

    def _interval(self) -> float:
        return 1 + 7 * self._random.betavariate(1.5, 3)
