"""The connection to a remote brain: made again when it is lost, with what was said so far."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

import aiohttp
from livekit.agents import APIConnectionError, APIError

from visavis.brain import Message

from .remote_protocol import (
    LONGEST_MESSAGE,
    SUBPROTOCOL,
    Action,
    Delta,
    Done,
    Failed,
    Ping,
    Ready,
    RemoteProtocolError,
    Say,
    Session,
    dump,
    fit,
    parse,
)
from .remote_recall import Recall

logger = logging.getLogger("visavis.brains")

HEARTBEAT: Final = 15.0
"""Seconds between WebSocket pings; a brain that misses one is taken for lost."""
CONNECT_TIMEOUT: Final = 5.0
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 30.0
"""Seconds before the next attempt, twice as long after each, give or take a quarter."""
MOST_WAITING: Final = 256
"""Pieces of an answer that wait to be spoken. A brain that sends more is cut off."""

_Wish = TypeVar("_Wish", Say, Action)


class RemoteLink:
    """Call :meth:`run` in a task for as long as the conversation lasts.

    ``on_say``, ``on_action``: what the brain wants of its own accord; neither may block. One that
    fails costs what was wanted.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        on_say: Callable[[Say], None] = lambda _: None,
        on_action: Callable[[Action], None] = lambda _: None,
        first_delay: float = FIRST_DELAY,
    ) -> None:
        self._url = url
        self._token = token
        self._first_delay = first_delay
        self.recall = Recall()
        self.on_say = on_say
        self.on_action = on_action
        self.wants: frozenset[str] = frozenset()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._ready = asyncio.Event()
        self._was_ready = False
        """Since it was connected last; it may be about to begin again."""
        self._turns: dict[str, asyncio.Queue[Delta | Done | Failed]] = {}
        self._describe: Callable[[], Session] | None = None
        self._told: Session | None = None

    async def run(self, describe: Callable[[], Session]) -> None:
        """``describe``: the session as it is now."""
        self._describe = describe
        delay, resume = self._first_delay, False
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with aiohttp.ClientSession(headers=headers) as http:
            while True:
                try:
                    async with asyncio.timeout(CONNECT_TIMEOUT):
                        socket = await http.ws_connect(
                            self._url,
                            protocols=[SUBPROTOCOL],
                            heartbeat=HEARTBEAT,
                            max_msg_size=LONGEST_MESSAGE,
                        )
                    async with socket:
                        await self._converse(socket, describe(), resume)
                    if self._ready.is_set() or not self._was_ready:  # else it was _hang_up
                        logger.warning("the remote brain has hung up")
                except aiohttp.WSServerHandshakeError as error:
                    advice = ": check REMOTE_BRAIN_TOKEN" if error.status in (401, 403) else ""
                    logger.warning("the remote brain refused: HTTP %d%s", error.status, advice)
                except (aiohttp.ClientError, APIError, TimeoutError, OSError) as error:
                    logger.warning("the remote brain cannot be reached: %s", type(error).__name__)
                except RemoteProtocolError as error:
                    logger.warning("the remote brain speaks otherwise: %s", error)
                except Exception as error:  # nobody makes the connection again but this task
                    logger.warning("the remote brain is lost: %s", type(error).__name__)
                if self._was_ready:
                    delay, resume = self._first_delay, True
                self._drop()
                await asyncio.sleep(delay * random.uniform(0.75, 1.25))
                delay = min(2 * delay, LONGEST_DELAY)

    @asynccontextmanager
    async def turn(
        self, turn: str, text: str, context: str = ""
    ) -> AsyncIterator[AsyncIterator[str]]:
        """Ask; answers the pieces of the answer. Leaving the context early tells the brain.

        ``context``: what it is told besides for this answer alone.

        Raises :class:`~livekit.agents.APIError` where the brain is away, or goes, or fails.
        """
        queue: asyncio.Queue[Delta | Done | Failed] = asyncio.Queue(MOST_WAITING)
        asked = {"type": "turn", "turn": turn, "text": fit(text)}
        with self.recall.asking(text) as question:
            while not self._ready.is_set():  # it may begin again at once
                await self._ready.wait()
            self._turns[turn] = queue
            try:
                await self._send(asked | ({"context": fit(context)} if context else {}))
                yield self._pieces(queue, question)
            finally:
                if self._turns.pop(turn, None) is not None and self._ready.is_set():
                    with contextlib.suppress(APIError):
                        await self._send({"type": "cancel", "turn": turn})

    async def tell(self, message: dict[str, Any]) -> None:
        """Send what needs no answer, if there is somebody to hear it. What was ``heard`` while the
        brain begins is in no history, and is kept for it."""
        if self._ready.is_set():
            with contextlib.suppress(APIError):
                await self._send(message)
        elif self._socket is not None and message["type"] == "heard":
            self.recall.keep(message)

    async def refresh(self) -> None:
        """Tell the brain how the session is, if it is not as the brain was told.

        In which room is said at a beginning alone: the connection is made again for it, once
        nothing is being answered.
        """
        if self._describe is None or self._told is None or not self._ready.is_set():
            return  # it will be told when it is there
        session = self._describe()
        if session.room != self._told.room and not self._turns:
            await self._hang_up()
            return
        session = replace(session, room=self._told.room)
        if session != self._told:
            self._told = session
            await self.tell(session.update())

    async def _hang_up(self) -> None:
        """:meth:`run` connects again."""
        self._ready.clear()
        if self._socket is not None:
            await self._socket.close()

    async def _pieces(
        self, queue: asyncio.Queue[Delta | Done | Failed], question: Message
    ) -> AsyncIterator[str]:
        while isinstance(item := await queue.get(), Delta):
            self.recall.close(question)  # what breaks off is apologised for
            yield item.text
        if isinstance(item, Failed):
            raise APIConnectionError("the remote brain gave up", retryable=True)

    async def _converse(
        self, socket: aiohttp.ClientWebSocketResponse, session: Session, resume: bool
    ) -> None:
        self._socket, self._told = socket, session
        await self._send(session.start(self.recall.begin(), resume=resume))
        async for frame in socket:
            if frame.type != aiohttp.WSMsgType.TEXT:
                raise RemoteProtocolError("a frame is not text")
            await self._take(frame.data)

    async def _take(self, text: str) -> None:
        message = parse(text)
        match message:
            case Ready(wants):
                self.wants = wants
                self._was_ready = True
                for heard in self.recall.kept():
                    await self._send(heard)
                self._ready.set()
                await self.refresh()  # it may have changed meanwhile
            case Delta(turn) | Done(turn) | Failed(turn):
                self._pass_on(turn, message)
                if not isinstance(message, Delta):
                    await self.refresh()
            case Say():
                _hand_on(self.on_say, message)
            case Action():
                _hand_on(self.on_action, message)
            case Ping(name):
                await self._send({"type": "pong", "id": name})

    def _pass_on(self, turn: str, message: Delta | Done | Failed) -> None:
        if (queue := self._turns.get(turn)) is None:
            return  # cancelled meanwhile
        if not isinstance(message, Delta):
            del self._turns[turn]
        if queue.full():
            raise RemoteProtocolError(f"more than {MOST_WAITING} pieces of an answer at once")
        queue.put_nowait(message)

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket is None or self._socket.closed:
            raise APIConnectionError("the remote brain is away")
        try:
            await self._socket.send_str(dump(message))
        except (ConnectionError, aiohttp.ClientError):
            raise APIConnectionError("the remote brain is away") from None

    def _drop(self) -> None:
        self._socket = None
        self._was_ready = False
        self._ready.clear()
        for turn, queue in self._turns.items():
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(Failed(turn))
        self._turns.clear()


def _hand_on(take: Callable[[_Wish], None], wish: _Wish) -> None:
    try:
        take(wish)
    except Exception as error:  # such as a conversation that is closing
        name = type(wish).__name__.lower()
        logger.warning("a wish of the remote brain fails (%s): %s", name, type(error).__name__)
