"""A short crop."""

from __future__ import annotations

import numpy as np

from .hair import Fall, Scalp, comb, grow, ribbons, smooth_lines, taper, trim
from .hairpaint import TILES, paint_strands
from .numbers import Floats, ramp
from .part import Part
from .person import Hair
from .roots import find_fringe, find_roots, outward
from .surface import Surface


def make_crop(hair: Hair, skin: Part, surface: Surface, scalp: Scalp) -> Part:
    """Short at the sides, longer on top, brushed up and to the person's left."""
    rng = np.random.default_rng(8)
    roots, normals = find_roots(skin, scalp, 520, 0.01, 3)
    # The sides are clipped: only the skin's paint shows there, and the shortest hair above it.
    edge, edge_normals = find_fringe(skin, scalp, 54, 4)
    roots, normals = np.concatenate([roots, edge]), np.concatenate([normals, edge_normals])
    long_enough = scalp.local(roots)[:, 1] > 0.20 + 0.12 * rng.random(len(roots))
    roots, normals = roots[long_enough], normals[long_enough]
    q = scalp.local(roots)
    top = ramp(0.46, 0.80, q[:, 1])
    front = ramp(0.30, 0.75, q[:, 2]) * top
    first = np.stack(
        [
            top * (0.50 + 0.15 * front) * ramp(0.62, 0.15, q[:, 0])
            + (1 - top) * 0.05 * np.sign(q[:, 0]),
            0.10 + 0.75 * front - 1.0 * (1 - top),
            0.40 * top * (1 - front) + 0.22 * front - 0.30 * (1 - top),
        ],
        axis=1,
    )
    first += rng.normal(0, 0.16, first.shape)
    first -= 0.75 * (first * normals).sum(axis=1, keepdims=True) * normals
    overhang = ramp(0.20, 0.55, q[:, 0])
    lift = 0.014 + (0.12 * top + 0.08 * front) * (1 - 0.6 * overhang)
    lift = lift + rng.uniform(0, 0.03, len(roots)) * (0.3 + top)

    def height(grown: Floats) -> Floats:
        return 0.012 + (lift - 0.012) * ramp(0.0, 0.25, grown)

    def guide(places: Floats, step: int) -> Floats:
        return np.stack([0.10 * top, 0.09 * top, 0.0 * top], axis=1)

    def clings(places: Floats) -> Floats:
        return np.where((top < 0.5) | (overhang > 0.3), 0.7, 0.25)

    lines = grow(
        roots, first, surface, height, guide, clings, Fall(0.04, 18, stiffness=0.8, weight=0.07)
    )
    length = 0.14 + 0.44 * top + 0.14 * front + rng.uniform(-0.03, 0.05, len(roots))
    lines = trim(lines, np.clip(length / (18 * 0.04), 0, 1), 5)
    lines = smooth_lines(comb(lines, (top > 0.5).astype(np.int64), 0.4), 1)
    width = (0.15 + 0.09 * top[:, None]) * taper(5, 0.85, 0.5)[None]
    width = width * rng.uniform(0.85, 1.15, (len(lines), 1))
    thin = (scalp.inside(roots) < 0.07) | (top < 0.3)
    tiles = np.where(thin, rng.integers(4, 7, len(roots)), rng.integers(0, 4, len(roots)))
    t = np.linspace(0, 1, 5)
    shade = np.clip((0.86 + 0.10 * top[:, None]) * (0.84 + 0.22 * t[None]), 0.3, 1)
    made = ribbons(lines, width, outward(scalp), tiles, TILES, shade, 0.22)
    made.image = paint_strands(hair, roots=0.25, ragged=0.6, seed=4)[::2]
    return made
