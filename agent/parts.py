"""What of a conversation's parts can be asked for, and changed while it runs.

It loads none of them: the gateway asks as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, get_args

from agent.brains.providers import EMBEDDED_VOICE, Providers, choose_providers
from agent.languages import EMBEDDED, LANGUAGES, find_language
from settings import Settings
from settings_brains import GeminiVoice, OpenAIVoice
from visavis.talk import TalkChange

OPENAI_VOICES: Final = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer",
)  # fmt: skip
"""Of the speech API (``livekit.plugins.openai.models.TTSVoices``)."""
SPEEDS: Final = {
    "embedded": ("embedded_speed", 0.5, 2.0),
    "openai": ("openai_tts_speed", 0.25, 4.0),
    "elevenlabs": ("eleven_speed", 0.7, 1.2),
    "openai-realtime": ("openai_voice_speed", 0.25, 1.5),
}
"""Where each provider's speed stands, its slowest and its fastest (Hibari's README; OpenAI's and
ElevenLabs' API references)."""

_REALTIME_VOICES: Final = {
    "openai-realtime": ("openai_voice", get_args(OpenAIVoice)),
    "gemini-live": ("gemini_voice", get_args(GeminiVoice)),
}
"""Where a realtime model's voice stands, and which there are; it keeps the one it begins with."""


class ControlError(ValueError):
    """The conversation goes on as it was; the text says why, and what would be right."""


@dataclass(frozen=True)
class Parts:
    """The settings that make the ears and the voice of one conversation, as they are now."""

    settings: Settings
    providers: Providers
    language: str = "en"

    @classmethod
    def of(cls, settings: Settings) -> Parts:
        """What a conversation begins with. Raises :class:`ControlError` where ``AGENT_LANGUAGE`` is
        none that its parts know."""
        parts = cls(settings, choose_providers(settings))
        if settings.agent_language == parts.language:
            return parts
        if settings.agent_language not in LANGUAGES:
            raise ControlError(
                f"language={settings.agent_language!r}: use one of {_listed(LANGUAGES)}"
            )
        return parts.with_language(settings.agent_language)

    @property
    def is_embedded(self) -> bool:
        """Whether one of the parts is, which knows only English."""
        who = self.providers
        return "embedded" in (who.stt, who.llm, who.tts)

    @property
    def voice(self) -> str:
        match self.providers.tts:
            case "openai":
                return self.settings.openai_tts_voice
            case "elevenlabs":
                return self.settings.eleven_voice_id or "default"
            case "openai-realtime":
                return self.settings.openai_voice
            case "gemini-live":
                return self.settings.gemini_voice
            case "embedded":
                return EMBEDDED_VOICE
            case other:
                return other

    @property
    def speed(self) -> float:
        if self.providers.tts not in SPEEDS:
            return 1.0
        return float(getattr(self.settings, SPEEDS[self.providers.tts][0]))

    def changed(self, asked: TalkChange, *, is_heard: bool = False, begun: bool = True) -> Parts:
        """What the parts would be. ``begun``: False for a conversation that is still to begin.

        Raises :class:`ControlError`.
        """
        parts = self
        if asked.language is not None:
            language = find_language(asked.language)
            if language is None:
                raise ControlError(
                    f"language={asked.language[:40]!r}: use one of {_listed(LANGUAGES)}"
                )
            parts = parts.with_language(language.code, is_heard=is_heard)
        if asked.voice is not None:
            parts = parts.with_voice(asked.voice, begun=begun)
        if asked.speed is not None:
            parts = parts.with_speed(asked.speed)
        return parts

    def with_voice(self, voice: str, *, begun: bool = True) -> Parts:
        """Raises :class:`ControlError`."""
        if not begun and self.providers.tts in _REALTIME_VOICES:
            name, known = _REALTIME_VOICES[self.providers.tts]
            if voice not in known:
                raise ControlError(f"voice={voice[:60]!r}: use one of {_listed(known)}")
            return self._with(**{name: voice})
        match self.providers.tts:
            case "openai":
                if voice not in OPENAI_VOICES and not self.settings.openai_base_url:
                    raise ControlError(f"voice={voice[:60]!r}: use one of {_listed(OPENAI_VOICES)}")
                return self._with(openai_tts_voice=voice)
            case "elevenlabs":
                if not (voice.isascii() and voice.isalnum() and len(voice) < 65):
                    raise ControlError("voice: ElevenLabs' voices are named by their ids")
                return self._with(eleven_voice_id=voice)
            case "embedded":
                if voice in (EMBEDDED_VOICE, EMBEDDED_VOICE.split()[-1]):
                    return self
                raise ControlError(f"the embedded voice is the only one here: {EMBEDDED_VOICE!r}")
            case other:
                raise ControlError(f"the voice of {other} cannot be changed while it talks")

    def with_speed(self, speed: float) -> Parts:
        """Raises :class:`ControlError`."""
        if self.providers.tts not in SPEEDS:
            raise ControlError(
                f"the speed of {self.providers.tts} cannot be changed while it talks"
            )
        name, low, high = SPEEDS[self.providers.tts]
        if not low <= speed <= high:
            raise ControlError(f"speed={speed:g}: use a number from {low:g} to {high:g}")
        return self._with(**{name: speed})

    def with_language(self, code: str, *, is_heard: bool = False) -> Parts:
        """``is_heard``: the person spoke it, and may speak another: the ears find that out.

        Raises :class:`ControlError` for a language that one of the parts does not know.
        """
        english = [
            part
            for part, who in (
                ("ears", self.providers.stt),
                ("mind", self.providers.llm),
                ("voice", self.providers.tts),
            )
            if who == "embedded"
        ]
        if english and code not in EMBEDDED:
            raise ControlError(
                f"language={code!r}: the embedded {' and '.join(english)} "
                f"{'know' if len(english) > 1 else 'knows'} only English; other languages need a "
                "provider's key"
            )
        told = self.settings.openai_transcription_language
        if not is_heard:
            told = code
        elif told != code:
            told = None
        words = {"agent_language": code, "openai_transcription_language": told}
        return Parts(self.settings.model_copy(update=words), self.providers, code)

    def _with(self, **changed: Any) -> Parts:
        return Parts(self.settings.model_copy(update=changed), self.providers, self.language)


def _listed(names: Any) -> str:
    return ", ".join(names)
