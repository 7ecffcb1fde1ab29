"""A short crop."""

from __future__ import annotations

import numpy as np

from .hair import Fall, Scalp, comb, grow, ribbons, smooth_lines, taper, trim
from .hairpaint import LOCKS, SHEET, TILES, paint_strands
from .numbers import Floats, ramp
from .part import Part, join
from .person import Hair
from .roots import find_fringe, find_roots, outward
from .shell import make_shell, refine
from .surface import Surface

CLIPPED = 0.40
"""Height above the eyes up to which the sides are clipped: only the skin's paint shows there."""


def make_crop(hair: Hair, skin: Part, surface: Surface, scalp: Scalp) -> Part:
    """Clipped at the sides, longer on top, brushed up and to the person's left."""
    rng = np.random.default_rng(8)
    roots, normals = find_roots(skin, scalp, 500, 0.01, 3)
    edge, edge_normals = find_fringe(skin, scalp, 60, 4)
    wispy = np.arange(len(roots) + len(edge)) >= len(roots)
    roots, normals = np.concatenate([roots, edge]), np.concatenate([normals, edge_normals])
    height_ = scalp.local(roots)[:, 1]
    long_enough = height_ > CLIPPED + 0.20 + 0.10 * rng.random(len(roots))
    # At the temples single locks would look like patches, and the background would show between.
    aside = np.abs(scalp.local(roots)[:, 0])
    loose = aside < np.where(wispy, 0.38, 0.20)
    least = np.where(loose, 0.0, 0.06 + 0.18 * ramp(0.25, 0.42, aside))
    long_enough &= (scalp.inside(roots) > least) & ((aside < 0.36) | (height_ > 0.76))
    roots, normals, wispy = roots[long_enough], normals[long_enough], wispy[long_enough]
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
    first += rng.normal(0, 0.14, first.shape)
    first -= 0.75 * (first * normals).sum(axis=1, keepdims=True) * normals
    overhang = ramp(0.20, 0.55, q[:, 0])
    # On the right it lies close, or one would see below what is brushed up from there.
    close = ramp(-0.10, -0.40, q[:, 0])
    lift = 0.014 + (0.11 * top + 0.08 * front * (1 - close)) * (1 - 0.6 * overhang)
    lift += 0.014 * close * top
    lift = lift + rng.uniform(0, 0.03, len(roots)) * (0.2 + top)

    def height(grown: Floats) -> Floats:
        return 0.012 + (lift - 0.012) * ramp(0.0, 0.25, grown)

    def guide(places: Floats, step: int) -> Floats:
        return np.stack([0.10 * top, 0.09 * top, 0.0 * top], axis=1)

    def clings(places: Floats) -> Floats:
        return np.where((top < 0.5) | (overhang > 0.3) | (close > 0.3), 0.7, 0.25)

    lines = grow(
        roots, first, surface, height, guide, clings, Fall(0.04, 18, stiffness=0.8, weight=0.07)
    )
    length = (
        0.16
        + 0.42 * top * (1 - 0.6 * overhang)
        + 0.14 * front
        + rng.uniform(-0.03, 0.05, len(roots))
    )
    lines = trim(lines, np.clip(length / (18 * 0.04), 0, 1), 5)
    lines = smooth_lines(comb(lines, (top > 0.5).astype(np.int64), 0.4), 1)
    width = (0.08 + 0.13 * top[:, None]) * taper(5, 0.85, 0.4)[None]
    width = width * rng.uniform(0.8, 1.2, (len(lines), 1)) * np.where(wispy, 0.7, 1.0)[:, None]
    thin = wispy | (top < 0.3) | (rng.random(len(lines)) < 0.2)
    tiles = np.where(thin, rng.integers(2, 5, len(roots)), rng.integers(0, 3, len(roots)))
    tiles = np.where(wispy, rng.integers(3, LOCKS, len(roots)), tiles)
    t = np.linspace(0, 1, 5)
    shade = np.clip((0.86 + 0.10 * top[:, None]) * (0.84 + 0.22 * t[None]), 0.3, 1)
    cards = ribbons(lines, width, outward(scalp), TILES - LOCKS + tiles, TILES, shade, crisp=0.22)
    made = join([_shell(skin, scalp), cards])
    made.image = paint_strands(hair, ring=0.40, thin_edge=False, seed=4)[::2]
    return made


def _shell(skin: Part, scalp: Scalp) -> Part:
    """What shows between the locks: hair that lies on the scalp, from the right to the left."""
    q = scalp.local(skin.position)
    wanted = (scalp.inside(skin.position) > -0.22) & (q[:, 1] > CLIPPED - 0.1)
    # It begins below the skin and finer than it: a border of triangles would show corners.
    shell = refine(make_shell(skin, scalp, wanted))
    q = scalp.local(shell.position)
    top = ramp(0.46, 0.85, q[:, 1]) * ramp(0.0, 0.20, scalp.inside(shell.position))
    edge = ramp(0.0, 0.16, scalp.inside(shell.position))
    swell = -0.012 + 0.02 * ramp(CLIPPED, 0.5, q[:, 1]) * edge + 0.125 * top
    shell.position = shell.position + shell.normal * swell[:, None]
    across = np.clip((q[:, 2] + 0.25 * q[:, 0] + 1.2) / 2.4, 0.01, 0.99)
    along = np.clip(0.5 + np.arctan2(q[:, 0], q[:, 1] - 0.1) / 3.6, 0.01, 0.99)
    shell.uv = np.stack([across * SHEET * 0.99, along], axis=1)
    shell.occlusion = 0.60 + 0.20 * top - 0.30 * (1 - edge)
    return shell
