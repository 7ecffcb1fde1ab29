"""The settings of the brains: who listens, thinks and speaks. :class:`settings.Settings` has them.

The names of the OpenAI Realtime and Gemini Live settings are those of avatar-chat-server, so that
an ``.env`` of it can be taken over; ``docs/brains.md`` says which were left out, and why.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode

OpenAIVoice = Literal[
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"
]
"""Of the Realtime API."""
GeminiVoice = Literal[
    "Achernar", "Achird", "Algenib", "Algieba", "Alnilam", "Aoede", "Autonoe", "Callirrhoe",
    "Charon", "Despina", "Enceladus", "Erinome", "Fenrir", "Gacrux", "Iapetus", "Kore",
    "Laomedeia", "Leda", "Orus", "Pulcherrima", "Puck", "Rasalgethi", "Sadachbia", "Sadaltager",
    "Schedar", "Sulafat", "Umbriel", "Vindemiatrix", "Zephyr", "Zubenelgenubi",
]  # fmt: skip
"""Of the Live API (``livekit.plugins.google.realtime.api_proto.Voice``)."""

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 tag: ``en``, ``de-DE``."""


def _names(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('must be names, "a, b", or a JSON list of them') from None
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return value


def _arguments(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        raise ValueError('must be a JSON object, as {"model": "nova-3"}')
    return value


Arguments = Annotated[dict[str, Any], NoDecode, BeforeValidator(_arguments)]
"""Of a plugin's constructor."""


class BrainSettings(BaseSettings):
    brain: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """``pipeline``, ``openai-realtime``, ``gemini-live``, ``remote``, ``embedded``, or the name of
    an entry point of the group ``visavis.brains``; None: by the keys that are there."""

    # the pipeline
    stt_provider: str = Field("auto", pattern=r"^[a-z0-9_]+$")
    """``auto``, ``embedded``, ``openai``, or the name of any LiveKit plugin."""
    llm_provider: str = Field("auto", pattern=r"^[a-z0-9_]+$")
    tts_provider: str = Field("auto", pattern=r"^[a-z0-9_]+$")
    stt_options: Arguments = {}
    """What a plugin named above is made with: its constructor's arguments, as JSON."""
    llm_options: Arguments = {}
    tts_options: Arguments = {}
    embedded_speed: float = Field(1.0, ge=0.5, le=2.0)
    """Of the embedded voice."""
    llama_slots: int = Field(4, ge=1, le=64)
    """Conversations that the embedded LLM serves at once."""

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = Field(None, pattern=r"^https?://\S+$")
    """Any OpenAI-compatible server (Ollama, vLLM, …)."""
    openai_llm_model: str = "gpt-4.1-mini"
    openai_llm_fallbacks: Annotated[list[str], NoDecode, BeforeValidator(_names)] = []
    """Models of the same server that are asked, in this order, while that one fails."""
    openai_stt_model: str = "gpt-4o-mini-transcribe"
    openai_tts_model: str = "gpt-4o-mini-tts"
    openai_tts_voice: str = "coral"
    openai_tts_speed: float = Field(1.0, ge=0.25, le=4.0)
    eleven_api_key: SecretStr | None = None
    eleven_voice_id: str | None = None
    eleven_model: str = "eleven_turbo_v2_5"
    eleven_speed: float = Field(1.0, ge=0.7, le=1.2)
    eleven_base_url: str | None = Field(None, pattern=r"^https?://\S+$")
    voice_cache: Path | None = Path(".cache/voices")
    """Folder for the sound of the greeting and the apologies, where a provider speaks them."""

    # OpenAI Realtime
    openai_model: str = "gpt-realtime"
    openai_voice: OpenAIVoice = "marin"
    openai_voice_speed: float = Field(1.0, ge=0.25, le=1.5)
    openai_transcription_model: str = "gpt-4o-mini-transcribe"
    openai_transcription_language: Language | None = None
    """None: the model finds out."""
    openai_vad_type: Literal["semantic_vad", "server_vad"] = "semantic_vad"
    openai_vad_eagerness: Literal["auto", "low", "medium", "high"] = "auto"
    """Of ``semantic_vad``: how soon it takes a turn for finished."""
    openai_vad_threshold: float = Field(0.5, ge=0.0, le=1.0)
    """Of ``server_vad``, with the two below."""
    openai_vad_silence_duration_ms: int = Field(500, ge=0, le=10_000)
    openai_vad_prefix_padding_ms: int = Field(300, ge=0, le=5_000)
    openai_noise_reduction: Literal["near_field", "far_field", "off"] = "near_field"

    # Gemini Live
    gemini_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("gemini_api_key", "google_api_key")
    )
    gemini_base_url: str | None = Field(None, pattern=r"^https?://\S+$")
    gemini_model: str = "gemini-2.5-flash-native-audio-preview-12-2025"
    gemini_voice: GeminiVoice = "Leda"
    gemini_language: Language | None = None
    gemini_api_version: Literal["v1alpha", "v1beta"] = "v1alpha"
    gemini_thinking_budget: int = Field(-1, ge=-1, le=32_768)
    """Tokens; 0: it does not think; -1: as many as it likes."""
    gemini_google_search_grounding: bool = False
    gemini_proactive_audio: bool = False
    """It may leave unanswered what was not meant for it."""
    gemini_affective_dialog: bool = False
    """It hears the mood of what is said."""
    gemini_context_window_compression: bool = True
    gemini_vad_start_sensitivity: Literal["START_SENSITIVITY_LOW", "START_SENSITIVITY_HIGH"] = (
        "START_SENSITIVITY_LOW"
    )
    gemini_vad_end_sensitivity: Literal["END_SENSITIVITY_LOW", "END_SENSITIVITY_HIGH"] = (
        "END_SENSITIVITY_LOW"
    )
    gemini_vad_prefix_padding_ms: int | None = Field(None, ge=0, le=5_000)
    gemini_vad_silence_duration_ms: int | None = Field(None, ge=0, le=10_000)
    gemini_turn_coverage: Literal["TURN_INCLUDES_ALL_INPUT", "TURN_INCLUDES_ONLY_ACTIVITY"] = (
        "TURN_INCLUDES_ALL_INPUT"
    )

    # a brain behind a WebSocket
    remote_brain_url: str | None = Field(None, pattern=r"^wss?://\S+$")
    remote_brain_token: SecretStr | None = None
    """Sent as ``Authorization: Bearer``."""

    @model_validator(mode="after")
    def _keys_are_there(self) -> Self:
        return self.check_keys()

    def check_keys(self) -> Self:
        """Raises :class:`ValueError`: a part or a brain is named whose key is not there."""
        openai = "OPENAI_API_KEY or OPENAI_BASE_URL"
        has_openai = bool(self.openai_api_key or self.openai_base_url)
        for name in ("stt_provider", "llm_provider", "tts_provider"):
            provider = getattr(self, name)
            if provider == "openai" and not has_openai:
                raise ValueError(f"{name.upper()}=openai needs {openai}")
            if provider == "elevenlabs" and not self.eleven_api_key:
                raise ValueError(f"{name.upper()}=elevenlabs needs ELEVEN_API_KEY")
        if self.brain == "openai-realtime" and not has_openai:
            raise ValueError(f"BRAIN=openai-realtime needs {openai}")
        if self.brain == "gemini-live" and not self.gemini_api_key:
            raise ValueError("BRAIN=gemini-live needs GEMINI_API_KEY")
        if self.brain == "remote" and not self.remote_brain_url:
            raise ValueError("BRAIN=remote needs REMOTE_BRAIN_URL")
        return self
