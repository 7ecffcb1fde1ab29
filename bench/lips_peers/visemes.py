"""What a viseme looks like in ARKit's shapes: one table for every peer that answers visemes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.protocol import ARKIT_NAMES

Weights = NDArray[np.float32]

_DIMPLE = ("mouthDimpleLeft", "mouthDimpleRight")
_LOWER_DOWN = ("mouthLowerDownLeft", "mouthLowerDownRight")
_PRESS = ("mouthPressLeft", "mouthPressRight")
_UPPER_UP = ("mouthUpperUpLeft", "mouthUpperUpRight")


def _shape(*pairs: tuple[tuple[str, ...] | str, float]) -> dict[str, float]:
    return {
        name: value
        for names, value in pairs
        for name in ((names,) if isinstance(names, str) else names)
    }


_BACK: Final = (
    (_LOWER_DOWN, 0.4),
    (_DIMPLE, 0.3),
    ("mouthFunnel", 0.3),
    ("mouthPucker", 0.3),
    ("jawOpen", 0.15),
)
_PUCKERED: Final = (("mouthPucker", 0.5), ("jawOpen", 0.2))

OCULUS: Final[Mapping[str, Mapping[str, float]]] = {
    "sil": {},
    "PP": _shape(("mouthRollLower", 0.8), ("mouthRollUpper", 0.8), (_UPPER_UP, 0.3)),
    "FF": _shape(
        ("mouthPucker", 1.0),
        ("mouthShrugUpper", 1.0),
        (_LOWER_DOWN, 0.2),
        (_DIMPLE, 1.0),
        ("mouthRollLower", 1.0),
    ),
    "TH": _shape(("mouthRollUpper", 0.6), ("jawOpen", 0.2), ("tongueOut", 0.4)),
    "DD": _shape((_PRESS, 0.8), ("mouthFunnel", 0.5), ("jawOpen", 0.2)),
    "kk": _shape(*_BACK),
    "CH": _shape(*_PUCKERED),
    "SS": _shape((_PRESS, 0.8), (_LOWER_DOWN, 0.5), ("jawOpen", 0.1)),
    "nn": _shape(*_BACK, ("tongueOut", 0.2)),
    "RR": _shape(*_PUCKERED),
    "aa": _shape(("jawOpen", 0.6)),
    "E": _shape((_PRESS, 0.8), (_DIMPLE, 1.0), ("jawOpen", 0.3)),
    "I": _shape((_PRESS, 0.6), (_DIMPLE, 0.6), ("jawOpen", 0.2)),
    "O": _shape(("mouthPucker", 1.0), ("jawForward", 0.6), ("jawOpen", 0.2)),
    "U": _shape(("mouthFunnel", 1.0)),
}
"""Oculus viseme → ARKit weights. These are the mixes from which TalkingHead's script makes the
visemes that a head lacks: github.com/met4citizen/TalkingHead, MIT licence,
``blender/build-visemes-from-arkit.py`` at 5b1f120."""


def to_arkit(weights: NDArray[np.floating], names: Sequence[str]) -> Weights:
    """Visemes (t, v) in the order of ``names`` → (t, 52) as ``ARKIT_NAMES``, 0 to 1.

    Names may begin with ``viseme_``. Raises ValueError for one that Oculus does not have.
    """
    mix = np.zeros((len(names), len(ARKIT_NAMES)), np.float32)
    for row, name in enumerate(names):
        shape = OCULUS.get(name.removeprefix("viseme_"))
        if shape is None:
            raise ValueError(f"{name} is not an Oculus viseme: {', '.join(OCULUS)}")
        for part, value in shape.items():
            mix[row, ARKIT_NAMES.index(part)] = value
    arkit: Weights = np.clip(np.asarray(weights, np.float32).reshape(-1, len(names)) @ mix, 0, 1)
    return arkit
