"""A conversation for an eval: our own assistant, controls, tools and knowledge, without a room."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from livekit import rtc
from livekit.agents import AgentSession, llm, mock_tools
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities, TextOutput
from livekit.plugins import silero
from pydantic import SecretStr

from agent.assistant import Assistant
from agent.brains.choose import Brains, Providers
from agent.brains.hibari import Voice
from agent.brains.speech import Models, stand_in_voice
from agent.brains.steady_llm import SteadyLLM
from agent.brief_session import open_session
from agent.controls import Control, Parts
from agent.feeling import Feeling
from agent.knowledge.__main__ import local_encoder
from agent.knowledge.answer import Answers
from agent.knowledge.choose import Library
from agent.knowledge.session import SessionKnowledge
from agent.knowledge.sources import ROOT
from agent.languages import apologise, tell_trouble
from agent.manner import Manner
from agent.outputs import refine_outputs
from agent.seeing import Sight
from agent.tools import collect_tools
from agent.tools.page import show
from settings import Settings
from visavis.talk import Talk

from .minds import ScriptedLLM, WatchedLLM
from .scenario import Scenario

RATE = 24_000


class Loudspeaker(AudioOutput):
    """Plays at once; what will be interrupted, no more than the share that is to be heard."""

    def __init__(self) -> None:
        super().__init__(
            label="evals", capabilities=AudioOutputCapabilities(pause=True), sample_rate=RATE
        )
        self.cut_at: float | None = None
        """Share of a segment at which it will be interrupted; None: it plays to its end."""
        self.is_whole = asyncio.Event()
        """A segment that will be interrupted has all its sound."""
        self._given = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._given:
            self.on_playback_started(created_at=time.time())
        self._given += frame.duration

    def flush(self) -> None:
        super().flush()
        if self.cut_at is None:
            self._end(self._given, interrupted=False)
        elif self._given:
            self.is_whole.set()

    def clear_buffer(self) -> None:
        self._end(self._given * (self.cut_at or 0.0), interrupted=True)

    def _end(self, position: float, *, interrupted: bool) -> None:
        if self._given:
            self._given = 0.0
            self.on_playback_finished(playback_position=position, interrupted=interrupted)


class _Captions(TextOutput):
    """The room's end of them."""

    def __init__(self) -> None:
        super().__init__(label="evals", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        pass

    def flush(self) -> None:
        pass


@dataclass(frozen=True)
class Stage:
    """A conversation that is going on."""

    session: AgentSession[None]
    settings: Settings
    manner: Manner
    control: Control
    watched: tuple[WatchedLLM, ...]
    scripted: ScriptedLLM | None
    loudspeaker: Loudspeaker | None


@asynccontextmanager
async def on_stage(
    scenario: Scenario, settings: Settings, minds: list[llm.LLM[Any]], *, small: bool
) -> AsyncIterator[Stage]:
    """``minds``: who answers. ``small``: it is the embedded model, which uses no tools."""
    watched = tuple(WatchedLLM(mind) for mind in minds)
    steady = SteadyLLM(
        watched,
        trouble=tell_trouble(settings),
        apology=apologise(settings),
        retry_interval=0.01,
    )
    brains = Brains(
        vad=None,
        stt=None,
        llm=steady,
        tts=stand_in_voice(),
        turn_handling={"turn_detection": "manual"},
        small=small,
        times_words=True,
        description={},
    )
    if scenario.voices == "openai" and settings.openai_api_key is None:
        settings = settings.model_copy(update={"openai_api_key": SecretStr("never sent")})
    async with AsyncExitStack() as closing:
        session = open_session(brains)
        manner = Manner.of(settings.agent_instructions, small=small)
        mind = "embedded" if small else "openai"
        parts = Parts(settings, Providers(scenario.voices, mind, scenario.voices))
        control = Control(session, manner, parts, _models(scenario), _tell_nobody)
        knowledge = await _learn(scenario, closing)
        answers = Answers(knowledge)
        tools = [] if small else collect_tools(None, [*control.tools(), *answers.tools()])
        loudspeaker = Loudspeaker() if scenario.is_heard else None
        if loudspeaker is not None:
            session.output.audio, session.output.transcription = loudspeaker, _Captions()
        await closing.enter_async_context(session)
        await session.start(
            Assistant(manner, small=small, tools=tools, answers=answers, sight=Sight(able=False)),
            session_host=False,
        )
        outputs = refine_outputs(session.output, manner.feelings, _feel_nothing, times_words=True)
        closing.push_async_callback(outputs.aclose)
        # The tool itself takes the room from its job; the rest of it is what a page is asked by.
        closing.enter_context(
            mock_tools(Assistant, {"show_card": functools.partial(_show_card, _page(scenario))})
        )
        scripted = next((mind for mind in minds if isinstance(mind, ScriptedLLM)), None)
        yield Stage(session, settings, manner, control, watched, scripted, loudspeaker)


def _models(scenario: Scenario) -> Models:
    changes = any(turn.change for turn in scenario.turns) and scenario.voices == "embedded"
    return Models(vad=_vad(), ears=None, voice=_voice() if changes else None)


_vad = functools.cache(silero.VAD.load)
_voice = functools.cache(Voice)


async def _learn(scenario: Scenario, closing: AsyncExitStack) -> SessionKnowledge:
    encoder = await asyncio.to_thread(local_encoder) if scenario.knowledge else None
    knowledge = SessionKnowledge(Library(None, encoder))
    closing.push_async_callback(knowledge.aclose)
    for name in scenario.knowledge:
        data = await asyncio.to_thread((ROOT / name).read_bytes)
        await knowledge.add_file(name, data)
    return knowledge


def _page(scenario: Scenario) -> rtc.Room:
    """A room with one person in it, whose page does with a card what the scenario says."""

    async def perform_rpc(**_: Any) -> str:
        if scenario.page == "refuses":
            raise rtc.RpcError(rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD, "no cards here")
        return "ok"

    person = SimpleNamespace(identity="person", kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)
    people = {} if scenario.page == "none" else {"person": person}
    local = SimpleNamespace(perform_rpc=perform_rpc)
    return cast(rtc.Room, SimpleNamespace(remote_participants=people, local_participant=local))


async def _show_card(room: rtc.Room, title: str, text: str) -> str:
    return await show(room, title, text)


async def _tell_nobody(_: Talk) -> None:
    pass


async def _feel_nothing(_: Feeling) -> None:
    pass
