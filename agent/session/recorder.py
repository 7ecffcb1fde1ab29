"""What happens in a session goes into the store, in order, and holds nothing up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from store import Sessions
from visavis.events import EndReason, EventType
from visavis.protocol import FaceState
from visavis.talk import TalkChange

logger = logging.getLogger("visavis.agent")

WAITING: Final = 1000
"""Events that may wait for the store; what comes then is lost."""
ATTEMPTS: Final = 3
"""For each event."""
RETRY: Final = 1.0
"""Seconds between two of them."""
FLUSHING: Final = 5.0
"""Seconds that the end waits for the store, all attempts at all that waits together."""

Entry = Callable[[Sessions], Awaitable[object]]


class Recorder:
    """Writes the events of one session. A store that fails or is slow costs events, nothing else.

    Args:
        open_sessions: Opens the store; blocking.
        session: Its id.
        words: Whether texts are kept; else only that somebody spoke.
        clock: Unix seconds.
    """

    def __init__(
        self,
        open_sessions: Callable[[], Sessions],
        session: str,
        *,
        words: bool = True,
        retry: float = RETRY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._open = open_sessions
        self._session = session
        self._words = words
        self._retry = retry
        self._clock = clock
        self._sessions: Sessions | None = None
        self._waiting: asyncio.Queue[Entry | None] = asyncio.Queue(WAITING)
        self._lost = 0
        self._closing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write; harmless when repeated."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="events of the session")

    def note(self, type: EventType, **data: Any) -> None:
        """It happened; returns at once."""
        if not self._words:
            data.pop("text", None)
        at = self._clock()
        self._put(lambda sessions: self._append(sessions, type, data, at))

    def note_start(
        self, face: Callable[[], Awaitable[FaceState]], brains: Mapping[str, str]
    ) -> None:
        """Person and agent are both there. Written when ``face`` has answered, while all else goes
        on; not again where an earlier agent of the session wrote it."""
        at = self._clock()

        async def start() -> None:
            data = {"face": await self._unless_closing(face), "brains": dict(brains)}

            async def write(sessions: Sessions) -> None:
                begun = await asyncio.to_thread(sessions.happened, self._session, "session.started")
                if not begun:
                    await self._append(sessions, "session.started", data, at)

            self._put(write)

        self._starting = asyncio.create_task(start(), name="start of the session")

    def keep_talk(self, talk: TalkChange) -> None:
        """How the conversation is held by now."""
        text = talk.to_json()
        self._put(lambda sessions: asyncio.to_thread(sessions.keep_talk, self._session, text))

    def fail_texts(self, but: frozenset[str]) -> None:
        """Those that have no end have failed, all but these."""
        self._put(lambda sessions: asyncio.to_thread(sessions.fail_texts, self._session, but))

    async def find_end(self) -> EndReason | None:
        """Why the session was over before this began, if it was."""
        found: asyncio.Future[EndReason | None] = asyncio.get_running_loop().create_future()

        async def look(sessions: Sessions) -> None:
            stored = await asyncio.to_thread(sessions.find, self._session)
            if not found.done():
                found.set_result(stored.end_reason if stored else None)

        self._put(look)
        return await found

    async def catch_up(self, patience: float) -> None:
        """Wait until all that waits is written, so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._waiting.join()

    async def close(self, reason: EndReason | None = None) -> None:
        """Write what waits, and the session's end where it has ended; harmless when repeated."""
        if self._running is None or self._closing.is_set():
            return
        self._closing.set()
        try:
            async with asyncio.timeout(FLUSHING):
                if self._starting is not None:
                    await asyncio.wait({self._starting})
                if reason is not None:
                    await self._waiting.put(
                        lambda sessions: asyncio.to_thread(sessions.end, self._session, reason)
                    )
                await self._waiting.put(None)
                await self._running
        except TimeoutError:
            logger.warning("the store took too long: events of the session are lost")

    async def _unless_closing(self, face: Callable[[], Awaitable[FaceState]]) -> FaceState:
        finding = asyncio.ensure_future(face())
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait({finding, closing}, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if finding.done():
            return finding.result()
        finding.cancel()
        return "absent"

    async def _append(
        self, sessions: Sessions, type: EventType, data: Mapping[str, Any], at: float
    ) -> None:
        await asyncio.to_thread(sessions.append, self._session, type, data, at)

    def _put(self, entry: Entry) -> None:
        try:
            self._waiting.put_nowait(entry)
        except asyncio.QueueFull:
            self._lost += 1
            if self._lost == 1:
                logger.warning("the store is too slow: events of the session are lost from now on")

    async def _run(self) -> None:
        while (entry := await self._waiting.get()) is not None:
            await self._do(entry)
            self._waiting.task_done()

    async def _do(self, entry: Entry) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if self._sessions is None:
                    self._sessions = await asyncio.to_thread(self._open)
                await entry(self._sessions)
                return
            except Exception as error:  # its text may hold what was said
                name = type(error).__name__
            if attempt < ATTEMPTS:
                await asyncio.sleep(self._retry)
        logger.error("an event of the session could not be kept: %s", name)
