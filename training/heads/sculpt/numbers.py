"""Small sums that every part needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def ramp(low: float, high: float, x: ArrayLike) -> Floats:
    """0 below ``low``, 1 above ``high``, a smooth step between; ``low`` may be the greater."""
    t = np.clip((np.asarray(x, np.float64) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))


def bump(x: ArrayLike, centre: float, width: float) -> Floats:
    """A Gaussian of height 1."""
    return np.asarray(np.exp(-(((np.asarray(x, np.float64) - centre) / width) ** 2)))


def unit(vectors: Floats) -> Floats:
    """Vectors (…, 3) of length 1; zero stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


def luminance(colour: Floats) -> Floats:
    """Rec. 709 luma of (…, 3) or (…, 4)."""
    return np.asarray(colour[..., :3] @ np.array([0.2126, 0.7152, 0.0722]))


def turn(axis: int, angle: float) -> Floats:
    """Matrix (3, 3) that rotates about a coordinate axis by ``angle`` radians."""
    c, s = np.cos(angle), np.sin(angle)
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = -s, s
    return matrix
