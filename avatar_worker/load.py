"""How much of the machine the rooms take, measured: what a worker tells LiveKit as its load.

Each room's process writes what its pictures cost on a :class:`Board`, a folder of small files; the
worker reads them. What other workers on the machine do shows in the same measurements.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from avatar_worker.player.segment import FPS

INTERVAL: Final = 0.5
"""Seconds between two notes of a room."""
STALE: Final = 5.0
"""Seconds after which a room that wrote no more is taken for one that is stuck."""
CPU_LIMIT: Final = 0.9
"""Of all cores; the rest is what a voice needs to be on time."""
FULL: Final = 1.0
_ROOM_LEFT: Final = 0.69
"""The most that is reported while there is room: LiveKit's server gives nothing to a worker above
its ``agents.target_load``, 0.7 by default (``JobRequestAffinity`` in livekit-server 1.13)."""
_CPU_MEMORY: Final = 10.0
"""Seconds that a room's share of the processor is averaged over."""
_DRAINING: Final = "draining"


@dataclass(frozen=True)
class RoomLoad:
    """One room, as its process measured it."""

    at: float
    """``time.time()``: the one clock that processes of a machine share."""
    frame_seconds: float
    """95th percentile of drawing a picture; 0 without pictures."""
    is_full_quality: bool
    """Nothing had to give way; see :class:`~avatar_worker.player.quality.Quality`."""
    cores: float
    """Processor seconds a second of the whole process: model, renderer and encoder."""


class Board:
    """Notes in one folder: the rooms' processes write, their worker reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, job_id: str, load: RoomLoad) -> None:
        draft = self._folder / f"{job_id}.draft"
        draft.write_text(json.dumps(asdict(load)))
        draft.replace(self._note(job_id))

    def read(self, job_id: str) -> RoomLoad | None:
        """None before a room's first note."""
        try:
            return RoomLoad(**json.loads(self._note(job_id).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def forget(self, job_id: str) -> None:
        self._note(job_id).unlink(missing_ok=True)

    def forget_all_but(self, job_ids: set[str]) -> None:
        """Remove the notes of rooms that ended without doing so."""
        for note in self._folder.glob("*.json"):
            if note.stem not in job_ids:
                note.unlink(missing_ok=True)

    def drain(self) -> None:
        """Ask every room to leave as soon as nobody speaks in it."""
        (self._folder / _DRAINING).touch()

    @property
    def is_draining(self) -> bool:
        return (self._folder / _DRAINING).exists()

    def _note(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.json"


class Processor:
    """How many cores this process takes, averaged over some seconds."""

    def __init__(
        self,
        used: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._used, self._clock = used, clock
        self._readings: deque[tuple[float, float]] = deque([(clock(), used())])

    def read(self) -> float:
        now, used = self._clock(), self._used()
        while len(self._readings) > 1 and now - self._readings[0][0] > _CPU_MEMORY:
            self._readings.popleft()
        then, used_then = self._readings[0]
        self._readings.append((now, used))
        return (used - used_then) / (now - then) if now > then else 0.0


@dataclass(frozen=True)
class Fullness:
    """Three shares of what a worker can do; from :data:`FULL` on, one more room would not fit."""

    rooms: float
    """Of the rooms that may be."""
    processor: float
    """Of all cores, one more room counted in."""
    drawing: float
    """Of a picture's time, one more room counted in."""
    behind: int
    """Rooms that had to lower their quality, or that are stuck."""

    @property
    def share(self) -> float:
        largest = max(self.rooms, self.processor, self.drawing)
        return max(largest, FULL) if self.behind else largest

    @property
    def reported(self) -> float:
        """What LiveKit is told."""
        return FULL if self.share >= FULL else _ROOM_LEFT * self.share

    def __str__(self) -> str:
        return (
            f"{self.rooms:.0%} of the rooms taken; with one more, {self.processor:.0%} of the "
            f"processor and {self.drawing:.0%} of a picture's time; {self.behind} rooms behind"
        )


def measure(
    weights: Mapping[str, float],
    notes: Mapping[str, RoomLoad],
    *,
    max_rooms: float,
    cores: float,
    now: float,
) -> Fullness:
    """How full a worker is.

    Beyond one a core, rooms share cores, so drawing takes as much longer as there are more rooms.

    Args:
        weights: Rooms by job, in parts of a room with a picture.
        notes: What those rooms measured; one that has just begun has none.
        max_rooms: With a picture.
        cores: Of the machine.
        now: ``time.time()``.
    """
    rooms = sum(weights.values()) / max_rooms if max_rooms else FULL
    if not notes:
        return Fullness(rooms, 0.0, 0.0, 0)
    each = sum(note.cores for note in notes.values()) / len(notes)
    more = len(weights) + 1
    slower = max(1.0, more / max(len(weights), cores))
    slowest = max(note.frame_seconds for note in notes.values())
    behind = sum(not note.is_full_quality or now - note.at > STALE for note in notes.values())
    return Fullness(rooms, each * more / cores / CPU_LIMIT, slowest * FPS * slower, behind)
