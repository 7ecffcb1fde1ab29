"""OpenAI's Realtime API as LiveKit's plugin speaks it, set up by the settings."""

from __future__ import annotations

from livekit.plugins import openai
from openai.types.realtime import AudioTranscription
from openai.types.realtime.realtime_audio_input_turn_detection import (
    RealtimeAudioInputTurnDetection,
    SemanticVad,
    ServerVad,
)

from settings import Settings

from . import openai_access
from .realtime_care import close_quietly


class OpenAIRealtime(openai.realtime.RealtimeModel):
    def session(self, *, turn_detection_disabled: bool = False) -> openai.realtime.RealtimeSession:
        return close_quietly(super().session(turn_detection_disabled=turn_detection_disabled))


def openai_realtime(settings: Settings) -> OpenAIRealtime:
    """The model hears, thinks and speaks, and decides when a turn is over."""
    noise = settings.openai_noise_reduction
    return OpenAIRealtime(
        model=settings.openai_model,
        voice=settings.openai_voice,
        speed=settings.openai_voice_speed,
        input_audio_transcription=transcription(settings),
        input_audio_noise_reduction=None if noise == "off" else noise,
        turn_detection=_turn_detection(settings),
        **openai_access.access(settings),
    )


def transcription(settings: Settings) -> AudioTranscription:
    """How what the person says is written down."""
    return AudioTranscription(
        model=settings.openai_transcription_model,
        **_given(language=settings.openai_transcription_language),
    )


def _turn_detection(settings: Settings) -> RealtimeAudioInputTurnDetection:
    if settings.openai_vad_type == "semantic_vad":
        return SemanticVad(
            type="semantic_vad",
            eagerness=settings.openai_vad_eagerness,
            create_response=True,
            interrupt_response=True,
        )
    return ServerVad(
        type="server_vad",
        threshold=settings.openai_vad_threshold,
        silence_duration_ms=settings.openai_vad_silence_duration_ms,
        prefix_padding_ms=settings.openai_vad_prefix_padding_ms,
        create_response=True,
        interrupt_response=True,
    )


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
