"""A sheet of strands that lie side by side, and locks that come loose of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter

from .numbers import Floats, ramp, unit
from .part import Part, smooth_normals
from .surface import Surface

_NEAR = 0.006
"""Decimetres by which what lies on a sheet is above it."""
Guide = Sequence[tuple[float, float, float]]
"""Places along one strand, from root to tip, in decimetres."""


def along(rows: int) -> Floats:
    """Where the rows of a strand lie, 0..1: closer at the root, where it bends. As ``ribbons``."""
    return np.asarray(np.linspace(0, 1, rows) ** 1.2)


def weave(guides: Sequence[Guide], at: Sequence[float], columns: Floats, rows: int) -> Floats:
    """Strands (n, rows, 3) at ``columns`` (n,) in 0..1, between guides that stand at ``at``."""
    t = along(rows)
    lines = []
    for guide in guides:
        points = np.array(guide)
        grown = np.concatenate([[0], np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum()])
        lines.append(CubicSpline(grown / grown[-1], points)(t))
    return np.asarray(PchipInterpolator(at, np.stack(lines), axis=0)(columns))


def shorten(lines: Floats, end: Floats, begin: Floats | float = 0.0) -> Floats:
    """Strands (n, rows, 3) from the share ``begin`` (n,) of their rows to ``end``, 1 or beyond."""
    t = along(lines.shape[1])
    at = begin + (end - begin) * t[:, None]
    return np.stack(
        [CubicSpline(t, line)(places) for line, places in zip(lines, at.T, strict=True)]
    )


def keep_off(lines: Floats, surface: Surface, least: Floats) -> Floats:
    """Strands pushed out to the distance ``least`` (n, rows) of a surface, evenly."""
    out = lines.copy()
    for _ in range(4):
        distance, normal = surface.meet(out.reshape(-1, 3))
        short = np.maximum(least - distance.reshape(least.shape), 0)
        short = gaussian_filter(short, 1, mode="nearest")
        out += normal.reshape(out.shape) * short[..., None]
    return out


def lock_noise(rng: np.random.Generator, shape: tuple[int, int], wide: float) -> Floats:
    """Noise (n, rows) of deviation 1 that changes across strands, and slowly along them."""
    noise = gaussian_filter(rng.normal(size=shape), (wide, 7.0), mode="nearest")
    return np.asarray(noise / noise.std())


def make_drape(lines: Floats, columns: Floats, shade: Floats, out: Floats, width: float) -> Part:
    """The surface through strands (n, rows, 3).

    ``columns`` (n,): where each stands in the sheet's image, which takes the share ``width`` of
    the texture from its left; ``shade`` (n, rows): what light reaches a place; ``out``
    (n, rows, 3): the side that is seen.
    """
    count, rows = lines.shape[:2]
    t = along(rows)
    u, v = np.broadcast_arrays(columns[:, None] * width, (0.004 + 0.992 * t)[None])
    first = (np.arange(count - 1)[:, None] * rows + np.arange(rows - 1)[None]).reshape(-1)
    quads = first[:, None] + np.array([0, rows, rows + 1, 1])
    triangles = quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3).astype(np.int64)
    total = count * rows
    normal = smooth_normals(lines.reshape(-1, 3), triangles, np.arange(total))
    away = out.reshape(-1, 3)
    normal *= np.where((normal * away).sum(axis=1) < 0, -1.0, 1.0)[:, None]
    return Part(
        "hair",
        lines.reshape(-1, 3),
        np.stack([u.reshape(-1), v.reshape(-1)], axis=1),
        triangles,
        np.arange(total),
        # Hair scatters: its light changes less from place to place than that of a smooth thing.
        normal=unit(normal + 0.35 * away),
        occlusion=shade.reshape(-1),
        head_share=np.ones(total),
    )


def loosen(
    lines: Floats, outward: Callable[[Floats], Floats], lift: Floats, rng: np.random.Generator
) -> Floats:
    """Strands that lie on the sheet and leave it towards their tips, by ``lift`` (n,)."""
    t = along(lines.shape[1])[None, :, None]
    away = outward(lines.reshape(-1, 3)).reshape(lines.shape)
    aside = unit(np.cross(unit(np.gradient(lines, axis=1)), away))
    swing = rng.normal(0, 0.6, (len(lines), 1, 1)) * ramp(0.2, 1.0, t)
    # Any further off, they would show as dotted lines beside the outline.
    off = _NEAR * ramp(0.0, 0.15, t) + lift[:, None, None] * ramp(0.6, 1.0, t)
    return np.asarray(lines + off * away + lift[:, None, None] * swing * aside)
