"""Speech made sentence by sentence, as the text comes."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from contextlib import aclosing
from typing import Any

from livekit.agents import APIConnectOptions, tokenize, tts, utils

from agent.sentences import Sentences


class SentenceBySentence(tts.SynthesizeStream):
    """Cuts what it is given by ``sentences``; its sound is one segment."""

    def __init__(
        self, *, tts: tts.TTS[Any], conn_options: APIConnectOptions, sentences: Sentences
    ) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._sentences = sentences

    @abstractmethod
    async def _speak(
        self, sentences: tokenize.SentenceStream, output_emitter: tts.AudioEmitter
    ) -> None: ...

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._tts.sample_rate,
            num_channels=self._tts.num_channels,
            mime_type="audio/pcm",
            stream=True,
        )
        output_emitter.start_segment(segment_id=utils.shortuuid())
        sentences = self._sentences.stream()
        # No TaskGroup: LiveKit knows an error by its type.
        reading = asyncio.create_task(self._read(sentences), name="sentences")
        try:
            await self._speak(sentences, output_emitter)
        finally:
            await utils.aio.cancel_and_wait(reading)

    async def _read(self, sentences: tokenize.SentenceStream) -> None:
        async with aclosing(sentences):
            async for text in self._input_ch:
                if isinstance(text, self._FlushSentinel):
                    sentences.flush()
                else:
                    sentences.push_text(text)
            sentences.end_input()
