"""A voice that speaks sentence by sentence: one that fails costs a sentence, not the answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, APIError, tokenize, tts, utils
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    USERDATA_TIMED_TRANSCRIPT,
    NotGivenOr,
    TimedString,
)

from agent.sentences import Sentences

from .by_sentence import SentenceBySentence
from .patience import explain
from .wrapping_tts import WrappingTTS

logger = logging.getLogger("visavis.brains")

ONCE = APIConnectOptions(max_retry=0)
"""Whoever says a sentence again half-way says its beginning twice."""
PAUSE = 0.05
"""Seconds of silence for what cannot be pronounced. LiveKit takes no sound at all for a failure."""


class SentenceTTS(WrappingTTS):
    """The first of ``voices`` that works gets one sentence after the other.

    A voice that fails before it is heard is replaced by the next one for that sentence already; one
    that fails in the middle, from the next sentence on, until LiveKit finds that it works again.
    ``eager``: see :class:`Sentences`.
    """

    def __init__(self, voices: Sequence[tts.TTS[Any]], *, eager: bool = False) -> None:
        super().__init__(
            voices[0]
            if len(voices) == 1
            else tts.FallbackAdapter(list(voices), max_retry_per_tts=0),
            streaming=True,
        )
        self.sentences = Sentences(eager=eager)
        self.voices = voices

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        return _Speech(tts=self, conn_options=ONCE, sentences=self.sentences)

    async def aclose(self) -> None:
        await super().aclose()
        if self.voice not in self.voices:
            for voice in self.voices:
                await voice.aclose()


class _Speech(SentenceBySentence):
    _tts: SentenceTTS

    async def _metrics_monitor_task(self, event_aiter: Any) -> None:
        async for _ in event_aiter:  # the voice has measured its sentences
            pass

    async def _speak(
        self, sentences: tokenize.SentenceStream, output_emitter: tts.AudioEmitter
    ) -> None:
        captions = _Captions(output_emitter if self._tts.capabilities.aligned_transcript else None)
        position, failed = 0.0, 0
        async for sentence in sentences:
            self._mark_started()
            captions.begin = position
            if not any(char.isalnum() for char in sentence.token):
                captions.add([TimedString(sentence.token, start_time=0.0, end_time=0.0)])
                continue
            try:
                async with self._tts.voice.synthesize(
                    sentence.token.strip(), conn_options=ONCE
                ) as speech:
                    async for event in speech:
                        captions.add(event.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, []))
                        output_emitter.push(event.frame.data.tobytes())
                        position += event.frame.duration
            except APIError as error:
                failed += 1
                logger.warning("no voice for a sentence (%s); going on", explain(error))
            captions.end_sentence()
            output_emitter.flush()
        if failed and not position:
            raise APIConnectionError("no voice could be had", retryable=False)
        if not position:
            output_emitter.push(bytes(2 * round(PAUSE * self._tts.sample_rate)))


@dataclass
class _Captions:
    """The words of one speech, on one clock, with a space between sentences."""

    output: tts.AudioEmitter | None
    """None: the voice does not tell when its words sound, and nobody asks for them here."""
    begin: float = 0.0
    """Where the current sentence begins, in seconds."""
    last: list[TimedString] = field(default_factory=list)
    """The last word, which may still need its space."""

    def add(self, words: Sequence[TimedString]) -> None:
        if self.output is None or not words:
            return
        moved = [
            TimedString(
                str(word),
                start_time=self._move(word.start_time),
                end_time=self._move(word.end_time),
            )
            for word in words
        ]
        self.output.push_timed_transcript([*self.last, *moved[:-1]])
        self.last = moved[-1:]

    def end_sentence(self) -> None:
        if self.output is None or not self.last:
            return
        [word] = self.last
        text = str(word) if word[-1:].isspace() else f"{word} "
        self.output.push_timed_transcript(
            TimedString(text, start_time=word.start_time, end_time=word.end_time)
        )
        self.last = []

    def _move(self, seconds: NotGivenOr[float]) -> NotGivenOr[float]:
        return seconds + self.begin if utils.is_given(seconds) else seconds
