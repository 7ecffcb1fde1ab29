"""Where the picture is taken from: the head frames itself for any width and height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import Head

_DISTANCE: Final = 1.15
"""Metres from the eyes to the lens: the perspective of a portrait, without a big nose."""
_EYE_LINE: Final = 0.405
"""Height of the eyes in the picture, from the top, unless hair needs more."""
_HEADROOM: Final = 0.035
"""Share of the picture's height above the hair: what a head moves by while it speaks."""
_EYES_AT_MOST: Final = 0.50
"""Height of the eyes below which tall hair moves them no further, and is cut off."""
_SQUARE: Final = 0.374
"""Metres that a square picture shows from top to bottom, at the eyes' distance."""
_NARROWEST: Final = 0.30
"""Metres from side to side that a portrait shows: hair, and room to turn."""
_WIDEST: Final = 0.50
"""Metres that a landscape shows: the shoulders, not where the arms are cut off."""
_LOWEST, _TALLEST = 0.27, 0.55
"""Metres from top to bottom: never less than the head, never below the cut of the chest."""
_NEAR, _FAR = 0.8, 1.8
"""Metres from the lens between which depth is told apart."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera in the form that the projection kernel reads."""

    position: NDArray[np.float32]
    """(3,) metres."""
    axes: NDArray[np.float32]
    """(3, 3): rows right, up, forward."""
    lens: NDArray[np.float32]
    """(5,): picture centre x, y; pixels × metres; and depth 0..1 is
    ``lens[3] - lens[4] / distance``."""


def frame_head(head: Head, width: int, height: int) -> Camera:
    """The camera that shows ``head`` in a picture that size.

    Its face is as large as any; where hair would be cut off, all of the head is further down.
    """
    aspect = width / height
    tall = min(max(_SQUARE, _NARROWEST / aspect), _WIDEST / aspect)
    tall = min(max(tall, _LOWEST), _TALLEST)
    eyes = head.eye_centres.mean(axis=0).astype(np.float64)
    position = eyes + np.array([0.0, -0.005, _DISTANCE])
    line = max(_EYE_LINE, min(_rise(head, eyes, position) / tall + _HEADROOM, _EYES_AT_MOST))
    target = eyes - np.array([0.0, (0.5 - line) * tall, 0.0])
    forward = target - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    scale = height / tall * _DISTANCE
    far = 1 / (1 / _NEAR - 1 / _FAR)
    return Camera(
        position=position.astype(np.float32),
        axes=np.stack([right, np.cross(right, forward), forward]).astype(np.float32),
        lens=np.array([width / 2, height / 2, scale, far / _NEAR, far], np.float32),
    )


def _rise(head: Head, eyes: NDArray[np.float64], lens: NDArray[np.float64]) -> float:
    """Metres from the eyes up to the hair, as both are seen, at the eyes' distance."""
    own = head.base[head.head_share > 0.5, :3]
    ahead = np.maximum(lens[2] - own[:, 2], _NEAR / 2)
    steepest = float(((own[:, 1] - lens[1]) / ahead).max(initial=-1.0))
    return steepest * _DISTANCE - float(eyes[1] - lens[1])
