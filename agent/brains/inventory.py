"""The models that the settings ask for, without loading any."""

from __future__ import annotations

from typing import Final

from settings import Settings

from .providers import EMBEDDED_VOICE, choose_brain, choose_providers

EMBEDDED: Final = {"stt": "moonshine tiny-en", "llm": "smollm2-135m", "tts": EMBEDDED_VOICE}


def list_brains(settings: Settings) -> dict[str, str]:
    """``{"brain": "pipeline", "stt": "openai gpt-4o-mini-transcribe", …}``: who does which part."""
    providers = choose_providers(settings)
    models = {
        "openai-realtime": dict.fromkeys(EMBEDDED, settings.openai_model),
        "gemini-live": dict.fromkeys(EMBEDDED, settings.gemini_model),
        "openai": {
            "stt": settings.openai_stt_model,
            "llm": settings.openai_llm_model,
            "tts": settings.openai_tts_model,
        },
        "elevenlabs": {"tts": settings.eleven_model},
        "embedded": EMBEDDED,
    }
    parts = {"stt": providers.stt, "llm": providers.llm, "tts": providers.tts}
    return {"brain": choose_brain(settings)} | {
        part: f"{name} {models.get(name, {}).get(part, '')}".strip() for part, name in parts.items()
    }
