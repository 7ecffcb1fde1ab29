"""Natural curls."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from .hair import Scalp
from .hairpaint import AGAIN, CAP, TUFTS, paint_curls
from .numbers import Floats, ramp, turn, unit
from .part import Part, join, smooth_normals
from .person import Hair
from .roots import find_fringe, find_roots
from .shell import away_from, make_shell, refine
from .surface import Surface, spread

_FRONT: Final = np.array([0.0, 0.0, 1.0])
_RIM: Final = (-0.55, 0.45)
"""How far hair may point at the viewer, of 1, where it is an outline when the head is turned."""
_BEHIND: Final = -0.15
_STANDING: Final = np.array(
    [(-1, -0.7), (1, -0.7), (1, 0.35), (0.45, 1), (-0.45, 1), (-1, 0.35)], np.float64
)
"""Of a tuft no more than stands out of the cap, and what its corners lack."""
_LYING: Final = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
_PATCH: Final = 2.4
"""Decimetres of the head that the texture's coils cover."""
_CLUMPS: Final = 230
_CLUMP: Final = 0.13
"""Half of a clump's width."""


def make_curls(hair: Hair, skin: Part, surface: Surface, scalp: Scalp) -> Part:
    """A round natural: a solid cap of clumps, and tufts of coils where it has an outline."""
    rng = np.random.default_rng(9)
    roots, normals = find_roots(skin, scalp, 340, 0.012, 6)
    edge, edge_normals = find_fringe(skin, scalp, 70, 7)
    fringe = np.arange(len(roots) + len(edge)) >= len(roots)
    roots, normals = np.concatenate([roots, edge]), np.concatenate([normals, edge_normals])
    q, away = scalp.local(roots), away_from(scalp, roots, normals)
    free = (q[:, 1] > 0.16) | (q[:, 2] < -0.30) | (np.abs(q[:, 0]) < 0.45)
    # Down the neck tufts would stand alone beside it.
    free &= (q[:, 1] > -0.62) & ((q[:, 1] > -0.40) | (q[:, 2] < -0.40))
    # Before the ears they would stand out beyond the cheek of a head that is turned.
    free &= (q[:, 1] > 0.25) | (q[:, 2] < 0.12) | fringe
    faces = away @ _FRONT
    rim = (faces > _RIM[0]) & (faces < _RIM[1])
    own = free & (rim | fringe | (scalp.inside(roots) < 0.10))
    roots, away, q, rim, faces = roots[own], away[own], q[own], rim[own], faces[own]
    full = ramp(0.0, 0.30, scalp.inside(roots))
    stands = rim & (full > 0.3)
    count = len(roots)
    level = np.where(stands, rng.uniform(0.82, 1.02, count), rng.uniform(0.7, 0.9, count))
    swell = 0.05 + 0.27 * full * _share(q)
    centre = roots + away * (swell * level)[:, None]
    size = (0.15 + 0.11 * full * _share(q)) * rng.uniform(0.85, 1.2, count)
    # An outline's tufts show their broad side.
    broad = unit(_FRONT - (away @ _FRONT)[:, None] * away + rng.normal(0, 0.35, (count, 3)))
    flat = unit(away + 0.25 * rng.normal(0, 1, (count, 3)))
    tilt = np.where(stands[:, None], broad, flat)
    light = 0.45 + 0.55 * ramp(0.5, 1.05, level)
    tiles = rng.integers(0, TUFTS, count)
    pieces = [_cap(skin, scalp)]
    hidden = stands & (faces < _BEHIND)
    for kind, shape, spin in (
        (stands & ~hidden, _STANDING, 0.15),
        (hidden, np.maximum(_STANDING, [-1, -0.4]), 0.15),
        (~stands, _LYING, np.pi),
    ):
        turns = rng.uniform(-spin, spin, int(kind.sum()))
        pieces.append(
            _tufts(shape, centre[kind], away[kind], tilt[kind], size[kind], tiles[kind], turns)
        )
        pieces[-1].occlusion = np.repeat(light[kind], len(shape))
    made = join(pieces)
    made.image = paint_curls(hair, seed=7)
    return made


def _tufts(
    shape: Floats,
    centre: Floats,
    away: Floats,
    tilt: Floats,
    size: Floats,
    tiles: np.ndarray,
    turns: Floats,
) -> Part:
    """Tufts that face ``tilt`` (n, 3) and are ``size`` (n,) wide, each a convex ``shape`` (k, 2)
    in -1..1 of one of the tiles, its top outwards but for ``turns`` (n,) radians."""
    position, uv, normal = [], [], []
    for k in range(len(centre)):
        # What lies flat has no top: any way will do.
        top = away[k] + np.array([0.01, 0.02, 0.0])
        side = unit(np.cross(top, tilt[k]))
        up = unit(np.cross(tilt[k], side))
        flat = shape @ turn(2, turns[k])[:2, :2].T * size[k] * 0.5
        place = centre[k] + flat[:, :1] * side + flat[:, 1:] * up
        # Bent like a scale, so that its edge sinks in.
        place -= away[k] * 0.10 * size[k]
        position.append(place)
        row, column = divmod(int(tiles[k]), 2)
        inside = (shape * [1, -1] * 0.96 + 1) / 2
        tile = inside + np.array([column, row])
        uv.append(np.array([CAP, 0.0]) + tile * [(1 - CAP) / 2, 2 / TUFTS])
        normal.append(unit(away[k] + 0.5 * (place - centre[k]) / size[k]))
    corners = len(shape)
    fan = np.array([[0, k, k + 1] for k in range(1, corners - 1)])
    first = np.arange(len(centre))[:, None, None] * corners
    return Part(
        "hair",
        np.concatenate(position),
        np.concatenate(uv),
        (first + fan).reshape(-1, 3),
        np.arange(corners * len(centre)),
        normal=np.concatenate(normal),
        head_share=np.ones(corners * len(centre)),
    )


def _share(q: Floats) -> Floats:
    """How far hair stands off (n,): less on top and below."""
    return (1 - 0.30 * ramp(0.55, 1.05, q[:, 1])) * (1 - 0.35 * ramp(0.1, -0.6, q[:, 1]))


def _cap(skin: Part, scalp: Scalp) -> Part:
    """The scalp, swollen to just below the tufts, in clumps that throw shade on one another."""
    cap = refine(make_shell(skin, scalp, scalp.inside(skin.position) > 0.0))
    q, away = scalp.local(cap.position), cap.normal
    full = ramp(0.0, 0.30, scalp.inside(cap.position))
    middles = cap.position[spread(cap.position, _CLUMPS)]
    middles = middles + np.random.default_rng(3).normal(0, 0.03, middles.shape)
    distance = cKDTree(middles).query(cap.position)[0]
    high = np.clip(1 - (distance / _CLUMP) ** 2, 0, 1)
    swell = -0.01 + (0.21 * _share(q) + 0.05 * high) * full
    cap.position = cap.position + away * swell[:, None]
    normal = smooth_normals(cap.position, cap.triangles, cap.source)
    # Hair scatters: its light changes less from place to place than that of a smooth thing.
    cap.normal = unit(0.5 * normal + 0.6 * away)
    cap.occlusion = 0.60 + 0.36 * high * (0.4 + 0.6 * full)
    return _cover(cap, _around(q, swell))


def _around(q: Floats, swell: Floats) -> Floats:
    """Decimetres (n, 2) on the head from the middle of the front, as on a map about its pole.

    Where the cap rises from the skin by ``swell`` (n,), the way is longer by that much.
    """
    way = unit(q - np.array([0.0, 0.15, 0.0]))
    pole = unit(np.array([0.0, 0.45, 1.0]))
    up = np.array([0.0, pole[2], -pole[1]])
    angle = np.arccos(np.clip(way @ pole, -1, 1))
    x, y = way[:, 0], way @ up
    far = (0.9 * angle + swell) / np.maximum(np.hypot(x, y), 1e-6)
    return np.stack([far * x, -far * y], axis=1)


def _cover(cap: Part, places: Floats) -> Part:
    """The cap under coils that repeat: where they do, its vertices are there twice."""
    again = AGAIN * _PATCH
    cell = np.floor(places[cap.triangles].min(axis=1) / again).astype(np.int64)
    corners = np.concatenate(
        [cap.triangles[..., None], np.repeat(cell[:, None], 3, axis=1)], axis=2
    ).reshape(-1, 3)
    used, number = np.unique(corners, axis=0, return_inverse=True)
    vertex = used[:, 0]
    # Behind the head, which no picture shows, the map is torn.
    at = np.clip((places[vertex] - used[:, 1:] * again) / _PATCH, 0.01, 0.99)
    return Part(
        "hair",
        cap.position[vertex],
        at * [CAP, 1.0],
        number.reshape(-1, 3),
        vertex,
        normal=cap.normal[vertex],
        occlusion=cap.occlusion[vertex],
        head_share=cap.head_share[vertex],
    )
