"""A language model that is never silent: when it is down, it says so in one sentence."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Final

from livekit.agents import APIConnectOptions, APIError, APITimeoutError, llm, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from .patience import THINKING, Patience, explain, note_time

logger = logging.getLogger("visavis.brains")

RETRIES: Final = 2
"""Within one answer; LiveKit waits longer before each. None after an answer that failed."""
RETRY_INTERVAL: Final = 1.0
"""Seconds."""


class SteadyLLM(llm.LLM[Any]):
    """``mind``, whose failures end in words instead of an error.

    ``trouble``: said when no answer came. ``apology``: said when an answer broke off.
    """

    def __init__(
        self,
        mind: llm.LLM[Any],
        *,
        trouble: str,
        apology: str,
        patience: Patience = THINKING,
        retry_interval: float = RETRY_INTERVAL,
    ) -> None:
        super().__init__()
        self.mind = mind
        self.trouble = trouble
        self.apology = apology
        self.patience = patience
        self.retry_interval = retry_interval
        self.failures = 0
        """Answers in a row that failed."""

    @property
    def model(self) -> str:
        return self.mind.model

    @property
    def provider(self) -> str:
        return self.mind.provider

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.mind.prewarm(loop=loop)

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
            conn_options=APIConnectOptions(max_retry=0),
            request={
                "parallel_tool_calls": parallel_tool_calls,
                "tool_choice": tool_choice,
                "extra_kwargs": extra_kwargs,
            },
        )

    async def aclose(self) -> None:
        await super().aclose()
        await self.mind.aclose()


class _SteadyStream(llm.LLMStream):
    _llm: SteadyLLM

    def __init__(self, owner: SteadyLLM, *, request: dict[str, Any], **options: Any) -> None:
        self._request = request
        super().__init__(owner, **options)

    async def _run(self) -> None:
        owner = self._llm
        name = f"the language model {owner.model} of {owner.provider}"
        spoken = False
        try:
            answer = owner.mind.chat(
                chat_ctx=self._chat_ctx,
                tools=self._tools,
                conn_options=APIConnectOptions(
                    max_retry=0 if owner.failures else RETRIES,
                    retry_interval=owner.retry_interval,
                    timeout=owner.patience.first,
                ),
                **self._request,
            )
            # LiveKit would begin an answer that broke off once more, and it would be said twice.
            answer._retry_on_chunk_sent = False
            begun = time.monotonic()
            async with answer:
                while (chunk := await self._wait(answer, spoken)) is not None:
                    if not spoken and chunk.has_response():
                        spoken = True
                        note_time(name, time.monotonic() - begun, owner.patience)
                    self._event_ch.send_nowait(chunk)
            owner.failures = 0
        except Exception as error:
            owner.failures += 1
            logger.error("%s failed: %s", name, explain(_cause(error)))
            words = f" {owner.apology}" if spoken else owner.trouble
            delta = llm.ChoiceDelta(role="assistant", content=words)
            self._event_ch.send_nowait(llm.ChatChunk(id=utils.shortuuid(), delta=delta))

    async def _wait(self, answer: llm.LLMStream, spoken: bool) -> llm.ChatChunk | None:
        patience = self._llm.patience
        seconds = patience.next if spoken else patience.first
        try:
            async with asyncio.timeout(seconds):
                return await anext(answer)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            raise APITimeoutError(f"no word for {seconds:g} s", retryable=False) from None


def _cause(error: Exception) -> Exception:
    """What went wrong in the last try, where LiveKit only says that it was the last."""
    return error.__cause__ if isinstance(error.__cause__, APIError) else error
