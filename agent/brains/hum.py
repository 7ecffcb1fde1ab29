"""Tells a hum ("mhm") from a word by its sound: a closed mouth lets nothing through above its first
formant, near 250 Hz (Fant, Acoustic Theory of Speech Production, 1960, on nasal murmurs).

Recognisers that were trained on words hear words in it.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass
class Timbre:
    """Of one phrase, so far."""

    sample_rate: int
    dark: float = 0.0
    bright: float = 0.0
    samples: int = 0

    def add(self, audio: NDArray[np.float32]) -> None:
        """(n,) of speech."""
        if not audio.size:
            return
        power = np.abs(np.fft.rfft(audio * np.hanning(audio.size))) ** 2
        first = int(BRIGHT * audio.size / self.sample_rate)
        self.dark += float(power[1:first].sum()) / audio.size
        self.bright += float(power[first:].sum()) / audio.size
        self.samples += audio.size

    @property
    def is_hum(self) -> bool:
        if not 0 < self.samples <= LONGEST * self.sample_rate:
            return False
        return self.bright < SHARE * (self.bright + self.dark)
