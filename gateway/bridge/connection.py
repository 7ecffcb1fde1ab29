"""One WebSocket, from its acceptance to its end, and the conversation on the other side of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from livekit import rtc
from starlette.websockets import WebSocket, WebSocketState

from ..problems import Problem
from .endings import (
    CLOSED,
    FAILED,
    NORMAL,
    SLOW,
    TAKEN_OVER,
    Gone,
    Over,
    first_of,
    shorten,
)
from .inbox import Inbox
from .messages import Audio, ClientMessage, Signal, Text, Wording
from .microphone import Microphone
from .outbox import Outbox
from .stage import Seat, Stage
from .turns import Turns
from .wishes import Wishes

logger = logging.getLogger("visavis.gateway")

DEAF: Final = 15.0
"""Seconds in which a client takes nothing, after which it is closed."""
JOINS: Final = 5
"""Tries to get back into a room that was lost."""
PARTING: Final = 2.0
"""Seconds for the last words to a client, and for its own."""
TICK: Final = 0.2
"""Seconds."""

_BACK_SOON: Final = frozenset(
    {"CLIENT_INITIATED", "SERVER_SHUTDOWN", "SIGNAL_CLOSE", "STATE_MISMATCH", "CONNECTION_TIMEOUT",
     "MEDIA_FAILURE", "MIGRATION", "JOIN_FAILURE", "UNKNOWN_REASON"}
)  # fmt: skip
"""Reasons of LiveKit's for which a room was left that is still there."""


@dataclass(frozen=True)
class Manners:
    """What a client may do, and how long things may take. Seconds."""

    first_message: float
    hit: Callable[[], Awaitable[None]]
    """Counts a text or an interrupt. Raises :class:`Problem`."""
    deaf: float = DEAF


class Connection:
    """Serves one client; see :meth:`serve`.

    Args:
        take_seat: Finds or makes the session and lets the client's participant in, each time anew.
        why_over: Tells, for people, why the session has ended.
        refused: Told of the problem that ends it, where there is one.
        waits: Begin with the first message that asks for something, not at once.
        make_stage: For tests.
    """

    def __init__(
        self,
        socket: WebSocket,
        wording: Wording,
        take_seat: Callable[[], Awaitable[Seat]],
        why_over: Callable[[], Awaitable[str]],
        refused: Callable[[Problem], None],
        manners: Manners,
        *,
        waits: bool = False,
        make_stage: Callable[[Turns, Callable[[str], None]], Stage] = Stage,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._socket = socket
        self._say = wording
        self._take_seat = take_seat
        self._why_over = why_over
        self._refused = refused
        self._manners = manners
        self._make_stage = make_stage
        self._clock = clock
        self._wall = wall
        self._outbox = Outbox(clock)
        self._inbox = Inbox(socket, manners.first_message, self._complain, clock)
        self._turns = Turns(wording, self._outbox.put, wall=wall, clock=clock)
        self._wishes = Wishes(self._turns)
        self._begun = asyncio.Event()
        if not waits:
            self._begun.set()
        self._microphone = Microphone(self._open_track, clock)
        self._publish: Callable[[], Awaitable[rtc.AudioSource]] | None = None
        self._said_too_much_sound = False
        self._stage: Stage | None = None

    async def serve(self) -> bool:
        """Until either side ends it. Answers whether the client is gone for good, and the agent
        could not be told so."""
        self._outbox.put(self._say.config())
        end: Over | Gone
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send())
                tasks.create_task(self._receive())
                tasks.create_task(self._watch())
                tasks.create_task(self._stay())
            return False
        except* (Over, Gone, Problem) as group:
            end = first_of(group)
        except* Exception:
            logger.exception("a WebSocket failed")
            end = Over(FAILED, "The server failed.", "internal_error")
        if isinstance(end, Gone):
            told = await self._leave(for_good=end.for_good)
            return end.for_good and not told
        if end.problem is not None:
            self._refused(end.problem)
        try:
            await self._close(end)
        finally:
            await self._leave(for_good=False)
        return False

    # The client's side.

    async def _send(self) -> None:
        while True:
            text = await self._outbox.take()
            try:
                async with asyncio.timeout(self._manners.deaf):
                    await self._socket.send_text(text)
            except TimeoutError:
                raise Over(SLOW, "You take nothing that is sent to you.") from None
            except CLOSED:
                await asyncio.sleep(PARTING)  # :meth:`_receive` learns with which code it closed
                raise Gone(for_good=False) from None

    async def _receive(self) -> None:
        await self._inbox.read(self._take)

    def _complain(self, sentence: str) -> None:
        self._outbox.put(self._say.error("bad_message", sentence))

    async def _take(self, message: ClientMessage) -> None:
        if message == Signal("ping"):
            self._outbox.put(self._say.pong(round(self._wall() * 1000)))
            return
        self._begun.set()
        match message:
            case Audio(sound):
                if self._microphone.push(sound):
                    self._said_too_much_sound = False
                elif not self._said_too_much_sound:
                    self._said_too_much_sound = True
                    sentence = "Sound comes faster than it can be heard: the oldest is lost."
                    self._outbox.put(self._say.error("too_much_audio", sentence))
            case Signal("audio_stream_start"):
                self._microphone.open()
            case Text() | Signal("interrupt"):
                await self._manners.hit()
                self._wishes.add(message)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK if self._turns.is_open else 5 * TICK)
            self._turns.tick()
            if self._outbox.stuck_for > self._manners.deaf:
                raise Over(SLOW, "You take nothing that is sent to you.")

    async def _close(self, over: Over) -> None:
        if over.error is not None:
            self._outbox.put(self._say.error(over.error, over.reason))
        is_deaf = over.code == SLOW and over.error is None
        with suppress(TimeoutError, *CLOSED):
            async with asyncio.timeout(PARTING):
                while not self._outbox.is_empty and not is_deaf:
                    await self._socket.send_text(await self._outbox.take())
        with suppress(TimeoutError, *CLOSED):
            async with asyncio.timeout(PARTING):
                if self._socket.application_state is WebSocketState.CONNECTED:
                    await self._socket.close(over.code, shorten(over.reason))

    # The room's side.

    async def _stay(self) -> None:
        """In the room, and back into it where it was lost."""
        await self._begun.wait()
        tries = 0
        while True:
            left: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            stage = self._stage = self._make_stage(self._turns, left.set_result)
            try:
                seat = await self._take_seat()
                await stage.join(seat)
            except rtc.ConnectError as error:
                logger.warning("a room could not be joined: %s", error)
                reason = "JOIN_FAILURE"
            else:
                tries = 0
                reason = await self._converse(stage, left)
            await stage.leave(for_good=False)
            if reason == "DUPLICATE_IDENTITY":
                raise Over(TAKEN_OVER, "Another connection has taken over this session.")
            if reason not in _BACK_SOON:
                raise Over(NORMAL, await self._why_over())
            tries += 1
            if tries > JOINS:
                raise Over(FAILED, "The conversation cannot be reached.", "room_lost")
            await asyncio.sleep(0.5 * tries)

    async def _converse(self, stage: Stage, left: asyncio.Future[str]) -> str:
        """Until the room is left; answers LiveKit's reason."""
        self._publish = stage.publish
        work = [
            asyncio.create_task(self._microphone.run()),
            asyncio.create_task(self._wishes.hand_on(stage)),
        ]
        ends: list[asyncio.Future[Any]] = [*work, left]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                return left.result()
            for each in work:
                if each.done() and (error := each.exception()) is not None:
                    logger.warning("a room is left and joined anew: %s", error)
            return "MEDIA_FAILURE"
        finally:
            for each in work:
                each.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _open_track(self) -> rtc.AudioSource:
        assert self._publish is not None
        return await self._publish()

    async def _leave(self, *, for_good: bool) -> bool:
        return self._stage is not None and await self._stage.leave(for_good=for_good)
