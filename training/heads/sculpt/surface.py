"""The surface of head, neck and garment as hair meets it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from .numbers import Floats, unit
from .part import Part

_SAMPLES = 80_000
_NEAREST = 8


def sample(part: Part, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Points and normals (count, 3), spread evenly by area."""
    corners = part.position[part.triangles]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    chosen = rng.choice(len(area), count, p=area / area.sum())
    u, v = rng.random((2, count))
    flip = u + v > 1
    u[flip], v[flip] = 1 - u[flip], 1 - v[flip]
    share = np.stack([1 - u - v, u, v], axis=1)
    place = np.einsum("nk,nkc->nc", share, corners[chosen])
    normal = np.einsum("nk,nkc->nc", share, part.normal[part.triangles[chosen]])
    return place, unit(normal)


class Surface:
    """Distances from a surface, positive outside."""

    def __init__(self, parts: Sequence[Part], seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        sets = [sample(part, _SAMPLES // len(parts), rng) for part in parts]
        self._points = np.concatenate([points for points, _ in sets])
        self._normals = np.concatenate([normals for _, normals in sets])
        self._tree = cKDTree(self._points)

    def meet(self, places: Floats) -> tuple[Floats, Floats]:
        """Signed distance (n,) and the direction away from the surface (n, 3)."""
        distance, index = self._tree.query(places, k=_NEAREST)
        weight = 1 / (distance + 0.01)
        weight /= weight.sum(axis=1, keepdims=True)
        normal = unit((self._normals[index] * weight[..., None]).sum(axis=1))
        point = (self._points[index] * weight[..., None]).sum(axis=1)
        return ((places - point) * normal).sum(axis=1), normal


def spread(points: Floats, count: int) -> np.ndarray:
    """Numbers of ``count`` of the points, each as far from those before as can be."""
    chosen = [0]
    distance = np.linalg.norm(points - points[0], axis=1)
    for _ in range(count - 1):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen)
