"""Normals where a file has none, and how they turn when a morph target moves the surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.head import Floats, Ints


def smooth_normals(position: Floats, triangles: Ints) -> Floats:
    """Unit normals (n, 3), weighted by area; the same on both sides of a seam."""
    return Surface(position, triangles).normals()


class Surface:
    """A mesh whose vertices in one place count as one."""

    def __init__(self, position: Floats, triangles: Ints) -> None:
        self._position, self._triangles = position, triangles
        size = max(float(np.ptp(position, axis=0).max()), 1e-9)
        cells = np.round(position / (size * 1e-6)).astype(np.int64)
        _, self._weld = np.unique(cells, axis=0, return_inverse=True)
        self._weld = self._weld.ravel()
        self._sum = np.zeros((int(self._weld.max()) + 1, 3))
        self._add(self._sum, triangles, position, 1.0)

    def normals(self) -> Floats:
        """Of all vertices, at rest."""
        return _unit(self._sum)[self._weld].astype(np.float32)

    def turned(self, rows: NDArray[np.int64], shift: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Vertices (k,) whose normals change when ``rows`` move by ``shift``, and by how much."""
        moved = self._position.copy()
        moved[rows] += shift
        displaced = np.zeros(len(moved), np.bool_)
        displaced[rows] = True
        around = self._triangles[displaced[self._triangles].any(axis=1)]
        total = self._sum.copy()
        self._add(total, around, self._position, -1.0)
        self._add(total, around, moved, 1.0)
        touched = np.unique(around).astype(np.int64)
        weld = self._weld[touched]
        return touched, (_unit(total[weld]) - _unit(self._sum[weld])).astype(np.float32)

    def _add(
        self, total: NDArray[np.float64], triangles: Ints, position: Floats, sign: float
    ) -> None:
        a, b, c = (position[triangles[:, corner]].astype(np.float64) for corner in range(3))
        face = np.cross(b - a, c - a) * sign
        for corner in range(3):
            weld = self._weld[triangles[:, corner]]
            for axis in range(3):
                total[:, axis] += np.bincount(weld, face[:, axis], len(total))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 1e-20, vectors / np.maximum(length, 1e-20), [0.0, 0.0, 1.0])
