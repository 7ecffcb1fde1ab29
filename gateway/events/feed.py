"""Follows sessions for whoever listens here: the store is asked about all of them at once."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from store import Sessions
from visavis.events import Event

logger = logging.getLogger("visavis.gateway.feed")

LOOK_SECONDS: Final = 0.25
HEARTBEAT_SECONDS: Final = 15.0
"""The HTML standard's advice for event streams, so that no proxy takes one for dead."""
TAIL: Final = 64
"""Events of a session that its readers share; who is further behind reads the store alone."""
MOST_READERS: Final = 1000
MOST_OF_OWNER: Final = 200
"""Of them with one API key."""
_PAGE: Final = 100
"""Events that one reader takes out of the store at once."""


@dataclass(eq=False)
class _Channel:
    """One session, as far as its readers know."""

    readers: int = 0
    last_seq: int = 0
    is_over: bool = False
    tail: deque[Event] = field(default_factory=lambda: deque(maxlen=TAIL))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced by another, whenever something has happened."""

    def after(self, seq: int) -> list[Event] | None:
        """The events above ``seq``; None where the tail does not reach that far back."""
        if seq >= self.last_seq:
            return []
        if not self.tail or self.tail[0].seq > seq + 1:
            return None
        return [event for event in self.tail if event.seq > seq]


class Feed:
    """One for a gateway. Who reads slowly, or has gone, holds nothing up and is owed no memory:
    readers take what comes next when they are ready for it."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        look: float = LOOK_SECONDS,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        """``look``: seconds between two looks into the store, while somebody listens;
        ``heartbeat``: seconds of silence after which a reader is told that there is nothing."""
        self._sessions = sessions
        self._look = look
        self._heartbeat = heartbeat
        self._channels: dict[str, _Channel] = {}
        self._owners: Counter[str] = Counter()
        self._wanted = asyncio.Event()

    @property
    def readers(self) -> int:
        return sum(channel.readers for channel in self._channels.values())

    async def run(self) -> None:
        """Until it is cancelled."""
        failed = False
        while True:
            await self._wanted.wait()
            try:
                await self._look_around()
                failed = False
            except Exception as error:  # who listens waits until the store is back
                if not failed:
                    logger.warning("streams of events wait for the store: %s", type(error).__name__)
                failed = True
            await asyncio.sleep(self._look)

    def readers_of(self, owner: str) -> int:
        """With the API key of this id."""
        return self._owners[owner]

    async def follow(
        self, session: str, after: int, owner: str = ""
    ) -> AsyncGenerator[list[Event], None]:
        """The session's events above ``after`` as they come, until it is over or forgotten; an
        empty list after each time without any. Raises what the store raises. ``owner``: whose
        reader it is, the id of an API key."""
        channel = self._channels.setdefault(session, _Channel())
        channel.readers += 1
        self._owners[owner] += 1
        self._wanted.set()
        try:
            seq, events = after, await self._page(session, after)
            while True:
                while events:
                    yield events
                    seq = events[-1].seq
                    more = channel.after(seq)
                    events = await self._page(session, seq) if more is None else more
                news = channel.news
                more = channel.after(seq)
                if more:
                    events = more
                elif more is None:
                    events = await self._page(session, seq)
                    if not events:  # forgotten in between
                        return
                elif channel.is_over:
                    return
                elif not await _within(self._heartbeat, news):
                    yield []
        finally:
            channel.readers -= 1
            self._owners[owner] -= 1
            if not self._owners[owner]:
                del self._owners[owner]
            if not channel.readers and self._channels.get(session) is channel:
                del self._channels[session]
                if not self._channels:
                    self._wanted.clear()

    async def _page(self, session: str, after: int) -> list[Event]:
        return await asyncio.to_thread(self._sessions.events, session, after=after, limit=_PAGE)

    async def _look_around(self) -> None:
        known = {id: channel.last_seq for id, channel in self._channels.items()}
        heads = await asyncio.to_thread(self._sessions.heads, list(known))
        for id, seq in known.items():
            channel, head = self._channels.get(id), heads.get(id)
            if channel is None:
                continue
            if head is None:  # forgotten meanwhile
                channel.is_over = True
            elif head.last_seq > seq:
                since = max(seq, head.last_seq - TAIL)
                channel.tail.extend(await self._page(id, since))
                channel.last_seq = channel.tail[-1].seq if channel.tail else head.last_seq
            if head is not None and head.is_over and channel.last_seq >= head.last_seq:
                channel.is_over = True
            if channel.is_over or channel.last_seq > seq:
                channel.news.set()
                channel.news = asyncio.Event()


async def _within(seconds: float, happened: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await happened.wait()
    except TimeoutError:
        return False
