"""A solid shell over the scalp, so that no hair lets the background through."""

from __future__ import annotations

import numpy as np

from .hair import Scalp
from .numbers import Floats, unit
from .part import Part


def away_from(scalp: Scalp, places: Floats, normals: Floats) -> Floats:
    """The way (n, 3) in which hair stands off the head."""
    q = scalp.local(places)
    away = unit(np.stack([q[:, 0], q[:, 1] - 0.30, q[:, 2] + 0.02], axis=1))
    return unit(0.6 * away + 0.4 * normals)


def make_shell(skin: Part, scalp: Scalp, wanted: np.ndarray) -> Part:
    """The ``wanted`` vertices (a mask) of the skin; ``normal`` is the way that hair stands off.

    It lies on the skin and has no texture yet.
    """
    shell = Part(
        "hair",
        skin.position.copy(),
        skin.uv.copy(),
        skin.triangles.copy(),
        skin.source.copy(),
        normal=skin.normal.copy(),
    )
    shell.keep_triangles(wanted[skin.triangles].all(axis=1))
    shell.normal = away_from(scalp, shell.position, shell.normal)
    shell.head_share = np.ones(len(shell.position))
    return shell


def refine(shell: Part) -> Part:
    """The same surface with four triangles for each, one vertex a point, and no seams."""
    _, first, point = np.unique(shell.source, return_index=True, return_inverse=True)
    triangles = point[shell.triangles]
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    ends, number = np.unique(edges, axis=0, return_inverse=True)
    between = len(first) + number.reshape(-1, 3)
    corners = np.concatenate([triangles, between], axis=1)
    finer = corners[:, [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]]].reshape(-1, 3)

    def halve(values: Floats) -> Floats:
        own = values[first]
        return np.concatenate([own, own[ends].mean(axis=1)])

    position = halve(shell.position)
    return Part(
        "hair",
        position,
        np.zeros((len(position), 2)),
        finer,
        np.arange(len(position)),
        normal=unit(halve(shell.normal)),
        head_share=np.ones(len(position)),
    )
