"""A brain of the user's own, in Python: LiveKit's LLM on an entry point's :class:`Brain`."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, llm, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from visavis.brain import Brain, Message, Turn

from .errors import BrainError
from .providers import find_own

logger = logging.getLogger("visavis.brains")


def own_llm(name: str) -> OwnLLM:
    """The brain that an installed package offers as ``name``.

    Raises :class:`BrainError` where there is none, or it cannot be made.
    """
    point = find_own(name)
    try:
        make: Callable[[], Brain] = point.load()
        brain = make()
    except Exception as error:
        raise BrainError(
            f"BRAIN={name!r}: {point.value} cannot be made ({type(error).__name__}: {error})"
        ) from error
    if not callable(getattr(brain, "answer", None)):
        raise BrainError(f"BRAIN={name!r}: {point.value} has no method answer(history, turn)")
    return OwnLLM(name, brain)


class OwnLLM(llm.LLM[Any]):
    def __init__(self, name: str, brain: Brain) -> None:
        super().__init__()
        self.name = name
        self.brain = brain

    @property
    def model(self) -> str:
        return self.name

    @property
    def provider(self) -> str:
        return "own"

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
    _llm: OwnLLM

    async def _run(self) -> None:
        history, turn = read_turn(self._chat_ctx)
        pieces = self._llm.brain.answer(history, turn)
        try:
            async for piece in pieces:
                delta = llm.ChoiceDelta(role="assistant", content=piece)
                self._event_ch.send_nowait(llm.ChatChunk(id=utils.shortuuid(), delta=delta))
        except Exception as error:
            # Of its own errors the author wants to see where; of the talk there is nothing in it.
            logger.warning("the brain %r failed", self._llm.name, exc_info=_without_words(error))
            raise APIConnectionError(type(error).__name__, retryable=False) from None
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()


def read_turn(chat_ctx: llm.ChatContext) -> tuple[list[Message], Turn]:
    """The conversation as a brain gets it: what was said before, and what is to be answered."""
    history: list[Message] = []
    instructions: list[str] = []
    for message in chat_ctx.messages():
        text = message.text_content or ""
        if message.role in ("system", "developer"):
            instructions.append(text)
        elif message.role == "user" or message.role == "assistant":
            history.append(Message(message.role, text))
    said = history.pop().text if history and history[-1].role == "user" else ""
    return history, Turn(said, "\n\n".join(instructions))


def _without_words(error: Exception) -> Exception:
    """The same error with its traceback, without its message, which may quote the person."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
