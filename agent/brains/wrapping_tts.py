"""A voice around another one, which goes by its name and reports its figures."""

from __future__ import annotations

from typing import Any

from livekit.agents import tts


class WrappingTTS(tts.TTS[Any]):
    def __init__(self, voice: tts.TTS[Any], *, streaming: bool) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(
                streaming=streaming, aligned_transcript=voice.capabilities.aligned_transcript
            ),
            sample_rate=voice.sample_rate,
            num_channels=voice.num_channels,
        )
        self.voice = voice
        voice.on("metrics_collected", self._pass_on)

    def _pass_on(self, *metrics: Any) -> None:
        self.emit("metrics_collected", *metrics)

    @property
    def model(self) -> str:
        return self.voice.model

    @property
    def provider(self) -> str:
        return self.voice.provider

    def prewarm(self) -> None:
        self.voice.prewarm()

    async def aclose(self) -> None:
        self.voice.off("metrics_collected", self._pass_on)
        await self.voice.aclose()
