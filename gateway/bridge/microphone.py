"""A client's sound on its way into the room: at its own pace, whatever pace it came at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from livekit import rtc

from .messages import RATE

PIECE: Final = RATE // 100
"""Samples (10 ms) that go into the room at once: direct capture takes no others."""
MOST: Final = 10 * RATE
"""Samples that may wait; of more, the oldest are lost."""
FIRST: Final = 0.06
"""Seconds that the first sound after a silence waits for more: clients send it in lumps."""
LEAD_IN: Final = 2 * RATE // 5
"""Samples (0.4 s) of silence before the very first sound: whoever has just subscribed hears nothing
yet."""
TAIL: Final = 2 * RATE
"""Samples (2 s) of silence after the last sound: by them the agent knows that the person is
done."""

_WIDTH: Final = 2


class Source(Protocol):
    """What is needed of ``rtc.AudioSource``."""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None: ...


class Microphone:
    """Takes sound at any pace, and publishes a track only when there is some.

    Args:
        publish: Makes the track known in the room and answers its source, at :data:`.RATE` and
            without a queue, once somebody has subscribed. Called once a :meth:`run`.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        publish: Callable[[], Awaitable[Source]],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._sleep = sleep
        self._waiting = bytearray()
        self._something = asyncio.Event()
        self._wanted = asyncio.Event()

    def push(self, sound: bytes) -> bool:
        """int16 at :data:`.RATE`. False where older sound was lost for it."""
        self._wanted.set()
        self._waiting += sound
        self._something.set()
        too_much = len(self._waiting) - MOST * _WIDTH
        if too_much <= 0:
            return True
        del self._waiting[:too_much]
        return False

    def open(self) -> None:
        """There will be sound soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled. Raises what the room raises."""
        await self._wanted.wait()
        source = await self._publish()
        silence = -LEAD_IN
        while True:
            await self._something.wait()
            self._something.clear()
            await self._sleep(FIRST)
            await self._play(source, silence)
            silence = 0

    async def _play(self, source: Source, silence: int) -> None:
        """``silence``: samples of it since the last sound; below 0, so many are to come first."""
        due = self._clock()
        while silence < TAIL:
            piece = b""
            if silence >= 0:
                piece = bytes(self._waiting[: PIECE * _WIDTH])
                del self._waiting[: PIECE * _WIDTH]
            silence = 0 if piece else silence + PIECE
            await source.capture_frame(
                rtc.AudioFrame(piece.ljust(PIECE * _WIDTH, b"\0"), RATE, 1, PIECE)
            )
            due += PIECE / RATE
            if (now := self._clock()) - due > FIRST:
                due = now  # this machine was asleep: no rush to make up for it
            await self._sleep(max(0.0, due - now))
