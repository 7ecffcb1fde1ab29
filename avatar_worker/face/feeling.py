"""From one emotion to the next."""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.expression import LOOKS, Bearing, bearing_of
from avatar_worker.face.motion import FRAME, Ease
from visavis.emotion import EMOTIONS, Emotion
from visavis.protocol import ARKIT_NAMES

_SECONDS: Final = 0.5
"""Of the two lags: half of a change is done after 0.4 s, nine tenths after one; felt smiles take
0.5 to 0.75 s to their full size (Hess and Kleck 1990)."""
_LOPSIDED: Final = 0.08
"""How far a face may show an emotion more on one side: mostly on its left (Borod, Haywood and Koff
1997)."""
_GREETING: Final = 2.4
"""Seconds of a smile of greeting."""
_GREETING_SMILE: Final = 0.6
_HAPPY: Final = np.array([float(name == "happy") for name in EMOTIONS])
_NEUTRAL: Final = EMOTIONS.index("neutral")
_SIDES: Final = np.array(
    [1.0 if n.endswith("Left") else -1.0 if n.endswith("Right") else 0.0 for n in ARKIT_NAMES]
)


class Feeling:
    """What is felt and how much of it shows by now."""

    def __init__(self, random: Random) -> None:
        self._felt = np.zeros(len(EMOTIONS))
        self._ease = Ease(np.zeros(len(EMOTIONS)), _SECONDS)
        self._tilt = random.uniform(-0.25, 1.0) * _LOPSIDED
        self._greeting = 0.0

    def feel(self, emotion: Emotion) -> None:
        amounts = emotion.amounts
        self._felt = np.array([amounts.get(name, 0.0) for name in EMOTIONS])

    def greet(self) -> None:
        self._greeting = _GREETING

    def step(self) -> tuple[NDArray[np.float64], Bearing, float]:
        """Return the weights (52,) of the expression, the bearing that goes with it, and how much
        of the face is left to the mood, 0..1."""
        felt = self._felt
        if self._greeting > 0:
            self._greeting -= FRAME
            felt = np.maximum(felt, _GREETING_SMILE * _HAPPY)
        amounts = self._ease.step(felt)
        shown = sum(amounts.tolist()) - float(amounts[_NEUTRAL])
        look = (amounts @ LOOKS) * (1 + self._tilt * _SIDES)
        return look, bearing_of(amounts), max(0.0, 1 - shown)
