"""What a client sends: read, counted, and no longer borne where it is too much."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.websockets import WebSocket

from .endings import NORMAL, POLICY, SLOW, TOO_MANY, Gone, Over
from .messages import BadMessage, ClientMessage, read_message

MESSAGES: Final = 100.0
"""A second that a client may send in the long run; :data:`BURST` at once."""
BURST: Final = 500.0
BAD_MESSAGES: Final = 20
"""In a row or nearly: each good one forgives one."""


class Inbox:
    """Of one client.

    Args:
        first_message: Seconds in which it must say something.
        complain: Told of each message that cannot be used, as a sentence for people.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        socket: WebSocket,
        first_message: float,
        complain: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._socket = socket
        self._first_message = first_message
        self._complain = complain
        self._clock = clock
        self._allowance = BURST
        self._counted_at = clock()
        self._bad = 0

    async def read(self, take: Callable[[ClientMessage], Awaitable[None]]) -> None:
        """Hand on one message after the other, for as long as they come; ``take`` may raise
        :class:`.messages.BadMessage`. Raises :class:`Gone`, :class:`Over`."""
        try:
            async with asyncio.timeout(self._first_message):
                raw = await self._next()
        except TimeoutError:
            sentence = f"Nothing was sent for {self._first_message:g} s."
            raise Over(SLOW, sentence, "no_message") from None
        while True:
            self._count()
            try:
                await take(read_message(raw))
                self._bad = max(0, self._bad - 1)
            except BadMessage as error:
                self._bad += 1
                self._complain(str(error))
                if self._bad >= BAD_MESSAGES:
                    raise Over(POLICY, "Too many messages that cannot be used.") from None
            raw = await self._next()

    async def _next(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone(for_good=message.get("code") == NORMAL)
        text = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    def _count(self) -> None:
        now = self._clock()
        self._allowance = min(BURST, self._allowance + MESSAGES * (now - self._counted_at)) - 1
        self._counted_at = now
        if self._allowance < 0:
            reason = f"At most {MESSAGES:.0f} messages a second are taken."
            raise Over(TOO_MANY, reason, "too_many_requests")
