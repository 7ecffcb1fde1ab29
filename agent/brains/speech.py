"""The ears and the voice of the pipeline, each with the embedded one behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from livekit.agents import stt, tts, vad
from livekit.plugins import openai

from agent.languages import apologise, greet, tell_trouble
from settings import Settings

from . import openai_access, plugins
from .guarded_stt import GuardedSTT
from .guarded_tts import GuardedTTS
from .hibari import HibariTTS, Voice
from .late import LateEars, LateVoice
from .moonshine import Ears
from .moonshine_stt import MoonshineSTT
from .patience import HEARING
from .providers import Providers
from .sentence_tts import SentenceTTS
from .voice_cache import VoiceCache, VoiceKey

ELEVENLABS_URL: Final = "https://api.elevenlabs.io/v1"
ELEVEN_STABILITY: Final = 0.5
ELEVEN_SIMILARITY: Final = 0.75
"""ElevenLabs' own defaults; a speed cannot be said without them."""


@dataclass(frozen=True)
class Models:
    """What is loaded once in each process: the parts that are embedded."""

    vad: vad.VAD
    ears: Ears | None
    voice: Voice | None


def choose_stt(
    settings: Settings, providers: Providers, models: Models
) -> tuple[stt.STT[Any], str]:
    """The ears and their name for people.

    A phrase that the provider does not understand is read by the embedded ears, which know English.
    """
    if providers.stt == "embedded":
        assert models.ears is not None
        return MoonshineSTT(models.ears, models.vad), Ears.model
    if providers.stt == "openai":
        model = settings.openai_stt_model
        ears: stt.STT[Any] = openai.STT(
            model=model,
            # LiveKit's default is English alone.
            detect_language=settings.openai_transcription_language is None,
            language=settings.openai_transcription_language or "en",
            **openai_access.access(settings),
        )
        name = openai_access.name(settings, model)
    else:
        ears = plugins.make("STT", providers.stt, settings.stt_options)
        name = f"{providers.stt} {ears.model}"
    stand_in = MoonshineSTT(LateEars(), models.vad)
    if ears.capabilities.streaming:
        chain = [ears, stand_in]
        return _Chain(chain, vad=models.vad, attempt_timeout=HEARING.first), name
    # By phrases, so that the phrase which failed is the one that is read again.
    phrases = _Chain(
        [GuardedSTT(ears), stand_in],
        vad=models.vad,
        attempt_timeout=HEARING.first,
        max_retry_per_stt=0,
    )
    return _Phrases(stt=phrases, vad=models.vad), name


class _Chain(stt.FallbackAdapter):
    """LiveKit's closes none of those that it is made of."""

    def __init__(self, ears: list[stt.STT[Any]], **options: Any) -> None:
        super().__init__(ears, **options)
        self._ears = ears

    async def aclose(self) -> None:
        await super().aclose()
        for each in self._ears:
            await each.aclose()


class _Phrases(stt.StreamAdapter):
    """The same."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.wrapped_stt.aclose()


def choose_tts(
    settings: Settings, providers: Providers, models: Models
) -> tuple[tts.TTS[Any], str]:
    """The voice and its name for people."""
    if providers.tts == "embedded":
        assert models.voice is not None
        voice = HibariTTS(
            models.voice, eager=settings.eager_first_clause, speed=settings.embedded_speed
        )
        return voice, Voice.model
    provided, key, name = _provider_voice(settings, providers.tts)
    lasting = (greet(settings), apologise(settings), tell_trouble(settings))
    cache = VoiceCache(settings.voice_cache, lasting)
    voices = [GuardedTTS(provided, key, cache), stand_in_voice()]
    return SentenceTTS(voices, eager=settings.eager_first_clause), name


def stand_in_voice() -> HibariTTS:
    """The embedded voice, in case it is needed."""
    return HibariTTS(LateVoice())


def elevenlabs_voice(settings: Settings, base_url: str = ELEVENLABS_URL) -> tts.TTS[Any]:
    elevenlabs = plugins.load("elevenlabs")
    assert settings.eleven_api_key is not None
    voice: tts.TTS[Any] = elevenlabs.TTS(
        api_key=settings.eleven_api_key.get_secret_value(),
        base_url=base_url,
        encoding="pcm_24000",
        model=settings.eleven_model,
        voice_id=settings.eleven_voice_id or elevenlabs.DEFAULT_VOICE_ID,
        voice_settings=elevenlabs.VoiceSettings(
            stability=ELEVEN_STABILITY,
            similarity_boost=ELEVEN_SIMILARITY,
            speed=settings.eleven_speed,
        ),
    )
    return voice


def _provider_voice(settings: Settings, provider: str) -> tuple[tts.TTS[Any], VoiceKey, str]:
    if provider == "elevenlabs":
        voice = elevenlabs_voice(settings, settings.eleven_base_url or ELEVENLABS_URL)
        key = VoiceKey(
            "elevenlabs", voice.model, settings.eleven_voice_id or "", settings.eleven_speed
        )
        return voice, key, f"elevenlabs {voice.model}"
    if provider == "openai":
        model, access = settings.openai_tts_model, openai_access.access(settings)
        voice = openai.TTS(
            model=model,
            voice=settings.openai_tts_voice,
            speed=settings.openai_tts_speed,
            response_format="pcm",
            **access,
        )
        key = VoiceKey(
            access["base_url"], model, settings.openai_tts_voice, settings.openai_tts_speed
        )
        return voice, key, openai_access.name(settings, model)
    voice = plugins.make("TTS", provider, settings.tts_options)
    key = VoiceKey(provider, voice.model, repr(sorted(settings.tts_options.items())))
    return voice, key, f"{provider} {voice.model}"
