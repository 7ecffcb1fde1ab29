"""The database of a job: opened once, when it is first needed, and closed when all is written."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Self

from livekit.agents import JobContext
from sqlalchemy import Engine

from store import open_store

logger = logging.getLogger("visavis.agent")

Write = Callable[[], Awaitable[None]]


class JobStore:
    """One in a job's process. What cannot be opened is tried again by whoever asks next."""

    def __init__(self, url: str) -> None:
        """``url``: as :func:`store.open_store`'s."""
        self._url = url
        self._opening = threading.Lock()
        self._engine: Engine | None = None
        self._last: list[Write] = []

    @classmethod
    def of(cls, ctx: JobContext, url: str) -> Self:
        """For as long as the job lasts."""
        store = cls(url)
        ctx.add_shutdown_callback(store.aclose)
        return store

    def open(self) -> Engine:
        """Blocking; from any thread. Raises :class:`store.StoreError`."""
        with self._opening:
            if self._engine is None:
                self._engine = open_store(self._url)
            return self._engine

    def at_the_end(self, write: Write) -> None:
        """Have it done once the job is over, before the database is closed."""
        self._last.append(write)

    async def aclose(self) -> None:
        done = await asyncio.gather(*(each() for each in self._last), return_exceptions=True)
        for error in done:
            if error is not None:  # its text may hold what was said
                logger.error("the end of a job failed: %s", type(error).__name__)
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)
