"""How OpenAI, or a server that speaks its protocol, is reached."""

from __future__ import annotations

from typing import Any, Final

from settings import Settings

OPENAI_URL: Final = "https://api.openai.com/v1"


def access(settings: Settings) -> dict[str, Any]:
    """Said explicitly: the library would look into an environment that ``.env`` does not reach."""
    key = settings.openai_api_key
    return {
        "api_key": key.get_secret_value() if key else "none",
        "base_url": settings.openai_base_url or OPENAI_URL,
    }


def name(settings: Settings, model: str) -> str:
    """The model's name for people."""
    return f"{model} (own server)" if settings.openai_base_url else f"openai {model}"
