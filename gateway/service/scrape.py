"""What Prometheus is told: this gateway's counts, and what the store knows of all."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from prometheus_client import Gauge, generate_latest
from sqlalchemy import Engine

from store import Sessions, Worker, Workers
from store.turn_times import TurnTimes
from store.workers import WorkerKind

from .metrics import Metrics

logger = logging.getLogger("visavis.gateway")

KINDS: Final[tuple[WorkerKind, ...]] = get_args(WorkerKind)


@dataclass(frozen=True)
class _Shared:
    """What every gateway reads alike out of the store."""

    sessions: Mapping[str, int]
    workers: Iterable[Worker]
    turns: list[Mapping[str, float]]


class Scrape:
    """Reads the store when it is asked, and so counts each answer in one gateway alone."""

    def __init__(
        self, metrics: Metrics, store: Engine, clock: Callable[[], float] = time.time
    ) -> None:
        """``clock``: Unix seconds."""
        self._metrics = metrics
        self._sessions = Sessions(store, clock)
        self._workers = Workers(store, clock)
        self._turns = TurnTimes(store, clock)
        self._lock = asyncio.Lock()
        registry = metrics.registry
        self._states = Gauge(
            "visavis_sessions",
            "Sessions in the store: open, or by the reason of their end. Every gateway says it.",
            ("state",),
            registry=registry,
        )
        self._here = Gauge(
            "visavis_workers", "Workers that are there.", ("kind",), registry=registry
        )
        self._rooms = Gauge(
            "visavis_worker_rooms", "Rooms that they serve.", ("kind",), registry=registry
        )
        self._load = Gauge(
            "visavis_worker_load",
            "How full they are together, from 0 to 1.",
            ("kind",),
            registry=registry,
        )

    async def run(self) -> bytes:
        """All figures, as text. Without a store, those of this gateway alone."""
        async with self._lock:
            try:
                shared = await asyncio.to_thread(self._read)
            except Exception as error:
                logger.warning("the store cannot be read: %s", type(error).__name__)
                for gauge in (self._states, self._here, self._rooms, self._load):
                    gauge.clear()
            else:
                self._show(shared)
            return generate_latest(self._metrics.registry)

    def _read(self) -> _Shared:
        return _Shared(self._sessions.count_by_state(), self._workers.here(), self._turns.take())

    def _show(self, shared: _Shared) -> None:
        self._states.clear()
        for state, count in shared.sessions.items():
            self._states.labels(state).set(count)
        here = Counter(worker.kind for worker in shared.workers)
        for kind in KINDS:
            workers = [worker for worker in shared.workers if worker.kind == kind]
            self._here.labels(kind).set(here[kind])
            self._rooms.labels(kind).set(sum(worker.rooms for worker in workers))
            self._load.labels(kind).set(
                sum(worker.load for worker in workers) / len(workers) if workers else 0.0
            )
        for timing in shared.turns:
            for part, seconds in timing.items():
                self._metrics.turns.labels(part).observe(seconds)
