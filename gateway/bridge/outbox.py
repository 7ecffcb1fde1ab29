"""What waits to be sent to one client, who may be slow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_FRAMES: Final = 90
"""Frames that may wait, three seconds of them; of more, the oldest are lost."""
MOST_MESSAGES: Final = 2000
"""Of all kinds. Beyond it the client is taken for dead: no other kind is ever lost."""


@dataclass(frozen=True)
class _Waiting:
    text: str
    is_frame: bool


class Outbox:
    """In order; frames are lost where there are too many, everything else waits."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock``: Seconds, monotonic."""
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._frames = 0
        self._something = asyncio.Event()
        self._taken_at = clock()
        self.lost_frames = 0
        """Since the beginning."""

    def put(self, text: str, *, is_frame: bool = False) -> None:
        if not self._waiting:
            self._taken_at = self._clock()
        self._waiting.append(_Waiting(text, is_frame))
        self._frames += is_frame
        if self._frames > MOST_FRAMES:
            del self._waiting[next(i for i, each in enumerate(self._waiting) if each.is_frame)]
            self._frames -= 1
            self.lost_frames += 1
        self._something.set()

    async def take(self) -> str:
        """The next message, as soon as there is one."""
        while not self._waiting:
            self._something.clear()
            await self._something.wait()
        taken = self._waiting.popleft()
        self._frames -= taken.is_frame
        self._taken_at = self._clock()
        return taken.text

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    @property
    def stuck_for(self) -> float:
        """Seconds in which nothing was taken although something waits; infinite where too much
        waits."""
        if len(self._waiting) > MOST_MESSAGES:
            return float("inf")
        return self._clock() - self._taken_at if self._waiting else 0.0
