"""A pause told by its level, before a detector of speech is sure of it.

Silero's probability falls three windows (0.1 s) after a voice has stopped. By then the words could
be half read. Where a voice stands clear of its room's noise, its level falls at once.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

MARGIN: Final = 15.0
"""dB between voice and noise from which on the level tells anything."""
SHARE: Final = 0.25
"""Of the way from the noise up to the voice, in dB: below it nobody speaks. Of 82 spoken sentences
at three levels over noise of −70 to −42 dBFS, a pause was seen 0.08 s after the end (median; by
Silero alone 0.17), and in every fourth one before it, at a stop consonant."""
QUIETEST: Final = -65.0
"""dBFS: as no room is; a browser's noise suppression leaves less."""
MEMORY: Final = 5.0
"""Seconds in which the noise was heard alone for a moment."""
FALL: Final = 10.0
"""dB a second by which the voice's level is forgotten."""


class Lull:
    """Follows the level of what is heard, a window after the other."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._levels: deque[float] = deque()
        self._remembered = 0.0
        """Seconds in ``_levels``."""
        self._voice = -math.inf
        """dBFS of the loudest window of late."""
        self._quiet = 0.0

    def hear(self, window: NDArray[np.float32]) -> float:
        """(n,) samples, ±1, in windows of one length. Seconds since when nobody speaks, by the
        level; 0.0 while somebody may."""
        seconds = len(window) / self._rate
        level = 10 * math.log10(float(np.mean(np.square(window))) + 1e-12)
        self._levels.append(level)
        self._remembered += seconds
        if self._remembered > MEMORY:
            self._levels.popleft()
            self._remembered -= seconds
        self._voice = max(self._voice - FALL * seconds, level)
        noise = max(QUIETEST, min(self._levels))
        span = self._voice - noise
        is_quiet = span >= MARGIN and level < noise + SHARE * span
        self._quiet = self._quiet + seconds if is_quiet else 0.0
        return self._quiet
