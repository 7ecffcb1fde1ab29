"""How emotions look: facial actions (FACS) as ARKit weights."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.emotion import EmotionName
from visavis.protocol import ARKIT_NAMES

ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "AU1": ("browInnerUp",),
    "AU2": ("browOuterUpLeft", "browOuterUpRight"),
    "AU4": ("browDownLeft", "browDownRight"),
    "AU5": ("eyeWideLeft", "eyeWideRight"),
    "AU6": ("cheekSquintLeft", "cheekSquintRight"),
    "AU7": ("eyeSquintLeft", "eyeSquintRight"),
    "AU9": ("noseSneerLeft", "noseSneerRight"),
    "AU10": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12": ("mouthSmileLeft", "mouthSmileRight"),
    "AU15": ("mouthFrownLeft", "mouthFrownRight"),
    "AU17": ("mouthShrugLower",),
    "AU23": ("mouthPressLeft", "mouthPressRight"),
    "AU26": ("jawOpen",),
    "AU43": ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""Which weights an action unit of FACS (Ekman, Friesen and Hager 2002) is in ARKit."""

COMPOSITIONS: Final[dict[EmotionName, dict[str, float]]] = {
    "neutral": {},
    "happy": {"AU6": 0.7, "AU12": 0.65, "AU7": 0.2},
    "sad": {"AU1": 0.8, "AU4": 0.3, "AU15": 0.6, "AU17": 0.3, "AU43": 0.15},
    "angry": {"AU4": 0.9, "AU5": 0.25, "AU7": 0.6, "AU9": 0.3, "AU23": 0.4},
    "surprised": {"AU1": 0.8, "AU2": 0.8, "AU5": 0.7, "AU26": 0.2},
    "calm": {"AU12": 0.18, "AU43": 0.12},
}
"""Action units of each emotion at intensity 1: EMFACS's prototypes (Ekman and Friesen 1983; happy
6+12, sad 1+4+15, angry 4+5+7+23, surprised 1+2+5+26). FACS has none for calm."""


def _weights(composition: dict[str, float]) -> NDArray[np.float64]:
    out = np.zeros(len(ARKIT_NAMES))
    for action, amount in composition.items():
        for name in ACTIONS[action]:
            out[ARKIT_NAMES.index(name)] += amount
    return out


LOOKS: Final[dict[EmotionName, NDArray[np.float64]]] = {
    emotion: _weights(composition) for emotion, composition in COMPOSITIONS.items()
}
"""(52,) at intensity 1."""
