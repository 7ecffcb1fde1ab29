"""How much light reaches the teeth and the tongue."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.protocol import ARKIT_NAMES

_PARTS_LIPS: Final = {
    "jawOpen": 1.0,
    "mouthClose": -0.8,
    "mouthFunnel": 0.8,
    "mouthLowerDownLeft": 0.7,
    "mouthLowerDownRight": 0.7,
    "mouthUpperUpLeft": 0.7,
    "mouthUpperUpRight": 0.7,
    "mouthShrugUpper": 0.2,
    "mouthSmileLeft": 0.2,
    "mouthSmileRight": 0.2,
    "mouthStretchLeft": 0.3,
    "mouthStretchRight": 0.3,
    "tongueOut": 1.0,
}
"""How far each blendshape parts the lips, against jawOpen."""
_PARTING: Final = np.array([_PARTS_LIPS.get(name, 0.0) for name in ARKIT_NAMES], np.float32)
_SHUT: Final = 0.03
_OPEN: Final = 0.4
_DARKEST: Final = 0.15


def mouth_light(weights: NDArray[np.float32]) -> float:
    """Share 0..1 of the light that comes between the lips; 0 where there is nothing to see."""
    parted = float(weights @ _PARTING)
    if parted <= _SHUT:
        return 0.0
    step = min((parted - _SHUT) / (_OPEN - _SHUT), 1.0)
    return _DARKEST + (1 - _DARKEST) * step * step * (3 - 2 * step)
