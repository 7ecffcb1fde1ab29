"""Looks after sessions, for all that may crash: ends what nobody ends, and has revived what goes on
without an agent."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from sqlalchemy import Engine

from settings import Settings
from store import Memories, Sessions, Workers
from store.idempotency import Requests
from store.sessions import FORGOTTEN_AT_ONCE
from store.upkeep import OpenSession, open_sessions, rooms_that_are_over
from visavis.events import EndReason

from .reviver import Reviver
from .room import SessionRooms
from .service import SessionDesk

logger = logging.getLogger("visavis.gateway")

EVERY: Final = 5.0
"""Seconds between two rounds, give or take a fifth: several gateways' shall not fall together."""
SETTLING: Final = 60.0
"""Seconds that a new session may be without a room: somebody is making it, or died at it."""
MISSING: Final = 15.0
"""Seconds that an older one may: LiveKit may be starting anew."""
OVERTIME: Final = 30.0
"""Seconds beyond its time: its agent ends it, and says goodbye."""
AFTERGLOW: Final = 15.0
"""Seconds that the room of a session which is over may last: its agent closes it."""
FORGET_EVERY: Final = 600.0
"""Seconds."""
_DAY: Final = 86_400.0


class Janitor:
    """One in every gateway; they do no harm to each other, for a session ends but once."""

    def __init__(
        self,
        settings: Settings,
        store: Engine,
        desk: SessionDesk,
        rooms: SessionRooms,
        *,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        """``clock``: Unix seconds."""
        self._longest = settings.session_max_seconds
        self._kept = settings.transcript_days * _DAY
        self._store = store
        self._sessions = Sessions(store, clock)
        self._requests = Requests(store, clock)
        self._memories = Memories(store, clock)
        self._desk = desk
        self._rooms = rooms
        self._clock = clock
        self._chance = chance or random.Random()
        self._missing: dict[str, float] = {}
        """Since when a session's room is."""
        self._reviver = Reviver(self._sessions, Workers(store, clock), desk.revive, clock)
        self._forgot_at: float | None = None
        self._more_to_forget = False
        self._is_well = True

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self.run(), name="janitor")
            yield
            work.cancel()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY * self._chance.uniform(0.8, 1.2))
            try:
                await self.look()
                self._is_well = True
            except Exception as error:  # the gateway's life hangs on this task's
                if self._is_well:
                    logger.warning("sessions are not looked after: %s", _name(error))
                self._is_well = False

    async def look(self) -> None:
        """One round.

        Raises what LiveKit's client and the store raise; of what fails with one session alone it
        raises an ``ExceptionGroup``, once the others have been looked after. So it does where what
        is old cannot be forgotten.
        """
        troubles = list[Exception]()
        found = await asyncio.to_thread(open_sessions, self._store)
        rooms = await self._rooms.all_open()
        now = self._clock()
        self._missing = {
            each.id: self._missing.get(each.id, now) for each in found if each.room not in rooms
        }
        for each in found:
            if (reason := self._why_over(each, now)) is not None:
                logger.info("a session is found over: %s", reason)
                with _kept_in(troubles):
                    await self._desk.end(each.id, reason)
        over = await asyncio.to_thread(
            rooms_that_are_over, self._store, rooms.keys(), now - AFTERGLOW
        )
        for room in over:
            logger.info("the room of a session that is over is closed")
            with _kept_in(troubles):
                await self._rooms.close(room)
        await self._forget(now, troubles)
        await self._reviver.look(found, rooms)
        if troubles:
            raise ExceptionGroup("not all could be looked after", troubles)

    def _why_over(self, session: OpenSession, now: float) -> EndReason | None:
        age = now - session.created_at
        if age > min(session.max_seconds or self._longest, self._longest) + OVERTIME:
            return "duration"
        since = self._missing.get(session.id)
        if since is not None and age > SETTLING and now - since > MISSING:
            return "lost"
        return None

    async def _forget(self, now: float, troubles: list[Exception]) -> None:
        """Of sessions a part in each round, as long as there are more."""
        is_time = self._forgot_at is None or now - self._forgot_at >= FORGET_EVERY
        if is_time or self._more_to_forget:
            self._more_to_forget = False
            with _kept_in(troubles):
                long_ago, most = now - self._kept, FORGOTTEN_AT_ONCE
                count = await asyncio.to_thread(self._sessions.forget, long_ago, most)
                self._more_to_forget = count >= most
        if is_time:
            self._forgot_at = now
            for forget in (self._requests.forget, self._memories.drop_strangers):
                with _kept_in(troubles):
                    await asyncio.to_thread(forget)


@contextmanager
def _kept_in(troubles: list[Exception]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        troubles.append(error)


def _name(error: Exception) -> str:
    """Its type alone: a text may hold what a session was asked to be."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__
