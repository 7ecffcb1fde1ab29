"""Which heads an avatar may be asked for, by name."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from avatar_worker.heads import HEADS, own_heads
from settings import Settings
from store import Worker, Workers

logger = logging.getLogger("visavis.gateway")

TIMEOUT_SECONDS: Final = 2.0
CACHE_SECONDS: Final = 1.0
_OURS: Final = "mesh"
"""``avatar_worker.engine.OURS``, which the gateway's image does not have."""


def heads_of(workers: Iterable[Worker]) -> tuple[str, ...]:
    """What those of them that are avatar workers say that they draw, each once, sorted."""
    faces = (worker for worker in workers if worker.kind == "avatar")
    return tuple(sorted({head for face in faces for head in face.about.get("heads", ())}))


class KnownHeads:
    """Of our own renderer, those that come with Visavis and those in ``AVATAR_HEADS``; of a
    plug-in, which alone knows its heads, those that its workers say in the store."""

    def __init__(
        self, settings: Settings, workers: Workers, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock``: seconds."""
        self._own = settings.avatar_heads
        self.are_ours = settings.avatar_renderer == _OURS
        """Else a plug-in draws them, and nobody beside it can."""
        self._workers = workers
        self._clock = clock
        self._lock = asyncio.Lock()
        self._looked_at: float | None = None
        self._said: tuple[str, ...] = ()

    async def names(self) -> tuple[str, ...]:
        """None of a plug-in: its workers have said nothing here, and may have any.

        The store is asked at most once a second, however many ask.
        """
        if self.are_ours:
            return (*HEADS, *await asyncio.to_thread(own_heads, self._own))
        async with self._lock:
            if self._looked_at is None or self._clock() - self._looked_at >= CACHE_SECONDS:
                self._said = await self._ask()
                self._looked_at = self._clock()
            return self._said

    async def _ask(self) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return heads_of(await asyncio.to_thread(self._workers.here))
        except Exception as error:  # its text may hold the store's password
            logger.warning("the heads of avatar workers are not known: %s", type(error).__name__)
            return ()
