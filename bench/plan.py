"""What ``python -m bench all`` runs, and about how long each takes on two cores."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Run:
    """One benchmark with its options."""

    name: str
    options: tuple[str, ...]
    minutes: float
    """About, on two cores."""

    def __str__(self) -> str:
        return " ".join((self.name, *self.options))

    @property
    def slug(self) -> str:
        """Names its files."""
        return re.sub(r"[^\w.]+", "-", str(self))


@dataclass(frozen=True)
class Entry:
    """A benchmark in full and in short: what it is run with, and the minutes of that."""

    name: str
    full: tuple[str, float]
    quick: tuple[str, float]
    """Enough to see that everything works and where the figures lie: tails are guesses."""

    def run(self, *, quick: bool) -> Run:
        options, minutes = self.quick if quick else self.full
        return Run(self.name, tuple(options.split()), minutes)


PLAN: Final = (
    Entry("hop", ("", 8), ("--runs 5", 3)),
    Entry("hop", ("--standin", 9), ("--standin --runs 5", 3)),
    Entry("sync", ("--busy", 9), ("--minutes 0.5", 4)),
    Entry("drawn", ("", 5), ("--seconds 15", 3)),
    Entry("smooth", ("", 6), ("--minutes 1", 2)),
    Entry("looks", ("", 2), ("--changes 4", 1)),
    Entry("bargein", ("", 12), ("--interrupts 10 --scripted 20", 3)),
    Entry("turn", ("", 7), ("--questions 5 --instant 3", 3)),
    Entry("turns", ("", 18), ("--each 4", 3)),
    Entry("kill", ("", 7), ("--kills 2 --worker-kills 1", 2)),
    Entry("network", ("", 5), ("--minutes 0.5 --sentences 4", 2)),
    Entry("rooms", ("", 5), ("--most 3 --voices 2", 4)),
    Entry("leaks", ("", 10), ("--rooms 5 --segments 20", 2)),
    Entry("door", ("", 5), ("--inputs 1000 --sentences 8", 2)),
    Entry("knowledge", ("", 5), ("--passages 10000", 3)),
    Entry("render", ("", 2), ("--frames 60", 1)),
    Entry("lips", ("", 1), ("", 1)),
    Entry("soak", ("--minutes 10", 11), ("--minutes 2", 3)),
)
"""From what a person notices first to what shows after hours."""


def plan(*, quick: bool, only: Collection[str] = ()) -> list[Run]:
    """``only``: names; all without one. Raises ValueError for a name that is not there."""
    known = {entry.name for entry in PLAN}
    if strangers := sorted(set(only) - known):
        raise ValueError(f"no benchmark {', '.join(strangers)}: use {', '.join(sorted(known))}")
    return [entry.run(quick=quick) for entry in PLAN if not only or entry.name in only]
