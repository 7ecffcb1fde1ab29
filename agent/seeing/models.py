"""Which language models can see, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent.brains.providers import Providers
from settings import Settings

_SEEING: Final = re.compile(
    r"(chatgpt-4o|gpt-4o|gpt-4\.[15]|gpt-4-turbo|gpt-[5-9]|o1|o3|o4|gemini-(1\.5|[2-9])|gpt-realtime)"
)
_NOT_THOSE: Final = re.compile(
    r"audio|transcribe|tts|search|embedding|^o[13]-(mini|preview)|turbo-preview|4o-(mini-)?realtime"
)
"""Models of those families that take no pictures.

Sources: platform.openai.com/docs/models (input modalities), ai.google.dev/gemini-api/docs/models.
"""


def is_seeing(model: str) -> bool:
    """Whether it is one of OpenAI's or Gemini's that are known to take pictures.

    A provider's name before it (``openai/gpt-4o``) does not matter.
    """
    name = model.rsplit("/", 1)[-1].lower()
    return _SEEING.match(name) is not None and _NOT_THOSE.search(name) is None


def can_see(settings: Settings, providers: Providers, models: Sequence[str]) -> bool:
    """Whether pictures may be given to all of ``models``, those that a conversation may ask.

    The embedded model, a brain behind a WebSocket and one of the user's own take text alone,
    whatever ``AGENT_VISION`` says.
    """
    who = providers.llm
    if settings.agent_vision == "off" or who in ("embedded", "remote") or who.startswith("own:"):
        return False
    if settings.agent_vision == "on":
        return True
    return who == "gemini-live" or (bool(models) and all(map(is_seeing, models)))
