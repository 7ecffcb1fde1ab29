"""Whether LiveKit can be used: it answers, and takes our key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from livekit.api import LiveKitAPI
from livekit.protocol.room import ListRoomsRequest

from .problems import Problem, livekit_problems

TIMEOUT_SECONDS = 2.0
CACHE_SECONDS = 1.0


class Health:
    """Asks LiveKit at most once a second, however many ask here."""

    def __init__(
        self, livekit: LiveKitAPI, url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._livekit = livekit
        self._url = url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._checked_at: float | None = None
        self._problem: Problem | None = None

    async def check(self) -> Problem | None:
        """What is wrong with LiveKit; None: nothing."""
        async with self._lock:
            now = self._clock()
            if self._checked_at is None or now - self._checked_at >= CACHE_SECONDS:
                self._problem = await self._ask()
                self._checked_at = self._clock()
            return self._problem

    async def _ask(self) -> Problem | None:
        try:
            with livekit_problems(self._url):
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._livekit.room.list_rooms(ListRoomsRequest(names=["health"]))
        except Problem as problem:
            return problem
        return None
