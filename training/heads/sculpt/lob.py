"""A parted long bob."""

from __future__ import annotations

import numpy as np

from .hair import Fall, Scalp, comb, grow, ribbons, smooth_lines, taper, trim
from .hairpaint import SOLID, TILES, paint_strands
from .numbers import Floats, ramp, unit
from .part import Part
from .person import Hair
from .roots import find_fringe, find_roots, outward
from .surface import Surface


def make_lob(hair: Hair, skin: Part, surface: Surface, scalp: Scalp) -> Part:
    """Parted on the person's left, to below the chin, ends turned in."""
    rng = np.random.default_rng(5)
    roots, normals = find_roots(skin, scalp, 170, 0.03, 1)
    edge, edge_normals = find_fringe(skin, scalp, 46, 2)
    wispy = np.arange(len(roots) + len(edge)) >= len(roots)
    roots, normals = np.concatenate([roots, edge]), np.concatenate([normals, edge_normals])
    q = scalp.local(roots)
    part_at = 0.17
    side = np.where(q[:, 0] > part_at * ramp(-0.9, 0.3, q[:, 2]), 1.0, -1.0)
    top = ramp(0.45, 0.85, q[:, 1])
    front = ramp(0.25, 0.75, q[:, 2])
    first = np.stack(
        [
            side * (0.35 + 0.75 * top),
            (0.16 + 0.10 * (1 - front)) * top - 0.9 * (1 - top),
            -0.25 - 0.25 * front + 0.1 * (1 - top),
        ],
        axis=1,
    )
    first += rng.normal(0, 0.06, first.shape)
    first -= 0.8 * (first * normals).sum(axis=1, keepdims=True) * normals
    rank = ramp(-0.6, 1.0, q[:, 1])
    lift = 0.05 + 0.14 * rank - 0.03 * wispy + rng.uniform(-0.012, 0.02, len(roots))

    # Strands at the parting begin a little beyond it, or the crown would gape.
    beside = np.exp(-(((q[:, 0] - part_at) / 0.20) ** 2)) * top
    start = roots + normals * (0.02 + 0.05 * top * (1 - beside))[:, None]
    start[:, 0] -= 0.22 * side * beside

    def height(grown: Floats) -> Floats:
        root = 0.02 + 0.05 * top * (1 - beside)
        return root + (lift - root) * ramp(0.0, 0.40, grown)

    def guide(places: Floats, step: int) -> Floats:
        p = scalp.local(places)
        pull = np.zeros_like(places)
        # Past the face, never across it.
        face = np.interp(
            p[:, 1],
            [-1.6, -1.0, -0.7, -0.3, 0.1, 0.4, 0.62, 0.8],
            [0.5, 0.56, 0.68, 0.76, 0.78, 0.72, 0.60, 0.2],
        )
        ahead = ramp(0.10, 0.35, p[:, 2])
        inside = np.clip(face - side * p[:, 0], 0, 0.4) * ahead
        pull[:, 0] += side * inside * 1.4
        pull[:, 2] -= inside * 0.9
        # Turned in towards the neck at the ends.
        ends = ramp(-0.75, -1.15, p[:, 1])
        pull[:, 0] -= 0.10 * ends * np.sign(p[:, 0]) * ramp(0.2, 0.5, np.abs(p[:, 0]))
        pull[:, 2] += 0.06 * ends * ramp(-0.2, -0.5, p[:, 2])
        return pull

    def clings(places: Floats) -> Floats:
        return 0.5 * ramp(-0.55, -0.25, scalp.local(places)[:, 1])

    lines = grow(start, first, surface, height, guide, clings, Fall(stiffness=0.78, weight=0.11))
    low = scalp.eye_line - 1.27 + rng.uniform(-0.07, 0.10, len(roots))
    below = lines[..., 1] < low[:, None]
    steps = lines.shape[1] - 1
    keep = np.where(below.any(axis=1), below.argmax(axis=1), steps) / steps
    lines = trim(lines, keep, 10)
    # A strand that slipped under the jaw would show in the open mouth.
    p = scalp.local(lines.reshape(-1, 3)).reshape(lines.shape)
    lost = (np.abs(p[..., 0]) < 0.44) & (p[..., 2] > -0.30) & (p[..., 1] < 0.1)
    well = ~lost.any(axis=1)
    lines, side, wispy, rank = lines[well], side[well], wispy[well], rank[well]
    lines = comb(lines, side.astype(np.int64), 0.55)
    lines = smooth_lines(lines, 3)
    lines = _wave(lines, scalp, rng, 0.045)
    points = lines.shape[1]
    width = (
        0.34
        * np.where(wispy, 0.6, 1.0)[:, None]
        * taper(points, 0.65, 0.5)[None]
        * rng.uniform(0.85, 1.15, (len(lines), 1))
    )
    # The nearest to the face are thin, those below are dense.
    soft = np.where(wispy, rng.integers(3, 6, len(lines)), rng.integers(2, 5, len(lines)))
    on_top = wispy | ((rank > 0.75) & (rng.random(len(lines)) < 0.3))
    tiles = np.where(on_top, soft, rng.integers(0, SOLID, len(lines)))
    shade = _depth_shade(lines, surface, rank)
    made = ribbons(lines, width, outward(scalp), tiles, TILES, shade)
    made.image = paint_strands(hair, roots=0.07, ragged=0.30, seed=2)
    return made


def _wave(lines: Floats, scalp: Scalp, rng: np.random.Generator, size: float) -> Floats:
    """Locks swing out and in on their way down, neighbours nearly alike."""
    q = scalp.local(lines[:, 0])
    phase = 2.2 * np.arctan2(q[:, 0], q[:, 2]) + 1.5 * q[:, 1] + rng.normal(0, 0.5, len(lines))
    t = np.linspace(0, 1, lines.shape[1])[None]
    swing = size * ramp(0.25, 0.75, t) * np.sin(2 * np.pi * 1.35 * t + phase[:, None])
    away = scalp.local(lines.reshape(-1, 3)).reshape(lines.shape) * [1, 0, 1]
    turned = np.stack([-away[..., 2], away[..., 1], away[..., 0]], axis=-1)
    return np.asarray(lines + swing[..., None] * unit(0.8 * unit(away) + 0.6 * unit(turned)))


def _depth_shade(lines: Floats, surface: Surface, rank: Floats) -> Floats:
    """Hair beneath hair is darker; so is what lies against the neck."""
    points = lines.shape[1]
    t = np.linspace(0, 1, points)
    q = lines.reshape(-1, 3)
    distance = surface.meet(q)[0].reshape(lines.shape[:2])
    near = 1 - ramp(0.03, 0.17, distance)
    base = 0.76 + 0.24 * rank[:, None]
    return np.asarray(np.clip(base * (1 - 0.28 * near * ramp(0.15, 0.5, t)), 0.3, 1))
