"""The settings of one running conversation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Literal

from livekit.agents import AgentSession, function_tool, llm, stt, tts, utils
from livekit.agents.voice import SpeechHandle

from agent.brains.openai_realtime import transcription
from agent.brains.speech import Models, choose_stt, choose_tts
from agent.brains.steady_llm import SteadyLLM
from agent.languages import LANGUAGES, apologise, tell_trouble
from agent.manner import Manner
from agent.parts import ControlError, Parts
from settings import Settings
from visavis.talk import Mode, Talk, TalkChange

from .following import Follower

logger = logging.getLogger("visavis.agent")

SETTLING: Final = 2.0
"""Seconds that new ears wait at most until the person has finished."""
LOOK: Final = 0.05
"""Seconds between two looks whether they have."""

Tell = Callable[[Talk], Awaitable[None]]
Part = Literal["stt", "tts"]


class Control:
    """Changes the parts of a conversation: all that is asked at once, or nothing.

    Args:
        tell: Publishes what is in force, after every change.
        keep: Takes every change that has come true, looks included.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        manner: Manner,
        parts: Parts,
        models: Models,
        tell: Tell,
        keep: Callable[[TalkChange], None] = lambda _: None,
    ) -> None:
        self._session = session
        self._manner = manner
        self._parts = parts
        self._models = models
        self._tell = tell
        self.keep = keep
        self._follower = Follower(lambda: self._parts.language, self._follow)
        self._one_at_a_time = asyncio.Lock()
        self._retired: dict[Part, list[tuple[Any, SpeechHandle | None]]] = {"stt": [], "tts": []}
        """Each with what was being said when its successor came: it may still have to finish it."""
        if parts.language != "en":
            self._manner.language = parts.language

    @property
    def talk(self) -> Talk:
        """What is in force."""
        return Talk(
            voice=self._parts.voice,
            speed=self._parts.speed,
            language=self._parts.language,
            mode="retelling" if self._manner.retells else "dialogue",
            own_instructions=bool(self._manner.persona),
        )

    @property
    def settings(self) -> Settings:
        """What makes the parts that are in force."""
        return self._parts.settings

    def begin(self) -> None:
        """The session has started: what its first settings could not do before."""
        if self._manner.retells:
            self._switch("retelling")

    async def change(self, asked: TalkChange, *, is_heard: bool = False) -> Talk:
        """``is_heard``: the language was not asked for, the person spoke it.

        Raises :class:`ControlError`, and nothing has changed.
        """
        async with self._one_at_a_time:
            parts = self.check(asked, is_heard=is_heard)
            if parts != self._parts:
                await self._put_in(parts)
            before = self._manner.instructions
            if parts.language != self._parts.language:
                self._manner.language = parts.language
                if isinstance(mind := self._session.llm, SteadyLLM):
                    mind.trouble = tell_trouble(parts.settings)
                    mind.apology = apologise(parts.settings)
            if asked.instructions is not None:
                self._manner.persona = asked.instructions
            if self._manner.instructions != before:
                await self._session.current_agent.update_instructions(self._manner.instructions)
                self._manner.on_change()
            self._parts = parts
            if asked.mode is not None:
                self._switch(asked.mode)
            self.keep(asked if asked.language is None else replace(asked, is_heard=is_heard))
            await self._tell(self.talk)
            return self.talk

    def follow(self) -> None:
        """From now on follow the person into another language, where all parts know several."""
        if self._parts.is_embedded:
            return
        self._follower.attach(self._session)

    def end_turn(self) -> None:
        """The person has finished a turn that goes into no conversation."""
        self._follower.end_turn()

    def tools(self) -> list[llm.Tool]:
        """What the model may change when the person asks for it."""

        @function_tool
        async def change_conversation(language: str = "", speed: float = 0.0) -> str:
            """Speak another language, faster or slower, because the person asked for it.

            Args:
                language: its English name or code; empty: stay with this one
                speed: of your voice, where 1 is ordinary; 0: stay with this one
            """
            asked = TalkChange(language=language or None, speed=speed or None)
            try:
                talk = await self.change(asked)
            except ControlError as error:
                raise llm.ToolError(str(error)) from error
            return f"You speak {LANGUAGES[talk.language].name} at speed {talk.speed:g} now."

        return [change_conversation]

    def check(self, asked: TalkChange, *, is_heard: bool = False) -> Parts:
        """What the parts would be. Raises :class:`ControlError`."""
        return self._parts.changed(asked, is_heard=is_heard)

    async def _put_in(self, parts: Parts) -> None:
        """Make the ears and the voice anew, and let the conversation use them from now on."""
        old = self._parts
        if parts.providers.realtime is not None:
            self._tell_model(parts)
            return
        new: dict[Part, stt.STT[Any] | tts.TTS[Any]] = {}
        try:
            if (parts.voice, parts.speed) != (old.voice, old.speed):
                new["tts"], _ = await asyncio.to_thread(
                    choose_tts, parts.settings, parts.providers, self._models
                )
            if parts.settings.openai_transcription_language != (
                old.settings.openai_transcription_language
            ):
                new["stt"], _ = await asyncio.to_thread(
                    choose_stt, parts.settings, parts.providers, self._models
                )
                await self._settle()
        except BaseException:
            for part, made in new.items():
                await _close(part, made)
            raise
        for part, made in new.items():
            await self._swap(part, made)

    async def _settle(self) -> None:
        """What the person is saying comes out first: it is lost with ears that are replaced."""
        agent: Any = self._session.current_agent
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLING):
                while self._session.user_state == "speaking" or agent.withholds_words:
                    await asyncio.sleep(LOOK)

    def _tell_model(self, parts: Parts) -> None:
        """What a realtime model can be told while it talks."""
        old, options = self._parts, dict[str, Any]()
        if parts.speed != old.speed:
            options["speed"] = parts.speed
        heard = transcription(parts.settings)
        is_openais = parts.providers.realtime == "openai-realtime"
        if is_openais and heard != transcription(old.settings):
            options["input_audio_transcription"] = heard
        if options:
            model: Any = self._session.current_agent.realtime_llm_session
            model.update_options(**options)

    async def _swap(self, part: Part, new: stt.STT[Any] | tts.TTS[Any]) -> None:
        """And close what was retired before, unless it still speaks."""
        agent: Any = self._session.current_agent
        given = getattr(agent, part)
        old = given if utils.is_given(given) else getattr(self._session, part)
        agent.update_options(**{part: new})
        retired = self._retired[part]
        busy = [each for each in retired if each[1] is not None and not each[1].done()]
        over = [each for each in retired if each not in busy]
        self._retired[part] = busy
        if old is not None:
            self._retired[part].append((old, self._session.current_speech))
        for each, _ in over:
            await _close(part, each)

    def _switch(self, mode: Mode) -> None:
        self._manner.retells = mode == "retelling"
        # LiveKit asks the model while the person still talks, before the turn could be refused.
        self._session.options.preemptive_generation["enabled"] = mode != "retelling"
        if self._parts.providers.realtime is not None:
            # A realtime model answers whatever it hears, and keeps what it is shown.
            self._session.input.set_audio_enabled(mode != "retelling")
            if self._session.input.video is not None:
                self._session.input.set_video_enabled(mode != "retelling")
        if mode == "dialogue":
            self._manner.on_dialogue()

    async def _follow(self, code: str) -> None:
        try:
            await self.change(TalkChange(language=code), is_heard=True)
        except ControlError as error:
            logger.info("the person speaks another language: %s", error)


async def _close(part: Part, made: stt.STT[Any] | tts.TTS[Any]) -> None:
    try:
        await made.aclose()
    except Exception as error:  # nobody hears it any more
        logger.warning("a %s could not be closed: %s", part, type(error).__name__)
