"""What weights do to the lips of a head: its mesh, measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render import Head
from visavis.protocol import ARKIT_NAMES

Points = NDArray[np.float64]


class Lips:
    """Pairs of vertices of the upper and the lower lip that touch at rest."""

    def __init__(self, head: Head) -> None:
        self._head = head
        rest = self._shape(np.zeros(52))
        skin = head.vertex_part == head.part_names.index("skin")
        up, down, jaw = (
            self._shape(_one(name))[:, 1] - rest[:, 1]
            for name in ("mouthUpperUp", "mouthLowerDown", "jawOpen")
        )
        upper = np.flatnonzero(skin & (up > 0.4 * up.max()) & (jaw > 0.25 * jaw.min()))
        lower = np.flatnonzero(skin & (down < 0.4 * down.min()) & (jaw < 0.35 * jaw.min()))
        apart = np.linalg.norm(rest[upper][:, None] - rest[lower][None], axis=2)
        near = apart.min(axis=1) < 0.003
        assert near.sum() > 50
        self._upper, self._lower = upper[near], lower[apart.argmin(axis=1)[near]]
        # The gap is linear in the weights: one row of it for each.
        self._rows = np.array([self._gap(self._shape(row) - rest) for row in np.eye(52)])

    def gap(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Millimetres between the lips, where they are farthest apart: (t, 52) → (t,)."""
        widest: NDArray[np.float64] = (weights @ self._rows).max(axis=1)
        return widest

    def _gap(self, moved: Points) -> NDArray[np.float64]:
        apart: NDArray[np.float64] = 1_000 * (moved[self._upper, 1] - moved[self._lower, 1])
        return apart

    def _shape(self, weights: NDArray[np.float64]) -> Points:
        head = self._head
        shape = head.base[:, :3].astype(np.float64)
        for target in np.flatnonzero(weights):
            rows = slice(head.morph_start[target], head.morph_start[target + 1])
            np.add.at(shape, head.morph_vertex[rows], weights[target] * head.morph_delta[rows, :3])
        return shape


def _one(name: str) -> NDArray[np.float64]:
    """Full weight of ``name``, on both sides."""
    sides = (name, f"{name}Left", f"{name}Right")
    return np.array([float(arkit in sides) for arkit in ARKIT_NAMES])
