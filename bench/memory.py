"""How the memory of processes grows: samples over time, and the slope of those that stayed."""

from __future__ import annotations

import asyncio
import csv
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from bench.offsets import slope

INTERVAL: Final = 10.0
"""Seconds between two samples."""


@dataclass(frozen=True)
class Sample:
    """Of one process."""

    at: float
    """Monotonic seconds."""
    rss: float
    """MB; what it shares with the process it was forked from is counted, too."""
    uss: float
    """MB; its own alone."""


@dataclass
class Memory:
    """Samples of each process by (program, process number)."""

    samples: dict[tuple[str, int], list[Sample]] = field(default_factory=lambda: defaultdict(list))

    async def watch(self, processes: Callable[[], Mapping[str, Sequence[psutil.Process]]]) -> None:
        """Sample until cancelled."""
        while True:
            await asyncio.to_thread(self.take, processes())
            await asyncio.sleep(INTERVAL)

    def take(self, processes: Mapping[str, Sequence[psutil.Process]]) -> None:
        for program, members in processes.items():
            for process in members:
                try:
                    used = process.memory_full_info()
                except psutil.Error:  # it has just ended
                    continue
                sample = Sample(time.monotonic(), used.rss / 1e6, used.uss / 1e6)
                self.samples[program, process.pid].append(sample)

    def write(self, file: Path) -> None:
        """One CSV row for each sample: program, process number, monotonic seconds, RSS and USS
        in MB; to see whether what grew goes on growing."""
        with file.open("w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(("program", "pid", "seconds", "rss_mb", "uss_mb"))
            for (program, pid), samples in self.samples.items():
                for sample in samples:
                    rows.writerow((program, pid, f"{sample.at:.1f}", sample.rss, sample.uss))

    def slopes(self, since: float) -> dict[str, float]:
        """MB in ten minutes from ``since`` on: of all together, and by program.

        Only processes that were there from then to the end count: that a worker keeps a spare
        process ready is no growth. Raises ValueError where there are none.
        """
        end = max((rows[-1].at for rows in self.samples.values()), default=0.0)
        found: dict[str, float] = defaultdict(float)
        for (program, _), rows in self.samples.items():
            inside = [row for row in rows if row.at >= since]
            stayed = rows[0].at <= since and rows[-1].at > end - 3 * INTERVAL
            if not stayed or len(inside) < 3:
                continue
            times = np.array([row.at for row in inside])
            for kind in ("rss", "uss"):
                grown = slope(times, np.array([getattr(row, kind) for row in inside]))
                found[f"{kind}_slope_mb_per_10min"] += grown
                found[f"{program}_{kind}_slope_mb_per_10min"] += grown
        if not found:
            raise ValueError("no process was there all the time; measure for longer")
        return dict(found)
