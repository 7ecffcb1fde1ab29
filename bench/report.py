"""What a benchmark hands back: figures under fixed keys, with the machine that they hold for."""

from __future__ import annotations

import json
import math
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil


@dataclass(frozen=True)
class Percentiles:
    """Of ``count`` values, in their unit."""

    p50: float
    p95: float
    p99: float
    count: int

    def metrics(self, name: str, unit: str = "ms") -> dict[str, float]:
        """``{"NAME_p50_UNIT": …, "NAME_p95_UNIT": …, "NAME_p99_UNIT": …}``."""
        return {f"{name}_p{p}_{unit}": getattr(self, f"p{p}") for p in (50, 95, 99)}


def percentiles(values: Iterable[float]) -> Percentiles:
    """Linearly interpolated. Raises ValueError where there is no value, or one is not finite."""
    given = np.fromiter(values, float)
    if not len(given) or not np.isfinite(given).all():
        raise ValueError(f"percentiles need finite values, at least one: {given.tolist()}")
    p50, p95, p99 = (float(value) for value in np.percentile(given, (50, 95, 99)))
    return Percentiles(p50, p95, p99, len(given))


@dataclass(frozen=True)
class Machine:
    """What the figures hold for."""

    cpu: str
    cores: int
    """That this process may use."""
    memory_gib: float
    system: str
    python: str
    livekit: str
    """Version of ``livekit``, the Python SDK with libwebrtc inside."""
    livekit_agents: str
    load_before: float | None = None
    """Cores that were in use in the second before the benchmark began; None: nobody looked. A load
    average would count the benchmark before it."""


class Missing(Exception):
    """This machine lacks what the benchmark needs; the text says what."""


def cores_in_use(seconds: float = 1.0) -> float:
    """By whatever runs on this machine, watched for so long."""
    return psutil.cpu_percent(seconds) / 100 * (psutil.cpu_count() or 1)


def this_machine(load_before: float | None = None) -> Machine:
    return Machine(
        cpu=_cpu_name(),
        cores=usable_cores(),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        system=platform.platform(terse=True),
        python=platform.python_version(),
        livekit=version("livekit"),
        livekit_agents=version("livekit-agents"),
        load_before=None if load_before is None else round(load_before, 2),
    )


def usable_cores() -> int:
    """That this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Report:
    """The outcome of one benchmark."""

    bench: str
    runs: int
    """How often the thing measured was tried: sentences, interrupts, clicks, …"""
    metrics: dict[str, float]
    """Finite numbers; the unit is the end of each key. What was not measured is left out."""
    notes: tuple[str, ...] = ()
    """For the reader: what could not be measured here, and why."""
    machine: Machine = field(default_factory=this_machine)

    def __post_init__(self) -> None:
        for name, value in self.metrics.items():
            if not math.isfinite(value):
                raise ValueError(f"{self.bench}: {name} is {value}; leave out what is not known")

    def to_json(self) -> str:
        """One object: ``bench``, ``machine``, ``runs``, ``metrics``, and ``notes`` if any."""
        metrics = {name: round(float(value), 3) for name, value in self.metrics.items()}
        found: dict[str, Any] = {
            "bench": self.bench,
            "machine": asdict(self.machine),
            "runs": self.runs,
            "metrics": metrics,
        }
        if self.notes:
            found["notes"] = self.notes
        return json.dumps(found, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Report:
        found = json.loads(text)
        return cls(
            found["bench"],
            found["runs"],
            found["metrics"],
            tuple(found.get("notes", ())),
            Machine(**found["machine"]),
        )
