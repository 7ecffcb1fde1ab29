"""How emotions look: facial actions of FACS as ARKit weights, and a bearing of the head."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.emotion import EMOTIONS, EmotionName
from visavis.protocol import ARKIT_NAMES

ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "AU1 inner brow raiser": ("browInnerUp",),
    "AU2 outer brow raiser": ("browOuterUpLeft", "browOuterUpRight"),
    "AU4 brow lowerer": ("browDownLeft", "browDownRight"),
    "AU5 upper lid raiser": ("eyeWideLeft", "eyeWideRight"),
    "AU6 cheek raiser": ("cheekSquintLeft", "cheekSquintRight"),
    "AU7 lid tightener": ("eyeSquintLeft", "eyeSquintRight"),
    "AU9 nose wrinkler": ("noseSneerLeft", "noseSneerRight"),
    "AU10 upper lip raiser": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12 lip corner puller": ("mouthSmileLeft", "mouthSmileRight"),
    "AU15 lip corner depressor": ("mouthFrownLeft", "mouthFrownRight"),
    "AU17 chin raiser": ("mouthShrugLower",),
    "AU24 lip presser": ("mouthPressLeft", "mouthPressRight"),
    "AU26 jaw drop": ("jawOpen",),
    "AU43 eye closure": ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""Which weights stand for an action unit of FACS (Ekman, Friesen and Hager 2002)."""

COMPOSITIONS: Final[dict[EmotionName, dict[str, float]]] = {
    "neutral": {},
    "happy": {"AU6": 0.8, "AU7": 0.45, "AU10": 0.15, "AU12": 0.85, "AU26": 0.1},
    "sad": {"AU1": 1.0, "AU4": 0.15, "AU7": 0.1, "AU15": 0.95, "AU17": 0.4, "AU43": 0.18},
    "angry": {
        "AU2": 0.55,
        "AU4": 1.0,
        "AU5": 0.3,
        "AU7": 0.5,
        "AU9": 1.0,
        "AU15": 0.85,
        "AU17": 0.4,
        "AU24": 0.3,
    },
    "surprised": {"AU1": 0.9, "AU2": 0.9, "AU5": 0.8, "AU26": 0.22},
    "calm": {"AU6": 0.1, "AU12": 0.32, "AU43": 0.12},
}
"""Action units of each emotion at intensity 1, after EMFACS's prototypes (Friesen and Ekman 1983:
happy 6+12, sad 1+4+15 with 17, angry 4+5+7 with 23 or 24, surprised 1+2+5+26), weighed by eye on
the heads that come with Visavis, whose 4 alone hardly slants the brows: 2 does, and 9 and 15 put
the rest of the anger in. FACS has none for calm: a trace of a smile, and lids that rest."""


@dataclass(frozen=True)
class Bearing:
    """What an emotion adds to posture and tempo, at intensity 1."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    pace: float = 0.0
    """Added to the tempo of breath, posture and accents, which is 1."""
    stir: float = 0.0
    """Added to the size of the motion of speech, which is 1."""
    drop: float = 0.0
    """Degrees that glances away are lowered by."""
    blinks: float = 0.0
    """Added to the share of the usual blink rate, which is 1."""


BEARINGS: Final[dict[EmotionName, Bearing]] = {
    "neutral": Bearing(),
    "happy": Bearing(pitch=1.5, roll=1.5, pace=0.15, stir=0.25),
    "sad": Bearing(pitch=-4.5, roll=-2.0, pace=-0.3, stir=-0.5, drop=4.0),
    "angry": Bearing(pitch=-7.0, pace=0.2, stir=0.35, blinks=-0.2),
    "surprised": Bearing(pitch=2.0, pace=0.1, stir=0.1, blinks=-0.3),
    "calm": Bearing(pitch=0.5, roll=1.0, pace=-0.25, stir=-0.35, blinks=-0.1),
}
"""Joy and anger move the head more than sadness (Busso, Deng, Grimm, Neumann and Narayanan 2007);
sadness lowers head and gaze and slows down (Wallbott 1998). A lowered head that looks at one slants
the brows into a V and threatens (Witkower and Tracy 2019)."""


def _weights(composition: dict[str, float]) -> NDArray[np.float64]:
    out = np.zeros(len(ARKIT_NAMES))
    units = {action.split()[0]: names for action, names in ACTIONS.items()}
    for unit, amount in composition.items():
        for name in units[unit]:
            out[ARKIT_NAMES.index(name)] += amount
    return out


LOOKS: Final = np.array([_weights(COMPOSITIONS[name]) for name in EMOTIONS])
"""(emotions, 52) in the order of ``EMOTIONS``, at intensity 1."""
_BEARINGS: Final = np.array([astuple(BEARINGS[name]) for name in EMOTIONS])


def bearing_of(amounts: NDArray[np.float64]) -> Bearing:
    """Of a mix: (emotions,) in the order of ``EMOTIONS``."""
    return Bearing(*(amounts @ _BEARINGS).tolist())
