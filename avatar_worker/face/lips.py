"""How speech and expression share the lips: what opens them, what shuts them, and who yields."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.motion import smoothstep
from visavis.protocol import ARKIT_NAMES

_AT = {name: index for index, name in enumerate(ARKIT_NAMES)}
_CLOSE: Final = _AT["mouthClose"]
_OF_A_PAIR: Final = np.array([name.endswith(("Left", "Right")) for name in ARKIT_NAMES])


def _row(**amounts: float) -> NDArray[np.float64]:
    """(52,): each amount on its weight, or on both of its sides."""
    row = np.zeros(52)
    for name, amount in amounts.items():
        row[[_AT[side] for side in (name, f"{name}Left", f"{name}Right") if side in _AT]] = amount
    return row


SPOKEN: Final = np.array(
    [
        name.startswith(("jaw", "mouth", "cheekPuff", "noseSneer", "tongueOut"))
        for name in ARKIT_NAMES
    ],
    np.float64,
)
"""(52,) 1 where speech has a say."""
_PRESS: Final = _row(mouthPress=0.5 / 0.35)
_OPENING: Final = np.where(_OF_A_PAIR, 0.5, 1.0) * _row(
    jawOpen=1.0, mouthSmile=0.32, mouthUpperUp=0.28, mouthLowerDown=0.24, mouthFunnel=0.43,
    mouthPress=0.13, mouthFrown=0.05, mouthDimple=0.03, mouthStretch=0.02,
)  # fmt: skip
"""How much of mouthClose it takes to shut what one of these opens, at weight 1 on both sides; as
the heads that come with Visavis are built, where they open most."""
_APART: Final = (
    _OPENING - _row(mouthClose=1.0) - np.where(_OF_A_PAIR, 0.5, 1.0) * _row(mouthPress=0.13)
)
"""The same of speech: its presses are meant to shut."""
_ROUND: Final = _row(mouthPucker=1.0, mouthFunnel=1.0)
_YIELDS_TO_OPEN: Final = _row(mouthFrown=0.9, mouthShrugLower=0.8, mouthPress=0.8, mouthSmile=0.15)
"""Corners that are drawn down would bare the canines of an open mouth."""
_YIELDS_TO_ROUND: Final = _row(mouthSmile=0.6, mouthFrown=0.4)
_JUST_OPEN: Final = 0.06
"""Of the opening of lips: a millimetre and a half …"""
_WIDE: Final = 0.25
"""… and six."""
_AJAR: Final = 0.12
"""Of mouthClose: an expression that opens a silent mouth by less does not; by twice that, it does.
"""


def seal(mouth: NDArray[np.float64]) -> NDArray[np.float64]:
    """A copy in which pressed lips meet however far the jaw has dropped (ARKit's mouthClose)."""
    sealed = mouth.copy()
    pressed = min(1.0, float(_PRESS @ mouth))
    sealed[_CLOSE] = max(mouth[_CLOSE], pressed * mouth[_AT["jawOpen"]])
    return sealed


def width(mouth: NDArray[np.float64]) -> float:
    """How far the lips are apart, 0 .. 1 (widely)."""
    return smoothstep(float(_APART @ mouth) / _WIDE)


def closure(mouth: NDArray[np.float64]) -> float:
    """How near the lips are to touching, 0 (apart) .. 1 (they meet)."""
    return 1 - smoothstep(float(_APART @ mouth) / _JUST_OPEN)


def wear(
    mouth: NDArray[np.float64], look: NDArray[np.float64], held: float, wide: float
) -> NDArray[np.float64]:
    """A mouth (52,) with an expression (52,) over it.

    ``held``: how much speech has the say, 0..1. ``wide``: how wide it opens the lips, 0..1.

    Where speech opens or rounds the lips the expression yields what would spoil that; the jaw is
    speech's alone. Lips that speech shuts stay shut: mouthClose takes back what the expression
    opens. At rest a slight smile does not part them, and a broad one does.
    """
    wanted = look * SPOKEN
    wanted[_AT["jawOpen"]] *= 1 - held
    wanted *= 1 - wide * _YIELDS_TO_OPEN
    wanted *= 1 - min(1.0, float(_ROUND @ mouth)) * _YIELDS_TO_ROUND
    worn = mouth + wanted * (1 - mouth)
    opened = max(0.0, float(_OPENING @ (worn - mouth)))
    ajar = 1 - smoothstep((opened - _AJAR) / _AJAR)
    worn[_CLOSE] += (held * closure(mouth) + (1 - held) * ajar) * opened
    return worn
