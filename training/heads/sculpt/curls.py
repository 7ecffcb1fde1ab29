"""Natural curls."""

from __future__ import annotations

import numpy as np

from .hair import Scalp
from .hairpaint import COILS, paint_curls
from .numbers import Floats, ramp, turn, unit
from .part import Part, join
from .person import Hair
from .roots import find_fringe, find_roots
from .shell import away_from, make_shell
from .surface import Surface


def make_curls(hair: Hair, skin: Part, surface: Surface, scalp: Scalp) -> Part:
    """A round natural: tufts of coils over a solid shell."""
    rng = np.random.default_rng(9)
    roots, normals = find_roots(skin, scalp, 400, 0.012, 6)
    edge, edge_normals = find_fringe(skin, scalp, 70, 7)
    roots, normals = np.concatenate([roots, edge]), np.concatenate([normals, edge_normals])
    q = scalp.local(roots)
    free = (q[:, 1] > 0.16) | (q[:, 2] < -0.30) | (np.abs(q[:, 0]) < 0.45)
    roots, normals, q = roots[free], normals[free], q[free]
    depth = scalp.inside(roots)
    full = ramp(0.0, 0.30, depth)
    away = away_from(scalp, roots, normals)
    swell = 0.05 + 0.26 * full * _share(q)
    stands = rng.random(len(roots)) < 0.42
    level = np.where(stands, rng.uniform(0.7, 1.03, len(roots)), rng.uniform(0.6, 0.86, len(roots)))
    centre = roots + away * (swell * level)[:, None]
    size = (0.15 + 0.16 * full) * rng.uniform(0.85, 1.2, len(roots))
    position, uv, triangles, normal, shade = [], [], [], [], []
    corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 1.0
    for k in range(len(roots)):
        lean = rng.normal(0, 1, 3)
        tilt = unit(np.cross(away[k], lean) if stands[k] else away[k] + 0.25 * lean)
        side = unit(np.cross(tilt, [0.2, 1.0, 0.1]))
        up = np.cross(tilt, side)
        spin = turn(2, rng.uniform(0, 2 * np.pi))[:2, :2]
        flat = corner @ spin.T * size[k] * 0.5
        base = len(position) * 4
        place = centre[k] + flat[:, :1] * side + flat[:, 1:] * up
        # Bent like a scale, so that its edge sinks in.
        place -= away[k] * 0.10 * size[k]
        position.append(place)
        row = int(rng.integers(0, 2)) if full[k] > 0.6 else int(rng.integers(1, 3))
        column = int(rng.integers(0, COILS))
        tile = (np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * 0.96 + 0.02 + [column, row]) / [
            COILS,
            4,
        ]
        uv.append(tile)
        triangles += [(base, base + 1, base + 2), (base, base + 2, base + 3)]
        spread_out = unit(away[k] + 0.5 * (place - centre[k]) / size[k])
        normal.append(spread_out)
        light = 0.45 + 0.55 * ramp(0.5, 1.05, level[k])
        shade.append(np.full(4, light))
    tufts = Part(
        "hair",
        np.concatenate(position),
        np.concatenate(uv),
        np.array(triangles, np.int64),
        np.arange(4 * len(roots)),
        normal=np.concatenate(normal),
        occlusion=np.concatenate(shade),
        head_share=np.ones(4 * len(roots)),
    )
    made = join([_shell(skin, scalp), tufts])
    made.image = paint_curls(hair, seed=7)
    return made


def _share(q: Floats) -> Floats:
    """How far hair stands off (n,): less on top, or a wide picture would cut it off, and below."""
    return (1 - 0.30 * ramp(0.55, 1.05, q[:, 1])) * (1 - 0.35 * ramp(0.1, -0.6, q[:, 1]))


def _shell(skin: Part, scalp: Scalp) -> Part:
    """The scalp, swollen to just below the tufts."""
    shell = make_shell(skin, scalp, scalp.inside(skin.position) > 0.0)
    q = scalp.local(shell.position)
    full = ramp(0.0, 0.30, scalp.inside(shell.position))
    swell = -0.01 + 0.19 * full * _share(q)
    shell.position = shell.position + shell.normal * swell[:, None]
    # The solid tile, laid over the head by direction.
    around = np.arctan2(q[:, 0], q[:, 2]) / (2 * np.pi)
    u = np.abs((around * 3) % 2 - 1)
    v = np.abs((q[:, 1] * 1.2) % 2 - 1)
    shell.uv = np.stack([(COILS - 1 + 0.05 + 0.9 * u) / COILS, (3 + 0.05 + 0.9 * v) / 4], axis=1)
    shell.occlusion = np.full(len(shell.position), 0.5)
    return shell
