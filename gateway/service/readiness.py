"""Whether a conversation can begin: LiveKit, the store, an agent and a face are there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from livekit.api import LiveKitAPI
from livekit.protocol.room import ListRoomsRequest

from store import Worker, Workers

from ..problems import Problem, livekit_problems

logger = logging.getLogger("visavis.gateway")

Part = Literal["livekit", "store", "agents", "faces"]

PARTS: Final[tuple[Part, ...]] = ("livekit", "store", "agents", "faces")
TIMEOUT_SECONDS: Final = 2.0
CACHE_SECONDS: Final = 1.0
NO_AGENT: Final = "No agent worker is there. Start one: python -m agent start."
NO_FACE: Final = "No avatar worker is there. Start one: python -m avatar_worker start."


@dataclass(frozen=True)
class State:
    """What is there, and what is missing."""

    missing: Mapping[Part, str] = field(default_factory=dict)
    """A sentence for each part that cannot be used."""
    workers: tuple[Worker, ...] = ()

    def count(self, kind: str) -> int:
        return sum(worker.kind == kind for worker in self.workers)


class Readiness:
    """Looks at most once a second, however many ask."""

    def __init__(
        self,
        livekit: LiveKitAPI,
        url: str,
        workers: Workers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._livekit = livekit
        self._url = url
        self._workers = workers
        self._clock = clock
        self._lock = asyncio.Lock()
        self._looked_at: float | None = None
        self._state = State()

    async def check(self) -> State:
        async with self._lock:
            now = self._clock()
            if self._looked_at is None or now - self._looked_at >= CACHE_SECONDS:
                self._state = await self._look()
                self._looked_at = self._clock()
            return self._state

    async def _look(self) -> State:
        livekit, workers = await asyncio.gather(self._ask_livekit(), self._find_workers())
        missing: dict[Part, str] = {}
        if livekit is not None:
            missing["livekit"] = livekit
        if workers is None:
            missing["store"] = "The store cannot be used. Look at STORE_URL."
            return State(missing)
        state = State(missing, workers)
        if not state.count("agent"):
            missing["agents"] = NO_AGENT
        if not state.count("avatar"):
            missing["faces"] = NO_FACE
        return state

    async def _ask_livekit(self) -> str | None:
        try:
            with livekit_problems(self._url):
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._livekit.room.list_rooms(ListRoomsRequest(names=["health"]))
        except Problem as problem:
            return problem.detail
        return None

    async def _find_workers(self) -> tuple[Worker, ...] | None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return tuple(await asyncio.to_thread(self._workers.here))
        except Exception as error:  # its text may hold the store's password
            logger.warning("the store cannot be read: %s", type(error).__name__)
            return None
