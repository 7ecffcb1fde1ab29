"""Brings agents to sessions that lost theirs.

A job that dies is replaced by its worker, and one whose worker ends hands over itself. What is left
is a worker that dies with all its jobs, a job that dies before its agent is in the room, which its
worker cannot tell from one that left, and a LiveKit that started anew, in whose rooms nobody is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from gateway.problems import Problem
from store import Sessions, StoredSession, Workers
from store.upkeep import OpenSession

logger = logging.getLogger("visavis.gateway")

AT_ONCE: Final = 5
"""Sessions that are revived together."""
AFTERMATH: Final = 60.0
"""Seconds after a worker was lost in which its rooms are looked for: LiveKit takes some 20 s to see
that a participant is dead."""
ON_ITS_WAY: Final = 30.0
"""Seconds after a session's creation in which its agent may not have come yet. After them a room in
which none was seen is looked at, once: it may have died, or the room may be another one, made by a
client that came back to a LiveKit which had started anew."""


class Reviver:
    """Of one gateway; several do no harm to each other.

    Args:
        revive: Brings an agent into a session's room, unless there is one. Raises
            :class:`Problem`.
        clock: Unix seconds.
    """

    def __init__(
        self,
        sessions: Sessions,
        workers: Workers,
        revive: Callable[[StoredSession], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._workers = workers
        self._revive = revive
        self._clock = clock
        self._here: set[str] | None = None
        """Agent workers, at the last look."""
        self._lost_at = clock()
        """When the last one was missed; one may have been before the first look."""
        self._alone: set[str] = set()
        """Sessions that nobody could be brought to."""
        self._seen: dict[str, float] = {}
        """When the room of a session was made that has had, or was brought, its agent since."""

    async def look(self, found: Sequence[OpenSession], rooms: Mapping[str, float]) -> None:
        """One round.

        Args:
            found: The open sessions.
            rooms: Those that are there, and when each was made, in Unix seconds.

        Raises what the store raises.
        """
        is_aftermath = await self._is_aftermath()
        now = self._clock()
        here = {each.id: each for each in found if each.room in rooms}
        late = {each.id for each in here.values() if now - each.created_at > ON_ITS_WAY}
        self._alone &= here.keys()
        self._seen = {id: at for id, at in self._seen.items() if id in here}
        doubtful = [
            each
            for each in here.values()
            if is_aftermath
            or each.id in self._alone
            or (each.id in late and self._seen.get(each.id) != rooms[each.room])
        ]
        turns, nobody_is_free = asyncio.Semaphore(AT_ONCE), asyncio.Event()

        async def look_after(session: OpenSession) -> None:
            async with turns:
                try:
                    # Where it fails for one it does for all: the next round tries again.
                    if not nobody_is_free.is_set() and await self._bring(session):
                        if session.id in late:
                            self._seen[session.id] = rooms[session.room]
                        self._alone.discard(session.id)
                    else:
                        self._alone.add(session.id)
                        nobody_is_free.set()
                except Exception as error:  # of this one, such as what a newer gateway has kept
                    if session.id not in self._alone:
                        logger.warning("a session is not looked after: %s", type(error).__name__)
                    self._alone.add(session.id)

        async with asyncio.TaskGroup() as tasks:
            for each in doubtful:
                tasks.create_task(look_after(each))

    async def _is_aftermath(self) -> bool:
        workers = await asyncio.to_thread(self._workers.here)
        here = {each.id for each in workers if each.kind == "agent"}
        now = self._clock()
        if self._here is not None and self._here - here:
            logger.info("an agent worker is gone: its sessions are looked after")
            self._lost_at = now
        self._here = here
        return now - self._lost_at <= AFTERMATH

    async def _bring(self, session: OpenSession) -> bool:
        """Whether it has its agent, or needs none any more."""
        try:
            stored = await asyncio.to_thread(self._sessions.find, session.id)
            if stored is not None and stored.ended_at is None:
                await self._revive(stored)
        except (Problem, SQLAlchemyError):
            return False
        return True
