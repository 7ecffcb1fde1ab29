"""LiveKit's plugins by name: imported when a setting asks for them, and not before."""

from __future__ import annotations

import importlib
import importlib.util
import os
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from dotenv import dotenv_values
from livekit.agents import llm, stt, tts

from .errors import BrainError

Part = Literal["STT", "LLM", "TTS"]
OURS = ("auto", "embedded", "openai", "elevenlabs")
_KINDS: dict[Part, type] = {"STT": stt.STT, "LLM": llm.LLM, "TTS": tts.TTS}


def is_installed(name: str) -> bool:
    return importlib.util.find_spec(f"livekit.plugins.{name}") is not None


def load(name: str) -> ModuleType:
    """``livekit.plugins.NAME``. On the main thread, where LiveKit wants plugins to be imported.

    Raises :class:`BrainError` where it is not installed.
    """
    if not is_installed(name):
        raise BrainError(f"{name!r} needs: {_remedy(name)}")
    return importlib.import_module(f"livekit.plugins.{name}")


def check(part: Part, name: str) -> None:
    """Raises :class:`BrainError` for a provider that is neither ours nor an installed plugin."""
    if name not in OURS and not is_installed(name):
        known = ", ".join(repr(each) for each in OURS if part == "TTS" or each != "elevenlabs")
        raise BrainError(
            f"{part}_PROVIDER={name!r}: it is one of {known}, or the name of a LiveKit plugin that "
            f"is installed ({_remedy(name)})"
        )


def _remedy(name: str) -> str:
    """The plugin made for the LiveKit Agents that is here; a newer one would replace that."""
    package = f"livekit-plugins-{name.replace('_', '-')}"
    return f"python -m pip install '{package}~={version('livekit-agents')}'"


def make(part: Part, name: str, options: dict[str, Any]) -> Any:
    """The plugin's ``STT``, ``LLM`` or ``TTS``, made with ``options``.

    Plugins read their keys from the environment, so what only ``.env`` says is put there.

    Raises :class:`BrainError` where the plugin has no such part or refuses the options.
    """
    module = load(name)
    kind = getattr(module, part, None)
    if not (isinstance(kind, type) and issubclass(kind, _KINDS[part])):
        raise BrainError(f"{part}_PROVIDER={name!r}: this plugin has no {part}")
    for key, value in dotenv_values(Path(".env")).items():
        if value:
            os.environ.setdefault(key, value)
    try:
        return kind(**options)
    except (TypeError, ValueError) as error:
        raise BrainError(f"{part}_PROVIDER={name!r}, {part}_OPTIONS: {error}") from None
