"""Where the picture is taken from: the head frames itself for any width and height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DISTANCE: Final = 1.15
"""Metres from the eyes to the lens: the perspective of a portrait, without a big nose."""
_EYE_LINE: Final = 0.405
"""Height of the eyes in the picture, from the top."""
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


def frame_head(eye_centres: NDArray[np.float32], width: int, height: int) -> Camera:
    """The camera that shows the head with eyes at ``eye_centres`` (2, 3) in a picture that size."""
    aspect = width / height
    tall = min(max(_SQUARE, _NARROWEST / aspect), _WIDEST / aspect)
    tall = min(max(tall, _LOWEST), _TALLEST)
    eyes = eye_centres.mean(axis=0).astype(np.float64)
    position = eyes + np.array([0.0, -0.005, _DISTANCE])
    target = eyes - np.array([0.0, (0.5 - _EYE_LINE) * tall, 0.0])
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
