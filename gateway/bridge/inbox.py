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
BYTES: Final = 256 * 1024.0
"""A second in the long run: four times a microphone at :data:`.messages.RATE` in base64. To read a
message costs the loop about 3 ms a MiB; a thread would hold the interpreter for as long."""
BURST_BYTES: Final = 8 * 1024 * 1024.0
"""At once: two minutes of sound."""
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
        self._messages = _Allowance(MESSAGES, BURST, clock)
        self._bytes = _Allowance(BYTES, BURST_BYTES, clock)
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
            self._count(raw)
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

    def _count(self, raw: str | bytes) -> None:
        if not self._messages.take(1):
            reason = f"At most {MESSAGES:.0f} messages a second are taken."
            raise Over(TOO_MANY, reason, "too_many_requests")
        if not self._bytes.take(len(raw)):  # of a text its letters, which are its bytes in base64
            reason = f"At most {BYTES / 1024:.0f} KiB a second are taken."
            raise Over(TOO_MANY, reason, "too_many_requests")


class _Allowance:
    """So much a second in the long run, and ``burst`` at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._counted_at = clock()

    def take(self, much: float) -> bool:
        """False: it is too much."""
        now = self._clock()
        self._left = min(self._burst, self._left + self._rate * (now - self._counted_at)) - much
        self._counted_at = now
        return self._left >= 0
