"""While the agent speaks, what is as quiet as the loudspeaker's echo is taken for it.

An echo canceller leaves a rest that voice detectors take for speech, however quiet it is; where
there is no canceller, all of it is left. How loud it is, is learned: by how much louder the
microphone is while the agent speaks than while it does not.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents.voice import io
from numpy.typing import NDArray

FLOOR: Final = -50.0
"""dB of full scale that a frame's peak has to reach in any case. People who are near their
microphone are 15 to 45 dB above it."""
CEILING: Final = -12.0
"""dB that are enough, whatever was learned: who shouts is heard."""
MARGIN: Final = 10.0
"""dB from the loudness that three quarters of an echo's frames stay below to its loudest ones."""
APART: Final = 6.0
"""dB by which the microphone is louder than the room's noise where there is an echo."""
MEMORY: Final = 250
"""Frames that are learned from: of the agent's speech, and of what is heard besides."""
ENOUGH: Final = 25
"""Frames of speech before which nothing is let through: in the first second nobody can cut in."""
LEARNED: Final = 10
"""Frames of speech between two looks at what was learned."""
HOLD: Final = 0.2
"""Seconds that the gate stays open after the last loud frame: a consonant is quiet, too."""


class Gate(io.AudioInput):
    """Silences frames below the echo's loudness while ``speaking()``."""

    def __init__(self, source: io.AudioInput, speaking: Callable[[], bool]) -> None:
        super().__init__(label="gate", source=source)
        self._speaking = speaking
        self._open = 0.0
        self._floor = math.inf
        self._learned = 0
        self._echo: deque[float] = deque(maxlen=MEMORY)
        self._room: deque[float] = deque(maxlen=MEMORY)

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await super().__anext__()
        pcm = np.frombuffer(frame.data, np.int16)
        loud = _decibels(pcm)
        if not self._speaking():
            self._room.append(loud)
            self._open = 0.0
            return frame
        self._learn(loud)
        self._open = HOLD if loud >= self._floor else self._open - frame.duration
        if self._open > 0:
            return frame
        return rtc.AudioFrame(
            bytes(len(pcm) * 2),
            frame.sample_rate,
            frame.num_channels,
            frame.samples_per_channel,
        )

    def _learn(self, loud: float) -> None:
        self._echo.append(loud)
        self._learned += 1
        if self._learned < ENOUGH or self._learned % LEARNED:
            return
        echo = float(np.percentile(self._echo, 75))
        # The quieter frames are the room's: in the others somebody spoke.
        audible = not self._room or echo > np.percentile(self._room, 25) + APART
        self._floor = min(CEILING, max(FLOOR, echo + MARGIN)) if audible else FLOOR


def _decibels(pcm: NDArray[np.int16]) -> float:
    peak = int(np.abs(pcm.astype(np.int32)).max(initial=0))
    return 20 * float(np.log10(max(peak, 1) / 32768))
