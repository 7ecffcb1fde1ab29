"""The speaking part of the face: what it takes from speech, and how it comes to rest."""

from __future__ import annotations

import math
from typing import Final

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
_CLOSE: Final = _AT["mouthClose"]
_PRESS = np.zeros(52)
_PRESS[[_AT["mouthPressLeft"], _AT["mouthPressRight"]]] = 0.5 / 0.35
_OPENS: Final = {
    "jawOpen": 1.0, "mouthSmile": 0.13, "mouthUpperUp": 0.27, "mouthLowerDown": 0.24,
    "mouthFunnel": 0.43, "mouthPress": 0.13, "mouthFrown": 0.05, "mouthDimple": 0.03,
    "mouthStretch": 0.02,
}  # fmt: skip
"""How much of mouthClose it takes to shut what one of these opens, at weight 1 on both sides; as
the heads that come with Visavis are built, where they open most."""
_OPENING: Final = np.zeros(52)
for _name, _amount in _OPENS.items():
    _sides = [_AT[side] for side in (_name, f"{_name}Left", f"{_name}Right") if side in _AT]
    _OPENING[_sides] = _amount / len(_sides)
_APART: Final = _OPENING.copy()
_APART[[_AT["mouthPressLeft"], _AT["mouthPressRight"]]] = 0
_APART[_CLOSE] = -1
_JUST_OPEN: Final = 0.06
"""Of the opening of lips: a millimetre and a half."""
_AJAR: Final = 0.08
"""Of mouthClose: an expression that opens a silent mouth by less does not; by twice that, it does.
"""
_HOLD, _RELEASE = 0.34, 0.1
"""How fast speech takes the mouth over, a frame, and gives it back to the expression."""


class Mouth:
    """Weights of speech, without a jump where it begins, ends or is cut."""

    def __init__(self) -> None:
        self._shown = np.zeros(52)
        self._offset = np.zeros(52)
        self._speaking = False
        self._age = self._length = math.inf
        self._held = 0.0
        """How much speech has the say, 0..1."""

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
        self._shown = np.clip(target + self._offset * rest, 0, 1) if rest else target
        self._held = min(1.0, max(0.0, self._held + (_HOLD if speaking else -_RELEASE)))
        return _seal(self._shown)

    def wear(self, mouth: NDArray[np.float64], look: NDArray[np.float64]) -> NDArray[np.float64]:
        """``mouth`` (52,), as :meth:`step` gave it, with an expression (52,) over it.

        Lips that speech shuts stay shut: mouthClose takes back what the expression opens. At rest
        a slight smile does not part them, and a broad one does.
        """
        wanted = look * SPOKEN
        wanted[_AT["jawOpen"]] *= 1 - self._held
        worn = mouth + wanted * (1 - mouth)
        opened = max(0.0, float(_OPENING @ (worn - mouth)))
        ajar = 1 - smoothstep((opened - _AJAR) / _AJAR)
        worn[_CLOSE] += (self._held * closure(mouth) + (1 - self._held) * ajar) * opened
        return worn


def _seal(mouth: NDArray[np.float64]) -> NDArray[np.float64]:
    """A copy in which pressed lips meet however far the jaw has dropped (ARKit's mouthClose)."""
    sealed = mouth.copy()
    pressed = min(1.0, float(_PRESS @ mouth))
    sealed[_CLOSE] = max(mouth[_CLOSE], pressed * mouth[_AT["jawOpen"]])
    return sealed


def closure(mouth: NDArray[np.float64]) -> float:
    """How near the lips are to touching, 0 (apart) .. 1 (they meet)."""
    return 1 - smoothstep(float(_APART @ mouth) / _JUST_OPEN)
