"""The language models of an eval: one that follows a script, and a watch over any."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, llm, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from .scenario import Answer


class ScriptedLLM(llm.LLM[Any]):
    """Answers what ``script`` says, an entry for each request."""

    def __init__(self) -> None:
        super().__init__()
        self.script: deque[Answer] = deque()
        self.missed = 0
        """Requests for which the script had nothing."""

    @property
    def model(self) -> str:
        return "scripted"

    @property
    def provider(self) -> str:
        return "evals"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> llm.LLMStream:
        return _Scripted(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Scripted(llm.LLMStream):
    _llm: ScriptedLLM

    async def _run(self) -> None:
        if not self._llm.script:
            self._llm.missed += 1
            raise APIConnectionError("the script has no more answers", retryable=False)
        answer = self._llm.script.popleft()
        if answer.call is not None:
            call = llm.FunctionToolCall(
                name=answer.call,
                arguments=json.dumps(answer.arguments),
                call_id=utils.shortuuid("call_"),
            )
            self._send(llm.ChoiceDelta(role="assistant", tool_calls=[call]))
        for word in re.findall(r"\s*\S+", answer.say or ""):
            self._send(llm.ChoiceDelta(role="assistant", content=word))

    def _send(self, delta: llm.ChoiceDelta) -> None:
        self._event_ch.send_nowait(llm.ChatChunk(id=utils.shortuuid(), delta=delta))


class WatchedLLM(llm.LLM[Any]):
    """Passes requests on to ``mind``, keeps what they told it, and can be down."""

    def __init__(self, mind: llm.LLM[Any]) -> None:
        super().__init__()
        self.mind = mind
        self.is_down = False
        self.told: list[llm.ChatContext] = []

    @property
    def model(self) -> str:
        return self.mind.model

    @property
    def provider(self) -> str:
        return self.mind.provider

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **more: Any,
    ) -> llm.LLMStream:
        self.told.append(chat_ctx.copy())
        if self.is_down:
            return _Down(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)
        return self.mind.chat(chat_ctx=chat_ctx, tools=tools, conn_options=conn_options, **more)

    async def aclose(self) -> None:
        await super().aclose()
        await self.mind.aclose()


class _Down(llm.LLMStream):
    async def _run(self) -> None:
        raise APIConnectionError("the scenario says that it is down")


def told_text(requests: list[llm.ChatContext]) -> str:
    """Everything that was in them, as one text."""
    lines: list[str] = []
    for item in (item for request in requests for item in request.items):
        if isinstance(item, llm.ChatMessage):
            lines.append(f"{item.role}: {item.text_content or ''}")
        elif isinstance(item, llm.FunctionCallOutput):
            lines.append(f"{item.name} returned: {item.output}")
    return "\n".join(lines)
