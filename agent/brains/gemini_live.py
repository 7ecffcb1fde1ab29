"""Gemini's Live API as LiveKit's plugin speaks it, set up by the settings.

Import it once it is wanted: Google's library takes a second.
"""

from __future__ import annotations

from google.genai import types
from livekit.agents import llm
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.plugins import google
from livekit.plugins.google.realtime.realtime_api import RealtimeSession

from settings import Settings

from .realtime_care import close_quietly


class GeminiLive(google.realtime.RealtimeModel):
    def session(self, *, turn_detection_disabled: bool = False) -> RealtimeSession:
        return close_quietly(super().session(turn_detection_disabled=turn_detection_disabled))


def gemini_live(settings: Settings) -> GeminiLive:
    """The model hears, thinks and speaks, and decides when a turn is over."""
    assert settings.gemini_api_key is not None
    http = types.HttpOptions(timeout=10_000, api_version=settings.gemini_api_version)
    if settings.gemini_base_url is not None:
        http.base_url = settings.gemini_base_url
    return GeminiLive(
        model=settings.gemini_model,
        api_key=settings.gemini_api_key.get_secret_value(),
        vertexai=False,
        voice=settings.gemini_voice,
        language=settings.gemini_language or NOT_GIVEN,
        api_version=settings.gemini_api_version,
        http_options=http,
        thinking_config=types.ThinkingConfig(thinking_budget=settings.gemini_thinking_budget),
        proactivity=settings.gemini_proactive_audio or NOT_GIVEN,
        enable_affective_dialog=settings.gemini_affective_dialog or NOT_GIVEN,
        context_window_compression=_compression(settings),
        realtime_input_config=types.RealtimeInputConfig(
            automatic_activity_detection=types.AutomaticActivityDetection(
                start_of_speech_sensitivity=types.StartSensitivity(
                    settings.gemini_vad_start_sensitivity
                ),
                end_of_speech_sensitivity=types.EndSensitivity(settings.gemini_vad_end_sensitivity),
                prefix_padding_ms=settings.gemini_vad_prefix_padding_ms,
                silence_duration_ms=settings.gemini_vad_silence_duration_ms,
            ),
            turn_coverage=types.TurnCoverage(settings.gemini_turn_coverage),
        ),
    )


def gemini_tools(settings: Settings) -> list[llm.Tool]:
    """What Google does for the model on its own side."""
    return [google.tools.GoogleSearch()] if settings.gemini_google_search_grounding else []


def _compression(settings: Settings) -> NotGivenOr[types.ContextWindowCompressionConfig]:
    if not settings.gemini_context_window_compression:
        return NOT_GIVEN
    return types.ContextWindowCompressionConfig(sliding_window=types.SlidingWindow())
