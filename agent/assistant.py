"""Who the person talks to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing

from livekit.agents import Agent, ModelSettings, llm
from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString

from . import feeling
from .brains.llama import Chunk, first_sentences, shorten
from .knowledge.answer import Answers

INSTRUCTIONS = (
    "You are Amy, a friendly companion with a face and a voice. You talk with a person out loud, "
    "so answer in one to three short sentences of plain spoken English: no lists, no markup, no "
    "emoji, numbers as one would say them. What you hear may be misheard; when it makes no sense, "
    "ask. You may ask something back to keep the talk going."
)
SMALL_INSTRUCTIONS = (
    "Your name is Amy. You are a helpful and cheerful AI assistant. "
    "Answer in one or two short, simple sentences."
)
"""The same for the embedded language model, which follows a short prompt better than a long one."""


class Assistant(Agent):
    """``instructions``: the system prompt; None: the default. ``small``: the embedded model.
    ``writes``: False for a model that speaks itself, and would speak its marks as well. ``model``:
    in place of the session's.

    ``feelings`` learns what the sentences feel like, of which nothing is spoken or shown.
    ``answers``: what it was given to know.
    """

    def __init__(
        self,
        instructions: str | None,
        *,
        small: bool,
        feelings: feeling.Feelings | None = None,
        tools: Sequence[llm.Tool] = (),
        writes: bool = True,
        model: NotGivenOr[llm.RealtimeModel] = NOT_GIVEN,
        answers: Answers | None = None,
    ) -> None:
        instructions = instructions or (SMALL_INSTRUCTIONS if small else INSTRUCTIONS)
        marks = writes and not small
        super().__init__(
            instructions=f"{instructions}\n\n{feeling.INSTRUCTIONS}" if marks else instructions,
            llm=model,
            # The embedded model is too small to use any.
            tools=None if small else list(tools),
        )
        self._small = small
        self.feelings = feelings or feeling.Feelings()
        self._answers = answers

    async def llm_node(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncIterator[Chunk]:
        async with aclosing(self._write(chat_ctx, tools, model_settings)) as written:
            async for chunk in feeling.take_feelings(written, self.feelings):
                yield chunk

    async def _write(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[Chunk]:
        # Knowledge comes in here and not in on_user_turn_completed: what was found is for this
        # answer alone, and a generation begun before the turn's end would be thrown away for it.
        if self._answers is not None and self._small:
            if said := await self._answers.say(chat_ctx):
                yield said
                return
        elif self._answers is not None:
            chat_ctx = await self._answers.tell(chat_ctx)
        if self._small:
            chat_ctx = shorten(chat_ctx)
        answer = Agent.default.llm_node(self, chat_ctx, tools, model_settings)
        async with aclosing(answer) as chunks:
            async for chunk in first_sentences(chunks) if self._small else chunks:
                yield chunk

    async def transcription_node(
        self, text: AsyncIterable[str | TimedString], model_settings: ModelSettings
    ) -> AsyncIterator[str | TimedString]:
        async for piece in feeling.read_feelings(text, self.feelings):
            yield piece
