"""What a client asks of the agent: it waits until there is one."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from .messages import BadMessage, Signal, Text
from .stage import Stage
from .turns import Turns

MOST_WAITING: Final = 32
"""Texts and interrupts."""
TRIES: Final = 3
"""For one text: a room that is lost while it is sent is joined anew."""


class Wishes:
    """Of one client, in order, through as many rooms as it takes."""

    def __init__(self, turns: Turns) -> None:
        """``turns``: told of each as it is handed on."""
        self._turns = turns
        self._waiting: deque[Text | Signal] = deque()
        self._failures: int | None = None
        """Of the first text that waits; None: it is still to be tried, and shown as said."""
        self._more = asyncio.Event()

    def add(self, wish: Text | Signal) -> None:
        """``wish``: a text, or an interrupt. Raises :class:`.messages.BadMessage` where too much
        waits."""
        if len(self._waiting) >= MOST_WAITING:
            raise BadMessage(f"{MOST_WAITING} messages are waiting already: try later.")
        self._waiting.append(wish)
        self._more.set()

    async def hand_on(self, stage: Stage) -> None:
        """Until cancelled: each as soon as there is somebody to ask."""
        while True:
            while not self._waiting:
                self._more.clear()
                await self._more.wait()
            await stage.agent_here.wait()
            wish = self._waiting[0]
            if isinstance(wish, Text):
                await self._ask(wish.text, stage)
            else:
                self._waiting.popleft()  # it is about what is being said now
                self._turns.interrupted()
                await stage.interrupt()

    async def _ask(self, text: str, stage: Stage) -> None:
        """It waits for the next room where this one is lost in the middle of it."""
        if self._failures is None:
            self._failures = 0
            self._turns.typed(text)
        try:
            await stage.ask(text)
        except Exception:
            self._failures += 1
            if self._failures == TRIES:
                self._over()
            raise
        self._over()

    def _over(self) -> None:
        self._waiting.popleft()
        self._failures = None
