"""How often and how large pictures are drawn: what gives way when they miss their time.

First the rate goes down, then the size; the voice has nothing to do with it. Pure logic without a
clock: every picture that is wanted stands for its share of a second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from avatar_worker.player.segment import FPS

MISSES: Final = 6
"""Pictures of one second that may not miss their time: so many are a level down."""
SETTLE: Final = 0.3
"""Seconds after a change in which a miss is still the last level's."""
PATIENCE: Final = 2.0
"""Seconds without a miss before a level up is tried."""
LONGEST_PATIENCE: Final = 64.0
"""A level up that did not last :data:`PROBATION` doubles the patience, up to this."""
PROBATION: Final = 10.0
"""Seconds that a level up must last to count as right."""
HEADROOM: Final = 0.7
"""Share of a picture's time that drawing it may take for the level to be tried."""
WINDOW: Final = 2.0
"""Seconds of drawing that :attr:`Quality.frame_seconds` is about."""


@dataclass(frozen=True)
class Level:
    """One step of the ladder."""

    rate: int = FPS
    """Pictures a second, of the :data:`FPS` slots."""
    scale: float = 1.0
    """Of the full width and height."""

    def draws(self, slot_serial: int) -> bool:
        """Whether this slot gets a picture of its own; evenly spread."""
        return slot_serial * self.rate % FPS < self.rate

    @property
    def budget(self) -> float:
        """Seconds from one picture to the next."""
        return 1 / self.rate


LADDER: Final = (
    Level(),
    Level(rate=20),
    Level(rate=15),
    Level(rate=10),
    Level(rate=10, scale=0.75),
    Level(rate=10, scale=0.5),
)
"""Best first. The mouth is legible at ten pictures a second; size is given up last."""
SCALES: Final = tuple(dict.fromkeys(level.scale for level in LADDER))

assert all(a.rate >= b.rate and a.scale >= b.scale for a, b in pairwise(LADDER))


@dataclass(frozen=True)
class FrameSeconds:
    """How long pictures took to draw."""

    p50: float
    p95: float


class Quality:
    """Goes down the :data:`LADDER` quickly and up slowly.

    One thread records; any thread may read.
    """

    def __init__(self, rate: int = FPS, warm_up: float = 0.0) -> None:
        """
        Args:
            rate: Pictures a second at best, one of the :data:`LADDER`'s.
            warm_up: Seconds at the beginning in which nothing is counted.
        """
        self._best = self._step = next(i for i, level in enumerate(LADDER) if level.rate <= rate)
        self._patience = PATIENCE
        self._since_up = PROBATION
        self._settling = warm_up
        self._calm = 0.0
        self._start_anew()

    @property
    def level(self) -> Level:
        return LADDER[self._step]

    @property
    def is_full(self) -> bool:
        """Nothing had to give way."""
        return self._step == self._best

    @property
    def frame_seconds(self) -> FrameSeconds | None:
        """Of the last :data:`WINDOW` at this level; None before the first picture."""
        seconds = sorted(self._seconds)
        if not seconds:
            return None
        return FrameSeconds(*(seconds[round(share * (len(seconds) - 1))] for share in (0.5, 0.95)))

    def record(self, seconds_to_draw: float, missed: bool) -> None:
        """A picture that was wanted.

        Args:
            seconds_to_draw: 0 where it was never drawn.
            missed: It was shown late or not at all.
        """
        level = self.level
        if seconds_to_draw > 0:
            self._seconds.append(seconds_to_draw)
        self._since_up += level.budget
        if self._settling > 0:
            self._settling -= level.budget
            return
        self._missed.append(missed)
        self._calm = max(0.0, self._calm - 1.0) if missed else self._calm + level.budget
        if sum(self._missed) >= MISSES:
            self._go_down()
        elif self._calm >= self._patience and self._next_would_fit():
            self._go_to(self._step - 1)
            self._since_up = 0.0

    def _go_down(self) -> None:
        """To the first level below whose time is enough for what drawing takes now."""
        if self._since_up < PROBATION:
            self._patience = min(2 * self._patience, LONGEST_PATIENCE)
        else:
            self._patience = PATIENCE
        seconds = median(self._seconds) if self._seconds else 0.0
        for step in range(self._step + 1, len(LADDER)):
            if self._expected(seconds, step) <= LADDER[step].budget:
                break
        else:
            step = len(LADDER) - 1
        self._go_to(step)

    def _next_would_fit(self) -> bool:
        if self.is_full or (spent := self.frame_seconds) is None:
            return False
        above = self._step - 1
        return self._expected(spent.p95, above) <= HEADROOM * LADDER[above].budget

    def _expected(self, seconds: float, step: int) -> float:
        """What drawing would take there: as much more as there are more pixels."""
        return float(seconds * (LADDER[step].scale / self.level.scale) ** 2)

    def _go_to(self, step: int) -> None:
        self._step = step
        self._settling = SETTLE
        self._start_anew()

    def _start_anew(self) -> None:
        rate = self.level.rate
        self._seconds: deque[float] = deque(maxlen=round(WINDOW * rate))
        self._missed: deque[bool] = deque(maxlen=rate)
        self._calm = 0.0
