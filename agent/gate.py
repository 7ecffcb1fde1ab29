"""While the agent speaks, what is very quiet is the loudspeaker's echo, or another room.

An echo canceller leaves a rest that voice detectors take for speech, however quiet it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

FLOOR: Final = 10 ** (-40 / 20)
"""Peak of a frame, of full scale. People who are near their microphone are 10 to 35 dB above it,
the more so as browsers adjust the gain; what is left of an echo is below."""
HOLD: Final = 0.2
"""Seconds that the gate stays open after the last loud frame: a consonant is quiet, too."""


class Gate(io.AudioInput):
    """Silences frames below the floor while ``speaking()``."""

    def __init__(self, source: io.AudioInput, speaking: Callable[[], bool]) -> None:
        super().__init__(label="gate", source=source)
        self._speaking = speaking
        self._open = 0.0

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await super().__anext__()
        pcm = np.frombuffer(frame.data, np.int16)
        if pcm.size and int(np.abs(pcm.astype(np.int32)).max()) >= FLOOR * 32768:
            self._open = HOLD
        else:
            self._open -= frame.duration
        if self._open > 0 or not self._speaking():
            return frame
        return rtc.AudioFrame(
            bytes(len(pcm) * 2),
            frame.sample_rate,
            frame.num_channels,
            frame.samples_per_channel,
        )
