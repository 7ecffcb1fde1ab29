"""The agent session's audio output: takes speech in, and tells what of it was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
from livekit import rtc
from livekit.agents.voice.io import (
    AudioOutput,
    AudioOutputCapabilities,
    _CaptureCancelledEvent,
)

from .segment import RATE, Finished
from .speech import Speech


class VoiceSwitch(AudioOutput):
    """Hands what the agent says to :class:`.speech.Speech`, whichever way it goes out.

    Every captured segment is reported finished exactly once and in order. A capture waits only
    while an interrupted segment is being answered, as in LiveKit's own output: what wraps this
    one counts on it.
    """

    def __init__(self) -> None:
        super().__init__(
            label="Visavis",
            capabilities=AudioOutputCapabilities(pause=True),
            sample_rate=RATE,
        )
        self.speech = Speech(on_started=self._on_started, on_finished=self._on_finished)
        self._answered = asyncio.Event()
        self._converter: _Converter | None = None

    @property
    def can_pause(self) -> bool:
        return self.speech.can_pause

    @property
    def position(self) -> float | None:
        """Seconds heard of the segment whose end is reported next, as far as one knows; None: no
        segment is begun."""
        position = self.speech.position
        return None if position is None else position / RATE

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self.speech.begin()
        while self.speech.clearing:
            self._answered.clear()
            await self._answered.wait()
        for audio in self._convert(frame):
            self.speech.push(audio)

    def flush(self) -> None:
        super().flush()
        if self._converter is not None:
            for audio in self._converter.flush():
                self.speech.push(audio)
            self._converter = None
        self.speech.flush()

    def clear_buffer(self) -> None:
        self.speech.clear()

    def pause(self) -> None:
        self.speech.pause()

    def resume(self) -> None:
        self.speech.resume()

    def _on_started(self, at: float) -> None:
        self.on_playback_started(created_at=at)

    def _on_finished(self, end: Finished) -> None:
        self._answered.set()
        if end.empty:  # a cancelled capture: some of what wraps this output has not counted it
            self._dispatch_playback_finished(
                _CaptureCancelledEvent(playback_position=0, interrupted=True)
            )
        else:
            self.on_playback_finished(
                playback_position=end.position / RATE, interrupted=end.interrupted
            )

    def _convert(self, frame: rtc.AudioFrame) -> Iterator[bytes]:
        """The session converts by a segment's first frame; the others need not be like it."""
        if frame.sample_rate == RATE and frame.num_channels == 1 and self._converter is None:
            yield bytes(frame.data)
            return
        kind = (frame.sample_rate, frame.num_channels)
        if self._converter is None or self._converter.kind != kind:
            if self._converter is not None:
                yield from self._converter.flush()
            self._converter = _Converter(*kind)
        yield from self._converter.push(frame)


class _Converter:
    """Makes mono at :data:`.RATE` of frames of one kind."""

    def __init__(self, rate: int, channels: int) -> None:
        self.kind = (rate, channels)
        self._resampler = rtc.AudioResampler(rate, RATE, num_channels=channels)

    def push(self, frame: rtc.AudioFrame) -> Iterator[bytes]:
        yield from map(_mono, self._resampler.push(frame))

    def flush(self) -> Iterator[bytes]:
        yield from map(_mono, self._resampler.flush())


def _mono(frame: rtc.AudioFrame) -> bytes:
    if frame.num_channels == 1:
        return bytes(frame.data)
    samples = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)
    return bytes(samples.mean(axis=1).astype(np.int16).tobytes())
