"""What rooms took, and what follows for one of them. Pure arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bench.rooms_worker import Ledger

FPS: Final = 30
FULL_RATE: Final = 0.95 * FPS
"""Pictures a second that a listener of a room must get."""
PARTS: Final = {
    "render": ("visavis-draw",),
    "lips": ("visavis-lips",),
    "encode": ("VideoEncoder",),
    "voice": ("visavis-pump", "AudioEncoder", "livekit-audio"),
    "network": ("network_thread", "worker_thread", "tokio"),
}
"""Beginnings of the names of the threads that do each part."""


@dataclass(frozen=True)
class Load:
    """What so many rooms took, over one window."""

    rooms: int
    cores: float
    """Of all the worker's processes."""
    megabytes: float
    """Proportional set size of all the worker's processes."""
    rate: float
    """Pictures a second in the worst room."""
    frame_ms: float
    """p95 of drawing one in the worst room, as the rooms note it; 0 where they do not."""
    is_full: bool
    """No room had to lower its rate or size."""
    parts: dict[str, float]
    """Cores by part, all rooms together."""

    @property
    def is_good(self) -> bool:
        return self.is_full and self.rate >= FULL_RATE and self.frame_ms <= 1000 / FPS


def spent(before: Iterable[Ledger], after: Iterable[Ledger]) -> dict[str, float]:
    """Cores by the name of the thread, all rooms together, between two readings."""
    earlier = {ledger.pid: ledger for ledger in before}
    found: dict[str, float] = {}
    for ledger in after:
        if (old := earlier.get(ledger.pid)) is None or ledger.at <= old.at:
            continue
        for name, seconds in ledger.threads.items():
            share = (seconds - old.threads.get(name, 0.0)) / (ledger.at - old.at)
            found[name] = found.get(name, 0.0) + share
    return found


def by_part(threads: dict[str, float]) -> dict[str, float]:
    """:data:`PARTS`, and ``other`` for the rest."""
    parts = dict.fromkeys((*PARTS, "other"), 0.0)
    for name, share in threads.items():
        part = next((part for part, names in PARTS.items() if name.startswith(names)), "other")
        parts[part] += share
    return parts


def figures(
    faces: Sequence[Load], voices: Sequence[Load], stock: Sequence[Load], cores: int
) -> dict[str, float]:
    """Each of the three: the load with 0, 1, 2, … rooms. ``cores``: that the worker had."""
    good = [load for load in itertools.takewhile(lambda load: load.is_good, faces) if load.rooms]
    # Where not even one room is served fully, what it takes is said all the same.
    best = good[-1] if good else faces[1]
    frames = best.rate * best.rooms
    metrics = {
        "rooms_at_once": len(good),
        "rooms_per_core": len(good) / cores,
        "fps_worst_room": best.rate,
        "frame_p95_ms": best.frame_ms,
        "cores_per_room": (best.cores - faces[0].cores) / best.rooms,
        "mb_per_room": (best.megabytes - faces[0].megabytes) / best.rooms,
        "mb_worker": faces[0].megabytes,
        "cpu_share_encoder": best.parts["encode"] / sum(best.parts.values()),
    }
    metrics |= {
        f"cpu_ms_per_frame_{part}": 1000 * share / frames for part, share in best.parts.items()
    }
    if (over := faces[-1]) is not best:
        metrics |= {"one_more_fps": over.rate, "one_more_frame_p95_ms": over.frame_ms}
    for prefix, loads in (("voice", voices), ("stock", stock)):
        if len(loads) > 1:
            share = (loads[-1].cores - loads[0].cores) / loads[-1].rooms
            metrics[f"{prefix}_cores_per_room"] = share
            metrics[f"{prefix}_mb_per_room"] = (loads[-1].megabytes - loads[0].megabytes) / loads[
                -1
            ].rooms
    if len(voices) > 1:
        metrics["voice_rooms_per_core"] = 1 / metrics["voice_cores_per_room"]
    if len(stock) > 1:
        metrics["stock_fps"] = stock[-1].rate
    return {name: round(value, 4) for name, value in metrics.items()}
