"""A language model that is never silent: when it is down, it says so in one sentence."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, Sequence
from typing import Any, Final

from livekit.agents import APIConnectOptions, APIError, APITimeoutError, llm, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from .patience import THINKING, Patience, explain, note_time
from .words_llm import WordsLLM

logger = logging.getLogger("visavis.brains")

RETRIES: Final = 2
"""Within one answer; none after an answer that failed."""
RETRY_INTERVAL: Final = 1.0
"""Seconds before the first of them; each one waits twice as long."""
ONCE: Final = APIConnectOptions(max_retry=0)


class EmptyAnswer(APIError):
    """Of a content filter, a token limit, a server that gave up."""


class BrokenAnswer(APIError):
    """Its beginning was said; the rest will not come."""


class SteadyLLM(llm.LLM[Any]):
    """The first of ``minds`` that answers; when none does, that is said instead of an error.

    In place of LiveKit's ``llm.FallbackAdapter``, which writes into the log what was said so far
    and what the provider says of it.

    ``trouble``: said when no answer came. ``apology``: said when an answer broke off.
    """

    def __init__(
        self,
        minds: Sequence[llm.LLM[Any]],
        *,
        trouble: str,
        apology: str,
        patience: Patience = THINKING,
        retry_interval: float = RETRY_INTERVAL,
    ) -> None:
        super().__init__()
        self.minds = minds
        self.trouble = trouble
        self.apology = apology
        self.patience = patience
        self.retry_interval = retry_interval
        self.is_down = False
        """The last answer did not come."""
        for mind in minds:
            mind.on("metrics_collected", self._pass_on)

    def _pass_on(self, *metrics: Any) -> None:
        self.emit("metrics_collected", *metrics)

    @property
    def model(self) -> str:
        return self.minds[0].model

    @property
    def provider(self) -> str:
        return self.minds[0].provider

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.minds[0].prewarm(loop=loop)

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        return _SteadyStream(
            self,
            chat_ctx=chat_ctx,
            tools=tools or [],
            request={
                "parallel_tool_calls": parallel_tool_calls,
                "tool_choice": tool_choice,
                "extra_kwargs": extra_kwargs,
            },
        )

    async def aclose(self) -> None:
        await super().aclose()
        for mind in self.minds:
            mind.off("metrics_collected", self._pass_on)
            await mind.aclose()


class _SteadyStream(llm.LLMStream):
    _llm: SteadyLLM

    def __init__(
        self,
        owner: SteadyLLM,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        request: dict[str, Any],
    ) -> None:
        self._request = request
        self._spoken = False
        super().__init__(owner, chat_ctx=chat_ctx, tools=tools, conn_options=ONCE)

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[llm.ChatChunk]) -> None:
        async for _ in event_aiter:  # the mind that answered has measured it
            pass

    async def _run(self) -> None:
        owner = self._llm
        minds = list(owner.minds)
        for attempt in range(1 if owner.is_down else 1 + RETRIES):
            if attempt:
                await asyncio.sleep(owner.retry_interval * 2 ** (attempt - 1))
            for mind in list(minds):
                name = f"the language model {mind.model} of {mind.provider}"
                try:
                    await self._answer(mind, name)
                    owner.is_down = False
                    return
                except Exception as error:
                    logger.warning("%s failed: %s", name, explain(error))
                    if self._spoken:
                        self._say(f" {owner.apology}")
                        self._tell(BrokenAnswer("an answer broke off", retryable=False))
                        return
                    if not (isinstance(error, APIError) and error.retryable):
                        minds.remove(mind)
            if not minds:
                break
        owner.is_down = True
        logger.error("no language model answers")
        self._say(owner.trouble)
        self._tell(APIError("no language model answers", retryable=False))

    def _tell(self, error: APIError) -> None:
        """Who listens for it; "recoverable", or LiveKit would end the conversation."""
        label = self._llm.label
        event = llm.LLMError(timestamp=time.time(), label=label, error=error, recoverable=True)
        self._llm.emit("error", event)

    async def _answer(self, mind: llm.LLM[Any], name: str) -> None:
        patience = self._llm.patience
        options = APIConnectOptions(max_retry=0, timeout=patience.first)
        begun = time.monotonic()
        async with mind.chat(
            chat_ctx=self._chat_ctx, tools=self._tools, conn_options=options, **self._request
        ) as answer:
            while (chunk := await self._wait(answer)) is not None:
                if not self._spoken and chunk.has_response():
                    self._spoken = True
                    note_time(name, time.monotonic() - begun, patience)
                self._event_ch.send_nowait(chunk)
        if not self._spoken and self._owes_words(mind):
            raise EmptyAnswer("neither a word nor a call of a tool", retryable=True)

    def _owes_words(self, mind: llm.LLM[Any]) -> bool:
        """A brain of the user's own may choose to be silent, and a model after what a tool did."""
        items = self._chat_ctx.items
        after_tool = bool(items) and isinstance(items[-1], llm.FunctionCallOutput)
        return not isinstance(mind, WordsLLM) and not after_tool

    async def _wait(self, answer: llm.LLMStream) -> llm.ChatChunk | None:
        seconds = self._llm.patience.next if self._spoken else self._llm.patience.first
        try:
            async with asyncio.timeout(seconds):
                return await anext(answer)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            raise APITimeoutError(f"no word for {seconds:g} s", retryable=False) from None

    def _say(self, words: str) -> None:
        delta = llm.ChoiceDelta(role="assistant", content=words)
        self._event_ch.send_nowait(llm.ChatChunk(id=utils.shortuuid(), delta=delta))
