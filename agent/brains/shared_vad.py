"""Two listen for speech in every conversation, the session and the embedded ears. While nobody
speaks one does, and the other sleeps."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import numpy as np
from livekit import rtc
from livekit.agents import vad
from livekit.plugins import silero
from livekit.plugins.silero import onnx_model

STIR: Final = 0.15
"""Silero's probability, of one window, that wakes who sleeps: speech begins at 0.5 of a mean over
several."""
DOZE: Final = 2.0
"""Seconds without such a window, and without speech, after which the second one falls asleep."""
ALONE: Final = 0.5
"""Seconds in which the first one judges nothing, after which the second one no longer counts on
it."""
KEPT: Final = 1.5
"""Seconds before it woke that it hears then: all that precedes speech in a phrase (0.5), what the
first one may be late, and some for the detector to get used to the room."""


class SharedVAD(silero.VAD):
    """Silero's; :class:`Dozing` streams beside its own may sleep."""

    def __init__(self, **loaded: Any) -> None:
        super().__init__(**loaded)
        self.judged = 0
        """Windows, by streams that do not sleep."""
        self.stirs = 0
        """Those of them that may be the beginning of speech."""

    def stream(self) -> silero.vad.VADStream:
        stream = super().stream()
        stream._model = _Noted(self)
        return stream

    def second(self) -> vad.VADStream:
        """A stream that is not counted."""
        return super().stream()

    def note(self, probability: float) -> None:
        self.judged += 1
        self.stirs += probability >= STIR


class _Noted(onnx_model.OnnxModel):
    def __init__(self, owner: SharedVAD) -> None:
        super().__init__(onnx_session=owner._onnx_session, sample_rate=owner._opts.sample_rate)
        self._owner = owner

    def __call__(self, x: np.ndarray) -> float:
        probability = super().__call__(x)
        self._owner.note(probability)
        return probability


class Dozing:
    """The events of a stream that sleeps while a :class:`SharedVAD`'s own hears nothing.

    Beside any other detector it never does.
    """

    def __init__(self, detector: vad.VAD) -> None:
        self._shared = detector if isinstance(detector, SharedVAD) else None
        self._stream = detector.stream() if self._shared is None else self._shared.second()
        self._speaking = False
        self._judged = self._stirs = 0
        self._alone = ALONE
        """Seconds pushed since the first one judged something."""
        self._quiet = 0.0
        """Seconds pushed since it stirred."""
        self._kept: deque[rtc.AudioFrame] = deque()
        self._kept_seconds = 0.0

    def push_frame(self, frame: rtc.AudioFrame) -> int:
        """Answers how many samples are judged now: none while it sleeps, more when it wakes."""
        self._keep(frame)
        if self._sleeps(frame.duration):
            return 0
        samples = 0
        while self._kept:
            kept = self._kept.popleft()
            self._stream.push_frame(kept)
            samples += kept.samples_per_channel
        self._kept_seconds = 0.0
        return samples

    def end_input(self) -> None:
        self._stream.end_input()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Dozing:
        return self

    async def __anext__(self) -> vad.VADEvent:
        event = await anext(self._stream)
        if event.type == vad.VADEventType.START_OF_SPEECH:
            self._speaking = True
        elif event.type == vad.VADEventType.END_OF_SPEECH:
            self._speaking = False
        return event

    def _keep(self, frame: rtc.AudioFrame) -> None:
        self._kept.append(frame)
        self._kept_seconds += frame.duration
        while self._kept_seconds > KEPT:
            self._kept_seconds -= self._kept.popleft().duration

    def _sleeps(self, seconds: float) -> bool:
        if self._shared is None:
            return False
        self._alone, self._quiet = self._alone + seconds, self._quiet + seconds
        if self._judged != self._shared.judged:
            self._judged, self._alone = self._shared.judged, 0.0
        if self._speaking or self._stirs != self._shared.stirs:
            self._stirs, self._quiet = self._shared.stirs, 0.0
        return self._quiet >= DOZE and self._alone < ALONE
