"""LiveKit's LLM on a mind that is given words and answers words, and knows no tools."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from livekit.agents import APIConnectOptions, llm, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.voice.generation import INSTRUCTIONS_MESSAGE_ID

from visavis.brain import Message, Turn


class WordsLLM(llm.LLM[Any]):
    def __init__(self, name: str, provider: str) -> None:
        super().__init__()
        self._name = name
        self._provider = provider

    @property
    def model(self) -> str:
        return self._name

    @property
    def provider(self) -> str:
        return self._provider

    @abstractmethod
    def answer(self, chat_ctx: llm.ChatContext) -> AsyncGenerator[str]:
        """Piece by piece; closed when the person cuts in.

        Raises :class:`~livekit.agents.APIError`.
        """

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
        return _Answer(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Answer(llm.LLMStream):
    _llm: WordsLLM

    async def _run(self) -> None:
        name = utils.shortuuid("answer_")
        async with aclosing(self._llm.answer(self._chat_ctx)) as pieces:
            async for piece in pieces:
                delta = llm.ChoiceDelta(role="assistant", content=piece)
                self._event_ch.send_nowait(llm.ChatChunk(id=name, delta=delta))


def read_history(chat_ctx: llm.ChatContext) -> list[Message]:
    """What was said."""
    return [
        Message(message.role, message.text_content or "")
        for message in chat_ctx.messages()
        if message.role == "user" or message.role == "assistant"
    ]


def read_context(chat_ctx: llm.ChatContext) -> tuple[str, str]:
    """The instructions, and what is told for this answer alone, such as passages found for it."""
    instructions, context = list[str](), list[str]()
    for message in _told(chat_ctx):
        is_lasting = message.id == INSTRUCTIONS_MESSAGE_ID
        (instructions if is_lasting else context).append(message.text_content or "")
    return "\n\n".join(instructions), "\n\n".join(context)


def read_turn(chat_ctx: llm.ChatContext) -> tuple[list[Message], Turn]:
    """The conversation as a brain gets it: what was said before, and what is to be answered."""
    history = read_history(chat_ctx)
    said = history.pop().text if history and history[-1].role == "user" else ""
    instructions = (message.text_content or "" for message in _told(chat_ctx))
    return history, Turn(said, "\n\n".join(instructions))


def _told(chat_ctx: llm.ChatContext) -> list[llm.ChatMessage]:
    return [each for each in chat_ctx.messages() if each.role in ("system", "developer")]
