"""Gemini's Live API as LiveKit's plugin speaks it, set up by the settings.

Import it once it is wanted: Google's library takes a second.
"""

from __future__ import annotations

from google.genai import types
from livekit.agents import llm
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.plugins import google
from livekit.plugins.google.realtime.api_proto import ClientEvents
from livekit.plugins.google.realtime.realtime_api import RealtimeSession

from settings import Settings

from .realtime_care import close_quietly


class GeminiLive(google.realtime.RealtimeModel):
    def session(self, *, turn_detection_disabled: bool = False) -> RealtimeSession:
        session = PatientSession(self)
        self._sessions.add(session)  # as LiveKit's own does
        return close_quietly(session)


class PatientSession(RealtimeSession):
    """Keeps what the model is told while there is no connection for it, which LiveKit's loses.

    New instructions before the first connection is made have it made once more, and the greeting
    that follows them would go to the one that is given up.
    """

    def __init__(self, model: GeminiLive) -> None:
        self._held: list[ClientEvents] = []
        super().__init__(model)

    def _mark_restart_needed(self, on_error: bool = False) -> None:
        if self._active_session is None:
            while not self._msg_ch.empty():
                self._held.append(self._msg_ch.recv_nowait())
        super()._mark_restart_needed(on_error)

    def _send_client_event(self, event: ClientEvents) -> None:
        if self._session_should_close.is_set() and not self._msg_ch.closed:
            self._held.append(event)
        else:
            super()._send_client_event(event)

    def _build_connect_config(self) -> types.LiveConnectConfig:
        """The next connection begins, which is to last."""
        held, self._held = self._held, []
        for event in held:
            super()._send_client_event(event)
        return super()._build_connect_config()


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
