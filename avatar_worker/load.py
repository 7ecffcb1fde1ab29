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

from avatar_worker.lipsync.base import FPS

INTERVAL: Final = 1.0
"""Seconds between two notes of a room."""
STALE: Final = 5.0
"""Seconds after which a note says nothing any more: the room is stuck, or being killed."""
ROOM_CORES: Final = 0.6
"""Of one that is not measured yet: 30 times a second 10 to 12 ms to draw 512 × 512, 5 to encode it
as VP8, and 3 for voice, lips and network (an x86 core of 2.5 GHz)."""
CPU_LIMIT: Final = 0.9
"""Of all cores; the rest is what a voice needs to be on time."""
FULL: Final = 1.0
_MOST_REPORTED: Final = 0.699
"""LiveKit's server asks no worker at or above its ``agents.target_load``, 0.7 by default, and what
it knows of a load is up to 2.5 s old (``JobRequestAffinity`` in livekit-server 1.13,
``UPDATE_STATUS_INTERVAL`` in livekit-agents 1.8). A dispatch that nobody is asked about is lost,
while a worker that is asked and refuses is up to date, and the next one is asked."""
WARM_UP: Final = 2.0
"""Seconds before a room's first note: joining costs more than being there."""
_CPU_MEMORY: Final = 10.0
"""Seconds that a room's share of the processor is averaged over."""
_DRAINING: Final = "draining"


@dataclass(frozen=True)
class RoomLoad:
    """One room, as its process measured it."""

    at: float
    """``time.time()``: the one clock that processes of a machine share."""
    frame_seconds: float
    """95th percentile of drawing a picture; 0 while none is drawn."""
    is_full_quality: bool
    """Nothing is drawn, or nothing had to give way: :class:`~avatar_worker.player.quality.Quality`.
    """
    cores: float
    """Processor seconds a second of the whole process: model, renderer and encoder."""


class Board:
    """Notes in one folder: the rooms' processes write, their worker reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, job_id: str, load: RoomLoad) -> bool:
        """Replace the room's note; answers :attr:`is_draining`."""
        draft = self._folder / f"{job_id}.draft"
        draft.write_text(json.dumps(asdict(load)))
        draft.replace(self._note(job_id))
        return self.is_draining

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
    """Rooms that had to lower their quality."""

    @property
    def share(self) -> float:
        largest = max(self.rooms, self.processor, self.drawing)
        return max(largest, FULL) if self.behind else largest

    @property
    def reported(self) -> float:
        """What LiveKit is told: never so much that it asks no more."""
        return _MOST_REPORTED * min(FULL, self.share)

    def __str__(self) -> str:
        return (
            f"{self.rooms:.0%} of the rooms taken; with one more, {self.processor:.0%} of the "
            f"processor and {self.drawing:.0%} of a picture's time; rooms behind: {self.behind}"
        )


def measure(
    weights: Mapping[str, float],
    notes: Mapping[str, RoomLoad],
    *,
    max_rooms: float,
    cores: float,
    now: float,
    rate: int = FPS,
    more: float = 1.0,
) -> Fullness:
    """How full a worker is.

    Beyond one a core, rooms share cores, so drawing takes as much longer as there are more rooms.

    Args:
        weights: Rooms by job, in parts of a room with a picture.
        notes: What those rooms measured; one that has just begun has none, an old one is ignored.
        max_rooms: With a picture.
        cores: Of the machine.
        now: ``time.time()``.
        rate: Pictures a second where nothing has to give way.
        more: Weight of the one more.
    """
    rooms = sum(weights.values())
    fresh = {job: note for job, note in notes.items() if now - note.at <= STALE}
    measured = sum(weights[job] for job in fresh)
    spent = sum(note.cores for note in fresh.values())
    each = spent / measured if measured else ROOM_CORES
    expected = spent + each * (rooms - measured + more)
    slower = max(1.0, (rooms + more) / max(rooms, cores))
    slowest = max((note.frame_seconds for note in fresh.values()), default=0.0)
    return Fullness(
        rooms=rooms / max_rooms if max_rooms else FULL,
        processor=expected / cores / CPU_LIMIT if rooms else 0.0,
        drawing=slowest * rate * slower,
        behind=sum(not note.is_full_quality for note in fresh.values()),
    )
