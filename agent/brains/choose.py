"""Which ears, mind and voice a conversation uses: by the keys that are there, or as told."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Literal

from livekit.agents import TurnHandlingOptions, inference, llm, stt, tts, vad
from livekit.plugins import elevenlabs, openai, silero

from settings import Settings

from . import llama
from .hibari import HibariTTS, Voice
from .llama import LlamaAddress
from .moonshine import Ears, MoonshineSTT

logger = logging.getLogger("visavis.brains")

Provider = Literal["embedded", "openai", "elevenlabs"]

OPENAI_URL = "https://api.openai.com/v1"
ELEVENLABS_URL = "https://api.elevenlabs.io/v1"

SILENCE = 0.25
"""Seconds of silence that end a stretch of speech; the turn detector needs no less."""

COUGH_PAUSE = 1.0
"""Seconds after a noise within which its words have been recognised, if it had any."""


@dataclass(frozen=True)
class Providers:
    """Who does which part."""

    stt: Provider
    llm: Provider
    tts: Provider


def choose_providers(settings: Settings) -> Providers:
    """A part that is not named goes to the provider whose key is there, else it is embedded.

    A base URL without more is a language model of one's own, which seldom hears or speaks.
    """
    key, base_url = settings.openai_api_key, settings.openai_base_url
    openai_speech: Provider = "openai" if key and not base_url else "embedded"
    auto = Providers(
        stt=openai_speech,
        llm="openai" if key or base_url else "embedded",
        tts="elevenlabs" if settings.eleven_api_key else openai_speech,
    )
    return Providers(
        stt=auto.stt if settings.stt_provider == "auto" else settings.stt_provider,
        llm=auto.llm if settings.llm_provider == "auto" else settings.llm_provider,
        tts=auto.tts if settings.tts_provider == "auto" else settings.tts_provider,
    )


@dataclass(frozen=True)
class Models:
    """What is loaded once in each process: the parts that are embedded."""

    vad: vad.VAD
    ears: Ears | None
    voice: Voice | None


def load_models(providers: Providers) -> Models:
    """Blocking, for two seconds or so."""
    return Models(
        vad=silero.VAD.load(min_silence_duration=SILENCE),
        ears=Ears() if providers.stt == "embedded" else None,
        voice=Voice() if providers.tts == "embedded" else None,
    )


@dataclass(frozen=True)
class Brains:
    """The parts of one conversation."""

    vad: vad.VAD
    stt: stt.STT[Any]
    llm: llm.LLM[Any]
    tts: tts.TTS[Any]
    turn_handling: TurnHandlingOptions
    small: bool
    """The language model is the embedded one, which needs short prompts and short answers."""
    times_words: bool
    """The voice says when each of its words sounds."""
    description: dict[str, str]
    """What is in use, for people: ``{"stt": "moonshine tiny-en", …}``."""


def assemble(settings: Settings, models: Models, llama_address: LlamaAddress | None) -> Brains:
    """The parts that the settings ask for. Call it in the event loop that will use them.

    Raises :class:`~agent.brains.llama.LlamaError` where the embedded language model is asked for
    and does not run.
    """
    providers = choose_providers(settings)
    mind, mind_name = choose_llm(settings, llama_address)
    hearing, hearing_name = _choose_stt(settings, models)
    voice, voice_name = _choose_tts(settings, models)
    return Brains(
        vad=models.vad,
        stt=hearing,
        llm=mind,
        tts=voice,
        turn_handling=turn_handling(),
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


def turn_handling() -> TurnHandlingOptions:
    """When the person's turn ends, and what cuts the agent short. All of it runs locally."""
    return {
        # Without its version named, the detector sends the speech to a cloud in dev and console.
        "turn_detection": inference.TurnDetector(version="v1-mini"),
        "endpointing": {"mode": "fixed", "min_delay": 0.3, "max_delay": 2.0},
        # A noise without words, such as a cough, pauses the voice; then it goes on.
        "interruption": {
            "mode": "vad",
            "min_duration": 0.3,
            "resume_false_interruption": True,
            "false_interruption_timeout": COUGH_PAUSE,
        },
        "preemptive_generation": {"enabled": True},
    }


def choose_llm(settings: Settings, address: LlamaAddress | None) -> tuple[llm.LLM[Any], str]:
    """The language model and its name for people."""
    if choose_providers(settings).llm == "embedded":
        if address is None:
            raise llama.LlamaError("the embedded language model is not running")
        if llama.tokens(settings.agent_instructions or "") > llama.INSTRUCTION_TOKENS:
            logger.warning(
                "AGENT_INSTRUCTIONS is too long for the embedded language model and will be cut"
            )
        return llama.connect(address), llama.MODEL
    mind = openai.LLM(model=settings.openai_llm_model, **_openai_access(settings))
    return mind, _openai_name(settings, settings.openai_llm_model)


def _choose_stt(settings: Settings, models: Models) -> tuple[stt.STT[Any], str]:
    if choose_providers(settings).stt == "embedded":
        assert models.ears is not None
        return MoonshineSTT(models.ears, models.vad), Ears.model
    model = settings.openai_stt_model
    return openai.STT(model=model, **_openai_access(settings)), _openai_name(settings, model)


def _choose_tts(settings: Settings, models: Models) -> tuple[tts.TTS[Any], str]:
    match choose_providers(settings).tts:
        case "embedded":
            assert models.voice is not None
            return HibariTTS(models.voice, eager=settings.eager_first_clause), Voice.model
        case "elevenlabs":
            voice = elevenlabs_voice(settings)
            return voice, f"elevenlabs {voice.model}"
        case "openai":
            model = settings.openai_tts_model
            speech = openai.TTS(
                model=model,
                voice=settings.openai_tts_voice,
                response_format="pcm",
                **_openai_access(settings),
            )
            return speech, _openai_name(settings, model)


def elevenlabs_voice(settings: Settings, base_url: str = ELEVENLABS_URL) -> elevenlabs.TTS:
    assert settings.eleven_api_key is not None
    return elevenlabs.TTS(
        api_key=settings.eleven_api_key.get_secret_value(),
        base_url=base_url,
        encoding="pcm_24000",
        voice_id=settings.eleven_voice_id or elevenlabs.DEFAULT_VOICE_ID,
    )


def _openai_access(settings: Settings) -> dict[str, Any]:
    """Said explicitly: the library would look into an environment that ``.env`` does not reach."""
    key = settings.openai_api_key
    return {
        "api_key": key.get_secret_value() if key else "none",
        "base_url": settings.openai_base_url or OPENAI_URL,
    }


def _openai_name(settings: Settings, model: str) -> str:
    return f"{model} (own server)" if settings.openai_base_url else f"openai {model}"
