"""Embedded text to speech: Hibari, one American voice at 24 kHz.

A sentence of five seconds takes about 0.07 s on one core, so each is made in one piece, as soon as
its last word is known.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import numpy as np
from livekit.agents import APIConnectOptions, tokenize, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from numpy.typing import NDArray

SAMPLE_RATE = 24_000

_UNSPEAKABLE = re.compile(r"[*_`#|<>\[\]{}~^\\]|[^\x00-\u036f\u2010-\u205e\u20a0-\u20bf]")
"""Markup, emoji and scripts that Hibari would spell out or stumble over."""


class Voice:
    """The loaded voice; safe to use from several threads."""

    model = "hibari heart"

    def __init__(self) -> None:
        from hibari import Hibari

        self._hibari: Any = Hibari(threads=1)
        self.say("Warm up.")

    def say(self, sentence: str) -> NDArray[np.int16]:
        """Mono PCM at 24 kHz; a short silence where there is nothing to pronounce. Blocking."""
        text = speakable(sentence)
        audio: NDArray[np.float32] = self._hibari(text) if text else np.zeros(0, np.float32)
        if not audio.size:
            # LiveKit takes a sentence without audio for a failure, and tries it again and again.
            return np.zeros(SAMPLE_RATE // 20, np.int16)
        return (np.clip(audio, -1, 1) * 32767).astype(np.int16)


def speakable(text: str) -> str:
    """What of ``text`` can be spoken in English, on one line."""
    text = " ".join(_UNSPEAKABLE.sub(" ", text).split())
    return text if any(char.isalnum() for char in text) else ""


class HibariTTS(tts.TTS[Any]):
    """LiveKit TTS on a :class:`Voice`, a sentence at a time; see :func:`streaming`."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
        )
        self.voice = voice

    @property
    def model(self) -> str:
        return self.voice.model

    @property
    def provider(self) -> str:
        return "embedded"

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Sentence(tts=self, input_text=text, conn_options=conn_options)


class _Sentence(tts.ChunkedStream):
    _tts: HibariTTS

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
            mime_type="audio/pcm",
        )
        pcm = await asyncio.to_thread(self._tts.voice.say, self.input_text)
        output_emitter.push(pcm.tobytes())
        output_emitter.flush()


def streaming(voice: Voice) -> tts.TTS[Any]:
    """Speaks each sentence as soon as the next one begins or the text ends.

    LiveKit's default would hold back a first sentence of less than 20 letters.
    """
    sentences = tokenize.blingfire.SentenceTokenizer(
        min_sentence_len=2, stream_context_len=2, retain_format=True
    )
    return tts.StreamAdapter(tts=HibariTTS(voice), sentence_tokenizer=sentences)
