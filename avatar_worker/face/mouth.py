"""The speaking part of the face: what it takes from speech, and how it comes to rest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.lips import SPOKEN, seal, width
from avatar_worker.face.motion import FRAME, smoothstep

_CLOSE_SECONDS = 0.15
"""How long the mouth takes to shut when speech ends or is cut."""
_BEGIN_SECONDS = 0.07
"""How long it takes to join speech that begins before it has shut."""
_HOLD, _RELEASE = 0.34, 0.1
"""How fast speech takes the mouth over, a frame, and gives it back to the expression."""

_WIDER, _NARROWER = 0.4, 0.06
"""Of the way, a frame: an expression that yields does not come and go with every syllable."""


class Mouth:
    """Weights of speech, without a jump where it begins, ends or is cut."""

    def __init__(self) -> None:
        self.held = 0.0
        """How much speech has the say, 0..1."""
        self.wide = 0.0
        """How wide the lips are at times, 0..1: soon more, slowly less."""
        self._shown = np.zeros(52)
        self._offset = np.zeros(52)
        self._speaking = False
        self._age = self._length = math.inf

    def step(self, speech: NDArray[np.float32] | None) -> NDArray[np.float64]:
        """Take this frame's speech, None for none; return (52,), zero but for speech's weights."""
        target = np.zeros(52) if speech is None else np.clip(speech * SPOKEN, 0, 1)
        speaking = speech is not None
        if speaking != self._speaking:
            self._speaking, self._age = speaking, 0.0
            self._length = _BEGIN_SECONDS if speaking else _CLOSE_SECONDS
            self._offset = self._shown - target
        self._age += FRAME
        rest = 1 - smoothstep(self._age / self._length) if self._age < self._length else 0.0
        self._shown = np.clip(target + self._offset * rest, 0, 1)
        self.held = min(1.0, max(0.0, self.held + (_HOLD if speaking else -_RELEASE)))
        sealed = seal(self._shown)
        wide = width(sealed)
        self.wide += (wide - self.wide) * (_WIDER if wide > self.wide else _NARROWER)
        return sealed
