"""What is typed where the mode is to retell: said word for word."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from livekit.agents import utils
from livekit.agents.voice import SpeechHandle

from .controls.messages import chunks

logger = logging.getLogger("visavis.agent")

MOST: Final = 32
"""Texts that are being said or wait; more are dropped."""


class Retelling:
    """Says texts one after the other, each in pieces: of a long one little is made ahead of what is
    heard. A cut-in ends a text, and the next one follows. ``say``: gives one to the voice."""

    def __init__(self, say: Callable[[str], SpeechHandle]) -> None:
        self._give = say
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, text: str) -> None:
        """Begin to :meth:`retell`."""
        if len(self._tasks) >= MOST:
            logger.warning("%d texts wait to be said; one more is dropped", MOST)
            return
        task = asyncio.create_task(self.retell(text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        await utils.aio.cancel_and_wait(*self._tasks)

    async def retell(self, text: str) -> None:
        """Returns when it was heard, or cut off."""
        async with self._one_at_a_time:
            try:
                for piece in chunks(text):
                    handle = self._give(piece)
                    await handle.wait_for_playout()
                    if handle.interrupted:
                        return
            except RuntimeError:
                logger.info("a text came when the conversation was over")
