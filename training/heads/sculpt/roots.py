"""Where strands start, and which way is out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .hair import Scalp
from .numbers import Floats, unit
from .part import Part
from .surface import sample, spread


def find_roots(
    skin: Part, scalp: Scalp, count: int, least: float, seed: int
) -> tuple[Floats, Floats]:
    """Places (count, 3) and normals, evenly over the scalp at ``least`` inside the hairline."""
    rng = np.random.default_rng(seed)
    points, normals = sample(skin, 40_000, rng)
    own = np.flatnonzero(scalp.inside(points) > least)
    chosen = own[spread(points[own], count)]
    return points[chosen], normals[chosen]


def find_fringe(skin: Part, scalp: Scalp, count: int, seed: int) -> tuple[Floats, Floats]:
    """Places (count, 3) and normals along the hairline of the face, for its softness."""
    rng = np.random.default_rng(seed)
    points, normals = sample(skin, 60_000, rng)
    depth, q = scalp.inside(points), scalp.local(points)
    own = np.flatnonzero((depth > 0.0) & (depth < 0.035) & (q[:, 1] > 0.1) & (q[:, 2] > 0.1))
    chosen = own[spread(points[own], count)]
    return points[chosen], normals[chosen]


def outward(scalp: Scalp) -> Callable[[Floats], Floats]:
    """Away from the head, and from the axis of the neck below it."""

    def direction(places: Floats) -> Floats:
        q = scalp.local(places)
        centre = np.stack([q[:, 0], np.maximum(q[:, 1] - 0.25, 0), q[:, 2] + 0.05], axis=1)
        return unit(centre)

    return direction
