"""The captions' last station: a word that shows here is being heard, and its feeling felt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from livekit.agents import utils
from livekit.agents.voice.io import TextOutput

from .marks import Feeling, Feelings, only_letters

logger = logging.getLogger("visavis.agent")

LINGER: Final = 1.5
"""Seconds that a feeling stays on the face after the last word."""
CALM: Final = Feeling("neutral", 1.0)

Feel = Callable[[Feeling], Awaitable[None]]


class Felt(TextOutput):
    """Passes captions on and calls ``feel`` whenever a feeling begins or is over.

    A feeling that begins with a sentence is told when the last word before it is shown, so that the
    face is there before the voice, as in people (Ekman's facial expressions lead speech by some
    0.2 s). ``next_in_chain`` is the room's own captions; the first mark of a segment goes on to it
    as LiveKit's tag, which it turns into ``lk.expression``.
    """

    def __init__(self, feelings: Feelings, feel: Feel, next_in_chain: TextOutput) -> None:
        super().__init__(label="Felt", next_in_chain=next_in_chain)
        self._feelings = feelings
        self._feel = feel
        self._shown = ""
        self._felt = CALM
        self._wanted: asyncio.Queue[Feeling] = asyncio.Queue()
        self._relax: asyncio.TimerHandle | None = None
        self._teller = asyncio.create_task(self._tell(), name="feelings")

    async def aclose(self) -> None:
        self._stop_relaxing()
        await utils.aio.cancel_and_wait(self._teller)

    async def capture_text(self, text: str) -> None:
        assert self.next_in_chain is not None
        self._stop_relaxing()
        first = not self._shown
        self._shown += only_letters(text)
        said = self._feelings.find(self._shown)
        if said is not None:
            self._become(said.at(len(self._shown)) or CALM)
        if first and said is not None and (leading := said.at(0)) is not None:
            label = f'<expr type="expression" label="{leading.name}"/>'
            await self.next_in_chain.capture_text(label)
        await self.next_in_chain.capture_text(text)

    def flush(self) -> None:
        assert self.next_in_chain is not None
        self.next_in_chain.flush()
        self._shown = ""
        self._stop_relaxing()
        self._relax = asyncio.get_running_loop().call_later(LINGER, self._become, CALM)

    def _become(self, feeling: Feeling) -> None:
        if feeling != self._felt:
            self._felt = feeling
            self._wanted.put_nowait(feeling)

    def _stop_relaxing(self) -> None:
        if self._relax is not None:
            self._relax.cancel()
            self._relax = None

    async def _tell(self) -> None:
        while True:
            feeling = await self._wanted.get()
            while not self._wanted.empty():  # only the newest is still true
                feeling = self._wanted.get_nowait()
            try:
                await self._feel(feeling)
            except Exception:
                logger.info("the face could not be told a feeling", exc_info=True)
