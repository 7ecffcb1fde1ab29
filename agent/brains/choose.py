"""The parts of one conversation, as the settings ask for them."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import TurnHandlingOptions, llm, stt, tts, vad
from livekit.plugins import openai

from agent.languages import apologise, tell_trouble
from settings import Settings

from . import llama, openai_access, plugins
from .hibari import Voice
from .llama import LlamaAddress
from .llama_weights import LlamaError
from .moonshine import Ears
from .openai_realtime import openai_realtime
from .own_llm import OwnLLM, make_own, own_llm
from .providers import Providers, check_brain, choose_brain, choose_providers
from .remote_link import RemoteLink
from .remote_llm import RemoteLLM
from .speech import Models, choose_stt, choose_tts, stand_in_voice
from .steady_llm import SteadyLLM
from .turns import load_vad, realtime_turn_handling, turn_handling

__all__ = [
    "Brains",
    "Models",
    "Providers",
    "assemble",
    "check_brain",
    "choose_brain",
    "choose_llm",
    "choose_providers",
    "load_models",
    "prepare",
    "realtime_model",
]

logger = logging.getLogger("visavis.brains")

Mind = llm.LLM[Any]
Tools = Sequence[llm.Tool]


def load_models(providers: Providers, have: Models | None = None) -> Models:
    """Blocking, for two seconds or so; what ``have`` has already is not loaded again. On the main
    thread, where plugins have to be imported."""
    for name in sorted(providers.plugins):
        plugins.load(name)
    if providers.realtime == "gemini-live":
        importlib.import_module("agent.brains.gemini_live")
    vad, ears, voice = (have.vad, have.ears, have.voice) if have else (load_vad(), None, None)
    return Models(
        vad=vad,
        ears=ears or (Ears() if providers.stt == "embedded" else None),
        voice=voice or (Voice() if providers.tts == "embedded" else None),
    )


@dataclass(frozen=True)
class Brains:
    """The parts of one conversation."""

    vad: vad.VAD | None
    stt: stt.STT[Any] | None
    """None, like ``vad``, where the model hears for itself."""
    llm: llm.LLM[Any] | llm.RealtimeModel
    tts: tts.TTS[Any]
    """A realtime model speaks for itself; this one then speaks when it cannot."""
    turn_handling: TurnHandlingOptions
    small: bool
    """The language model is the embedded one, which needs short prompts and short answers."""
    times_words: bool
    """The voice says when each of its words sounds."""
    description: dict[str, str]
    """What is in use, for people: ``{"stt": "moonshine tiny-en", …}``."""
    tools: Tools = ()
    """What the provider does for its model, such as a search."""

    @property
    def remote(self) -> RemoteLLM | None:
        """A brain that may also speak unasked, once it is attached to the conversation."""
        minds = self.llm.minds if isinstance(self.llm, SteadyLLM) else ()
        return next((mind for mind in minds if isinstance(mind, RemoteLLM)), None)

    @property
    def writer(self) -> Mind | None:
        """A language model for work behind the scenes, with its errors; None: there is none that
        is able, or that would take it for anything but what the person said."""
        if self.small or not isinstance(self.llm, SteadyLLM):
            return None
        mind = self.llm.minds[0]
        return None if isinstance(mind, RemoteLLM | OwnLLM) else mind

    @property
    def models(self) -> list[str]:
        """The names of the language models that may be asked."""
        minds = self.llm.minds if isinstance(self.llm, SteadyLLM) else [self.llm]
        return [mind.model for mind in minds]

    @property
    def realtime(self) -> bool:
        """The model hears and speaks by itself."""
        return isinstance(self.llm, llm.RealtimeModel)


async def prepare(settings: Settings, models: Models, llama_address: LlamaAddress | None) -> Brains:
    """As :func:`assemble`, whose clients take a while to be made, without keeping the event loop:
    only a brain of the user's own is made there."""
    name = choose_providers(settings).own
    own = await make_own(name) if name is not None else None
    return await asyncio.to_thread(assemble, settings, models, llama_address, own)


def assemble(
    settings: Settings,
    models: Models,
    llama_address: LlamaAddress | None,
    own: OwnLLM | None = None,
) -> Brains:
    """The parts that the settings ask for. ``own``: the brain of the user's own, made already.

    Raises :class:`~.llama_weights.LlamaError` where the embedded language model is asked for
    and does not run, and :class:`~agent.brains.errors.BrainError` for what cannot be made.
    """
    providers = choose_providers(settings)
    if providers.realtime is not None:
        return _assemble_realtime(settings, providers.realtime)
    mind, mind_name = choose_llm(settings, llama_address, own)
    hearing, hearing_name = choose_stt(settings, providers, models)
    voice, voice_name = choose_tts(settings, providers, models)
    return Brains(
        vad=models.vad,
        stt=hearing,
        llm=mind,
        tts=voice,
        turn_handling=turn_handling(settings.barge_in),
        small=providers.llm == "embedded",
        times_words=voice.capabilities.aligned_transcript,
        description={
            "stt": hearing_name,
            "llm": mind_name,
            "tts": voice_name,
            "vad": "silero",
            "turn": "livekit v1-mini",
        },
    )


def realtime_model(settings: Settings) -> llm.RealtimeModel:
    """The realtime model that the settings ask for."""
    if choose_providers(settings).realtime == "openai-realtime":
        return openai_realtime(settings)
    model: llm.RealtimeModel = importlib.import_module("agent.brains.gemini_live").gemini_live(
        settings
    )
    return model


def _assemble_realtime(settings: Settings, which: str) -> Brains:
    tools: Tools = ()
    model, name = realtime_model(settings), settings.gemini_model
    if which == "openai-realtime":
        name = openai_access.name(settings, settings.openai_model)
    else:
        tools = importlib.import_module("agent.brains.gemini_live").gemini_tools(settings)
    return Brains(
        vad=None,
        stt=None,
        llm=model,
        tts=stand_in_voice(),
        turn_handling=realtime_turn_handling(),
        small=False,
        times_words=False,
        description=dict.fromkeys(("stt", "llm", "tts", "vad", "turn"), name),
        tools=tools,
    )


def choose_llm(
    settings: Settings, address: LlamaAddress | None, own: OwnLLM | None = None
) -> tuple[llm.LLM[Any], str]:
    """The language model and its name for people."""
    minds, name = _choose_minds(settings, address, own)
    return SteadyLLM(minds, trouble=tell_trouble(settings), apology=apologise(settings)), name


def _choose_minds(
    settings: Settings, address: LlamaAddress | None, own: OwnLLM | None
) -> tuple[list[llm.LLM[Any]], str]:
    providers = choose_providers(settings)
    provider = providers.llm
    if provider == "embedded":
        if address is None:
            raise LlamaError("the embedded language model is not running")
        if llama.tokens(settings.agent_instructions or "") > llama.INSTRUCTION_TOKENS:
            logger.warning(
                "AGENT_INSTRUCTIONS is too long for the embedded language model and will be cut"
            )
        return [llama.connect(address)], llama.MODEL
    if provider == "openai":
        access, first = openai_access.access(settings), settings.openai_llm_model
        models = [first, *settings.openai_llm_fallbacks]
        minds: list[llm.LLM[Any]] = [openai.LLM(model=model, **access) for model in models]
        return minds, openai_access.name(settings, first)
    if provider == "remote":
        return [_remote_llm(settings)], "remote"
    if providers.own is not None:
        return [own if own is not None else own_llm(providers.own)], providers.own
    mind: llm.LLM[Any] = plugins.make("LLM", provider, settings.llm_options)
    return [mind], f"{provider} {mind.model}"


def _remote_llm(settings: Settings) -> RemoteLLM:
    assert settings.remote_brain_url is not None
    token = settings.remote_brain_token
    link = RemoteLink(settings.remote_brain_url, token.get_secret_value() if token else None)
    return RemoteLLM(link, "remote", settings.openai_transcription_language)
