"""Where speech pauses: the places at which a voice may change hands unnoticed."""

from __future__ import annotations

from typing import Final

import numpy as np

from .segment import RATE, WIDTH

BLOCK: Final = RATE // 100
"""Samples (10 ms) that are judged at once."""
BLOCKS: Final = 18
"""Quiet blocks in a row that make a pause (180 ms): longer than the closure of any consonant."""
QUIET: Final = 200
"""RMS of int16 below which nobody speaks (−44 dBFS); voices pause at digital silence or near."""


class PauseSearch:
    """Looks for a pause in sound that grows, and not twice where there is none."""

    def __init__(self) -> None:
        self._searched = 0

    def forget(self) -> None:
        """It is another sound, or every pause in it counts again."""
        self._searched = 0

    def find(self, audio: bytes | bytearray, earliest: int) -> int | None:
        """The middle of the first pause that begins at sample ``earliest`` or later."""
        at, self._searched = find_pause(audio, max(earliest, self._searched))
        return at


def find_pause(audio: bytes | bytearray, start: int) -> tuple[int | None, int]:
    """The middle of the first pause that begins at sample ``start`` or later, and from where to
    search when more has been captured (samples)."""
    sound = np.frombuffer(bytes(audio[start * WIDTH :]), np.int16)
    blocks = len(sound) // BLOCK
    if blocks < BLOCKS:
        return None, start
    power = np.square(sound[: blocks * BLOCK].reshape(blocks, BLOCK), dtype=np.float32)
    quiet = np.sqrt(power.mean(axis=1)) < QUIET
    in_a_row = np.convolve(quiet, np.ones(BLOCKS, np.int32), "valid")
    found = np.flatnonzero(in_a_row == BLOCKS)
    if len(found):
        at = start + (int(found[0]) + BLOCKS // 2) * BLOCK
        return at, at
    return None, start + (blocks - BLOCKS + 1) * BLOCK
