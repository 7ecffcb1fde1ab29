"""A provider's voice that never keeps a listener waiting, and says nothing twice at its cost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, Sequence
from typing import Any

from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APITimeoutError,
    tts,
    utils,
)
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    USERDATA_TIMED_TRANSCRIPT,
    TimedString,
)

from .patience import SPEAKING, Patience, explain, note_time
from .voice_cache import Spoken, VoiceCache, VoiceKey
from .wrapping_tts import WrappingTTS

logger = logging.getLogger("visavis.brains")


class GuardedTTS(WrappingTTS):
    """One sentence at a time, in one try: what fails or stalls raises within ``patience``.

    Sentences that were spoken whole come from ``cache`` the next time.
    """

    def __init__(
        self,
        voice: tts.TTS[Any],
        key: VoiceKey,
        cache: VoiceCache,
        patience: Patience = SPEAKING,
    ) -> None:
        super().__init__(voice, streaming=False)
        self.key = key
        self.cache = cache
        self.patience = patience

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Sentence(tts=self, input_text=text, conn_options=APIConnectOptions(max_retry=0))


class _Sentence(tts.ChunkedStream):
    _tts: GuardedTTS

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[tts.SynthesizedAudio]) -> None:
        async for _ in event_aiter:  # the voice has measured it
            pass

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._tts.sample_rate,
            num_channels=self._tts.num_channels,
            mime_type="audio/pcm",
        )
        cache, key = self._tts.cache, self._tts.key
        spoken = await cache.find(key, self._input_text)
        if spoken is None:
            spoken = await self._speak(output_emitter)
            await cache.keep(key, self._input_text, spoken)
        else:
            _push_words(output_emitter, spoken.words)
            output_emitter.push(spoken.pcm)
        output_emitter.flush()

    async def _speak(self, output_emitter: tts.AudioEmitter) -> Spoken:
        """Raises :class:`~livekit.agents.APIError`, which none of LiveKit's layers tries again."""
        pcm, words = bytearray(), list[TimedString]()
        try:
            async with self._ask() as answer:
                begun = time.monotonic()
                while (frame := await self._wait(answer, heard=bool(pcm))) is not None:
                    if not pcm:
                        note_time(self._name, time.monotonic() - begun, self._tts.patience)
                    timed = frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
                    words += timed
                    _push_words(output_emitter, timed)
                    pcm += frame.data.tobytes()
                    output_emitter.push(frame.data.tobytes())
        except Exception as error:
            logger.warning("%s failed: %s", self._name, explain(error))
            # What the provider says may quote the sentence, and LiveKit would write it down.
            raise APIConnectionError(explain(error), retryable=False) from None
        if not pcm:
            logger.warning("%s gave no sound", self._name)
            raise APIConnectionError("no sound", retryable=False)
        return Spoken(bytes(pcm), tuple(words))

    def _ask(self) -> tts.ChunkedStream | tts.SynthesizeStream:
        voice = self._tts.voice
        options = APIConnectOptions(max_retry=0, timeout=self._tts.patience.first)
        if not voice.capabilities.streaming:
            return voice.synthesize(self._input_text, conn_options=options)
        # Only the stream tells when each word sounds.
        stream = voice.stream(conn_options=options)
        stream.push_text(self._input_text)
        stream.end_input()
        return stream

    async def _wait(
        self, answer: tts.ChunkedStream | tts.SynthesizeStream, *, heard: bool
    ) -> rtc.AudioFrame | None:
        seconds = self._tts.patience.next if heard else self._tts.patience.first
        try:
            async with asyncio.timeout(seconds):
                return (await anext(answer)).frame
        except StopAsyncIteration:
            return None
        except TimeoutError:
            raise APITimeoutError(f"no sound for {seconds:g} s", retryable=False) from None

    @property
    def _name(self) -> str:
        return f"the voice {self._tts.model} of {self._tts.provider}"


def _push_words(output_emitter: tts.AudioEmitter, words: Sequence[TimedString]) -> None:
    if words:
        output_emitter.push_timed_transcript(list(words))
