"""Tells a hum ("mhm") from a word by its sound: a closed mouth lets nothing through above its first
formant, near 250 Hz (Fant, Acoustic Theory of Speech Production, 1960, on nasal murmurs).

Recognisers that were trained on words hear words in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

TEXT: Final = "Mm-hmm."
LONGEST: Final = 1.2
"""Seconds; who hums longer sings."""
BRIGHT: Final = 700.0
"""Hz."""
SHARE: Final = 0.01
"""Of the power that is above it. Hums made by code: up to 0.0012; the darkest words of the embedded
voice ("who", "move", "you"): from 0.022."""


WINDOW: Final = 0.032
"""Seconds of sound that are judged at once."""
LOUD: Final = 0.1
"""Share of the loudest window's power from which on a window is the person's."""


@dataclass
class Timbre:
    """Of one phrase, so far, with the silence before it."""

    sample_rate: int
    windows: list[tuple[float, float]] = field(default_factory=list)
    """The power below and above :data:`BRIGHT`, of each."""
    rest: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def add(self, audio: NDArray[np.float32]) -> None:
        """(n,)"""
        size = int(WINDOW * self.sample_rate)
        first = int(BRIGHT * size / self.sample_rate)
        audio = np.concatenate([self.rest, audio])
        count = len(audio) // size
        self.rest = audio[count * size :]
        power = np.abs(np.fft.rfft(audio[: count * size].reshape(count, size) * np.hanning(size)))
        power **= 2
        dark, bright = power[:, 1:first].sum(axis=1), power[:, first:].sum(axis=1)
        self.windows += zip(dark.tolist(), bright.tolist(), strict=True)

    @property
    def is_hum(self) -> bool:
        if not self.windows:
            return False
        dark, bright = np.array(self.windows).T
        loud = dark + bright >= LOUD * (dark + bright).max()
        if not dark.any() or np.count_nonzero(loud) * WINDOW > LONGEST:
            return False
        # What the room adds above the formant is as loud in the silence before.
        room = float(np.median(bright[~loud])) if not loud.all() else 0.0
        person = max(0.0, float(bright[loud].mean()) - room)
        return person < SHARE * (person + float(dark[loud].mean()))
