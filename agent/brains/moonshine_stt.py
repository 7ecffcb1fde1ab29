"""Embedded speech to text: Moonshine, read again and again while the person speaks.

It reads a whole phrase at once, so a partial is a reading of all that was said so far. The reading
that matters is taken as soon as the voice pauses: when the end of turn is decided a moment later,
the final transcript is already there.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, LanguageCode, stt, utils, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from numpy.typing import NDArray

from .mono import to_mono
from .moonshine import SAMPLE_RATE, Ears, Samples, Speech
from .shared_vad import Dozing

PAUSE = 0.06
"""Seconds of silence after which the phrase is read once more, in case it was the end."""
LONGEST_PHRASE = 20.0
"""Seconds after which the next pause ends the phrase; the cost of a reading grows with it."""
VAD_WINDOW = 512
"""Samples that Silero judges at once (at 16 kHz)."""


class MoonshineSTT(stt.STT[Any]):
    """LiveKit STT on :class:`Ears`. The caller's voice activity detector tells speech from silence.

    Partials come as interim transcripts, and as preflight transcripts at a pause, so that the
    language model may begin before the end of the turn is certain. A phrase ends when the stream
    is flushed, which ``AgentSession`` does at the end of a turn, or when it has become very long.
    """

    def __init__(self, ears: Ears, vad: vad.VAD) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, manual_flush=True
            )
        )
        self._ears = ears
        self._vad = vad

    @property
    def model(self) -> str:
        return self._ears.model

    @property
    def provider(self) -> str:
        return "embedded"

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return _MoonshineStream(self, self._ears, self._vad, conn_options)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.SpeechEvent:
        frame = utils.merge_frames(buffer)

        def read() -> str:
            with self._ears.phrase() as phrase:
                return phrase.read(_scaled(to_mono(frame, SAMPLE_RATE)))

        return _transcript(stt.SpeechEventType.FINAL_TRANSCRIPT, await asyncio.to_thread(read))


class _MoonshineStream(stt.RecognizeStream):
    def __init__(
        self, owner: MoonshineSTT, ears: Ears, vad: vad.VAD, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(stt=owner, conn_options=conn_options, sample_rate=SAMPLE_RATE)
        self._ears = ears
        self._vad = vad
        self._speech = Speech(ears)
        self._pausing = True
        self._pushed = 0
        self._heard = 0
        self._flush_at: int | None = None
        self._ended = False
        self._wake = asyncio.Event()

    async def _run(self) -> None:
        vad_stream = Dozing(self._vad)
        thread = ThreadPoolExecutor(1, thread_name_prefix="moonshine")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._forward(vad_stream))
                tasks.create_task(self._listen(vad_stream))
                tasks.create_task(self._read(thread))
        finally:
            await vad_stream.aclose()
            thread.submit(self._speech.close)
            thread.shutdown(wait=False)

    async def _forward(self, vad_stream: Dozing) -> None:
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                self._pushed += vad_stream.push_frame(item)
            else:
                self._flush_at = self._pushed
                self._wake.set()
        vad_stream.end_input()

    async def _listen(self, vad_stream: Dozing) -> None:
        speaking = False
        async for event in vad_stream:
            if event.type == vad.VADEventType.START_OF_SPEECH:
                speaking, self._pausing = True, False
                self._speech.hear(_samples(event.frames), voiced=True)
                self._speech.postpone()
                self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.START_OF_SPEECH))
            elif event.type == vad.VADEventType.INFERENCE_DONE and speaking:
                silence = event.raw_accumulated_silence
                self._speech.hear(_samples(event.frames), voiced=silence == 0)
                self._pausing = silence >= PAUSE
            elif event.type == vad.VADEventType.END_OF_SPEECH:
                speaking, self._pausing = False, True
                self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.END_OF_SPEECH))
            self._heard = max(self._heard, event.samples_index)
            if self._pausing or self._is_finishing or self._speech.is_due(False):
                self._wake.set()
        self._ended = True
        self._wake.set()

    async def _read(self, thread: ThreadPoolExecutor) -> None:
        """The one place that reads, so that partials and finals come in order."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            speech = self._speech
            finishing = self._is_finishing
            if (finishing and not speech.is_read) or speech.is_due(self._pausing):
                position, audio, speech.unread = speech.length, speech.unread, []
                begun = loop.time()
                text = await loop.run_in_executor(thread, speech.extend, audio)
                speech.postpone(loop.time() - begun)
                speech.read = position
                if text and text != speech.text and not self._pausing:
                    self._send(stt.SpeechEventType.INTERIM_TRANSCRIPT, text)
                speech.text = text
                # A flush, or enough speech for the next reading, may have come meanwhile.
                self._wake.set()
            elif finishing or (self._pausing and speech.length > LONGEST_PHRASE * SAMPLE_RATE):
                self._finish(thread)
                if self._ended:
                    return
            elif self._pausing and speech.text and speech.offered < speech.read:
                # Perhaps the end: the answer can be thought out before that is certain.
                speech.offered = speech.read
                self._send(stt.SpeechEventType.PREFLIGHT_TRANSCRIPT, speech.text)

    @property
    def _is_finishing(self) -> bool:
        """The phrase is to end, and all audio that was pushed before has been heard."""
        if self._ended:
            return True
        return self._flush_at is not None and self._flush_at - self._heard < VAD_WINDOW

    def _finish(self, thread: ThreadPoolExecutor) -> None:
        speech, self._speech = self._speech, Speech(self._ears)
        was_flushed, self._flush_at = self._flush_at is not None, None
        thread.submit(speech.close)
        if not speech.text and not was_flushed:  # a flush is answered also when nothing was said
            return
        self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, speech.text)
        usage = stt.RecognitionUsage(audio_duration=speech.length / SAMPLE_RATE)
        self._event_ch.send_nowait(
            stt.SpeechEvent(stt.SpeechEventType.RECOGNITION_USAGE, recognition_usage=usage)
        )

    def _send(self, kind: stt.SpeechEventType, text: str) -> None:
        with contextlib.suppress(utils.aio.ChanClosed):
            self._event_ch.send_nowait(_transcript(kind, text))


def _transcript(kind: stt.SpeechEventType, text: str) -> stt.SpeechEvent:
    data = stt.SpeechData(language=LanguageCode("en"), text=text, confidence=1.0 if text else 0.0)
    return stt.SpeechEvent(kind, alternatives=[data])


def _samples(frames: list[rtc.AudioFrame]) -> Samples:
    return _scaled(np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames]))


def _scaled(pcm: NDArray[np.int16]) -> Samples:
    return pcm.astype(np.float32) / np.float32(32768)
