"""What a conversation uses, written into the store while it runs."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    JobContext,
    UserStateChangedEvent,
    utils,
)
from livekit.agents.metrics import LLMModelUsage, ModelUsage, STTModelUsage, TTSModelUsage

from agent.brains.llama import LlamaAddress
from agent.job_store import JobStore
from store.usage import Quantities, Run, Usages, Used
from visavis.session import find_id

logger = logging.getLogger("visavis.agent")

WRITE_SECONDS: Final = 30.0
"""So much is lost of a conversation whose agent is killed."""
EMBEDDED: Final = "embedded"
LAST_SECONDS: Final = 4.0
"""For the last writing, once the conversation is over."""


class Speaking:
    """Seconds spent in a state that comes and goes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        self._past = 0.0

    def change(self, speaks: bool) -> None:
        self._past, self._since = self.seconds, self._clock() if speaks else None

    @property
    def seconds(self) -> float:
        return self._past + (self._clock() - self._since if self._since is not None else 0.0)


class Meter:
    """Reads off what ``session`` has used, and writes it every :data:`WRITE_SECONDS`.

    A store that fails costs the figures alone; what it missed is in the next writing.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        run: Run,
        open_usages: Callable[[], Usages],
        *,
        embedded: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        interval: float = WRITE_SECONDS,
    ) -> None:
        """``open_usages`` may block. ``embedded``: address of the embedded language model, which
        LiveKit takes for a provider's name; it is another one after each start."""
        self._session = session
        self._run = run
        self._open = open_usages
        self._usages: Usages | None = None
        self._embedded = embedded
        self._clock = clock
        self._interval = interval
        self._began = clock()
        self._heard, self._spoken = Speaking(clock), Speaking(clock)
        self._failed = False
        session.on("user_state_changed", self._on_user)
        session.on("agent_state_changed", self._on_agent)
        self._writing = asyncio.create_task(self._write_always(), name="usage")

    async def aclose(self) -> None:
        """The last writing."""
        await utils.aio.cancel_and_wait(self._writing)
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self._write()
        except TimeoutError:
            logger.warning("what a conversation used could not be written in time")

    def read(self) -> list[Used]:
        """So far."""
        conversation = Quantities(
            seconds=self._clock() - self._began,
            heard_seconds=self._heard.seconds,
            spoken_seconds=self._spoken.seconds,
        )
        models = (read_model(usage) for usage in self._session.usage.model_usage)
        return [
            Used("conversation", "", "", conversation),
            *(self._named(used) for used in models if used is not None),
        ]

    def _named(self, used: Used) -> Used:
        return replace(used, provider=EMBEDDED) if used.provider == self._embedded else used

    def _on_user(self, event: UserStateChangedEvent) -> None:
        self._heard.change(event.new_state == "speaking")

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        self._spoken.change(event.new_state == "speaking")

    async def _write_always(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            await self._write()

    async def _write(self) -> None:
        try:
            used = self.read()
            if self._usages is None:
                self._usages = await asyncio.to_thread(self._open)
            await asyncio.to_thread(self._usages.keep, self._run, used)
            self._failed = False
        except Exception as error:
            if not self._failed:
                logger.warning("what is used cannot be written: %s", type(error).__name__)
            self._failed = True


def read_model(usage: ModelUsage) -> Used | None:
    """None for what nobody bills: who speaks when is decided here."""
    if isinstance(usage, LLMModelUsage):
        quantities = Quantities(
            input_tokens=usage.input_tokens,
            cached_tokens=usage.input_cached_tokens,
            audio_input_tokens=usage.input_audio_tokens,
            cached_audio_tokens=usage.input_cached_audio_tokens,
            output_tokens=usage.output_tokens,
            audio_output_tokens=usage.output_audio_tokens,
        )
        return Used("llm", usage.provider, usage.model, quantities)
    if isinstance(usage, STTModelUsage):
        quantities = Quantities(
            audio_seconds=usage.audio_duration,
            input_tokens=usage.input_tokens,
            audio_input_tokens=usage.input_audio_tokens,
            output_tokens=usage.output_tokens,
        )
        return Used("stt", usage.provider, usage.model, quantities)
    if isinstance(usage, TTSModelUsage):
        quantities = Quantities(
            audio_seconds=usage.audio_duration,
            characters=usage.characters_count,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
        )
        return Used("tts", usage.provider, usage.model, quantities)
    return None


def meter(ctx: JobContext, session: AgentSession[Any], store: JobStore, *, began: float) -> None:
    """Until the conversation is over. ``began``: Unix seconds; of a session, which counts where it
    began, also where another agent held it until now. Without one, nobody knows when the lost
    agent's conversation began: this one counts from now on."""
    session_id = find_id(ctx.job.metadata) or ""
    run = Run(ctx.job.id, session_id, began if session_id else time.time())
    llama = LlamaAddress.find(os.environ)
    running = Meter(
        session,
        run,
        lambda: Usages(store.open()),
        embedded=urlsplit(llama.url).netloc if llama is not None else None,
    )
    store.at_the_end(running.aclose)
