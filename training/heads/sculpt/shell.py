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
