"""The speaking part of the face: what it takes from speech, and how it comes to rest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.motion import FRAME, smoothstep
from visavis.protocol import ARKIT_NAMES

_CLOSE_SECONDS = 0.15
"""How long the mouth takes to shut when speech ends or is cut."""
_BEGIN_SECONDS = 0.07
"""How long it takes to join speech that begins before it has shut."""
_SPOKEN = ("jaw", "mouth", "cheekPuff", "noseSneer", "tongueOut")
SPOKEN = np.array([name.startswith(_SPOKEN) for name in ARKIT_NAMES], np.float64)
"""(52,) 1 where the weight belongs to speech alone."""

_AT = {name: index for index, name in enumerate(ARKIT_NAMES)}
_SHUT = np.zeros(52)
_SHUT[[_AT["mouthPressLeft"], _AT["mouthPressRight"]]] = 0.5 / 0.6
_SHUT[[_AT["mouthRollLower"], _AT["mouthRollUpper"]]] = 1 / 0.6
_PRESS = np.zeros(52)
_PRESS[[_AT["mouthPressLeft"], _AT["mouthPressRight"]]] = 0.5 / 0.35


class Mouth:
    """Weights of speech, without a jump where it begins, ends or is cut."""

    def __init__(self) -> None:
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
        return _seal(self._shown)


def _seal(mouth: NDArray[np.float64]) -> NDArray[np.float64]:
    """A copy in which pressed lips meet however far the jaw has dropped (ARKit's mouthClose)."""
    sealed = mouth.copy()
    pressed = min(1.0, float(_PRESS @ mouth))
    sealed[_AT["mouthClose"]] = max(mouth[_AT["mouthClose"]], pressed * mouth[_AT["jawOpen"]])
    return sealed


def closure(mouth: NDArray[np.float64]) -> float:
    """How far the lips are meant to be shut (p, b, m) or tucked (f, v), 0..1."""
    shut = float(_SHUT @ mouth)
    met = float(mouth[_AT["mouthClose"]] / max(mouth[_AT["jawOpen"]], 0.05))
    return min(1.0, max(shut, met))
