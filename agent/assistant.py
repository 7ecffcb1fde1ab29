"""Who the person talks to."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import aclosing

from livekit import rtc
from livekit.agents import Agent, ModelSettings, StopResponse, llm, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString

from . import feeling
from .brains.llama import Chunk, first_sentences, shorten
from .knowledge.answer import Answers
from .listening import turns_only
from .manner import Manner
from .seeing import Sight
from .tone import Tone


class Assistant(Agent):
    """Behaves in a ``manner``. ``small``: with the embedded language model, which is too small to
    use tools. ``model``: in place of the session's. ``answers``: what it was given to know.
    ``sight``: what it is shown. ``overhear``: takes what is said to it while it retells, which goes
    into no conversation. ``context_items``: what a model that is not small is sent of the
    conversation at most; None: all."""

    def __init__(
        self,
        manner: Manner,
        *,
        small: bool,
        tools: Sequence[llm.Tool] = (),
        model: NotGivenOr[llm.RealtimeModel] = NOT_GIVEN,
        answers: Answers | None = None,
        sight: Sight | None = None,
        overhear: Callable[[str], None] | None = None,
        context_items: int | None = None,
    ) -> None:
        super().__init__(
            instructions=manner.instructions,
            llm=model,
            tools=None if small else list(tools),
        )
        self._manner = manner
        self._small = small
        self._answers = answers
        self._sight = sight
        self._overhear = overhear
        self._context_items = context_items
        self._words_due = 0.0

    @property
    def withholds_words(self) -> bool:
        """The person has said something that did not come out of the ears yet."""
        return asyncio.get_running_loop().time() < self._words_due

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        tone = Tone()
        events = Agent.default.stt_node(self, tone.passing(audio), model_settings)
        turns = turns_only(
            events,
            self._is_talking,
            lambda: self._manner.is_english,
            tone=tone,
            withhold=lambda until: setattr(self, "_words_due", until),
        )
        async with aclosing(tone), aclosing(turns):
            async for event in turns:
                yield event

    def _is_talking(self) -> bool:
        return self.session.current_speech is not None

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        if self._manner.retells:
            if self._overhear is not None:
                self._overhear(new_message.text_content or "")
            raise StopResponse()

    async def llm_node(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncIterator[Chunk]:
        async with aclosing(self._write(chat_ctx, tools, model_settings)) as written:
            async for chunk in feeling.take_feelings(written, self._manner.feelings):
                yield chunk

    async def _write(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[Chunk]:
        whole = chat_ctx
        if self._context_items is not None and not self._small:
            chat_ctx = recent(chat_ctx, self._context_items)
        # Knowledge and pictures come in here and not in on_user_turn_completed: they are for this
        # answer alone, and a generation begun before the turn's end would be thrown away for them.
        if self._sight is not None:
            if self._small and (said := self._sight.refuse(chat_ctx)):
                yield said
                return
            if not self._small:
                chat_ctx = await self._sight.tell(chat_ctx, whole)
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
        async for piece in feeling.read_feelings(text, self._manner.feelings):
            yield piece


def recent(chat_ctx: llm.ChatContext, most: int) -> llm.ChatContext:
    """Its last items, ``most`` or fewer, and its instructions.

    Half of ``most`` goes at a time: in between, the beginning stays the same, and a provider reads
    it from its cache.
    """
    items, step = len(chat_ctx.items), max(1, most // 2)
    if items <= most:
        return chat_ctx
    return chat_ctx.copy().truncate(max_items=items - step * math.ceil((items - most) / step))
