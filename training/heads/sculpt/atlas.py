"""The skin's texture: MakeHuman's layout, warped so that the face gets most of the texels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from .numbers import Floats, Ints
from .part import Part

SIDE = 1024
HEAD, TORSO, MOUTH, SOCKET = range(4)
_SOURCE_SIDE = 2048
# Stations along x and y: pixels of the source (of 2048) and of the atlas (of 1024).
_ISLANDS = (
    (([1300, 1560, 1660, 1900, 2046], [2, 200, 420, 860, 1022]),
     ([352, 760, 840, 1278, 1358, 1760], [2, 180, 260, 580, 660, 838])),
    (([240, 1330], [2, 620]), ([20, 760], [846, 1022])),
    (([1540, 1906], [640, 830]), ([1760, 2030], [846, 1022])),
    (([10, 320], [840, 1022]), ([740, 940], [846, 1022])),
)  # fmt: skip
HEAD_ROWS = 842
"""The head's island ends above this row."""
MOUTH_BOX = (slice(842, SIDE), slice(636, 834))
SOCKET_BOX = (slice(842, SIDE), slice(836, SIDE))


@dataclass(frozen=True, eq=False)
class Atlas:
    """Where on the head each of k covered texels is. ``row``, ``column`` (k,)."""

    row: Ints
    column: Ints
    position: Floats
    normal: Floats


def find_regions(part: Part) -> Ints:
    """The island (n,) that each vertex of the skin lies on."""
    middle = part.uv[part.triangles].mean(axis=1)
    x, y = middle[:, 0] * _SOURCE_SIDE, (1 - middle[:, 1]) * _SOURCE_SIDE
    region = np.full(len(middle), TORSO)
    region[(x > 1300) & (y < 1755)] = HEAD
    region[(x > 1530) & (y > 1755)] = MOUTH
    region[(x < 330) & (y > 730) & (y < 950)] = SOCKET
    of_vertex = np.zeros(len(part.uv), np.int64)
    for corner in range(3):
        of_vertex[part.triangles[:, corner]] = region
    return of_vertex


def to_atlas(uv: Floats, region: Ints) -> Floats:
    """Atlas coordinates (n, 2), v down, of MakeHuman's."""
    x, y = uv[:, 0] * _SOURCE_SIDE, (1 - uv[:, 1]) * _SOURCE_SIDE
    place = np.zeros_like(uv)
    for number, ((xs, xa), (ys, ya)) in enumerate(_ISLANDS):
        own = region == number
        place[own, 0] = np.interp(x[own], xs, xa)
        place[own, 1] = np.interp(y[own], ys, ya)
    return place / SIDE


def warp(image: Floats) -> Floats:
    """The source texture (2048, 2048, 3) laid out as the atlas."""
    atlas = np.zeros((SIDE, SIDE, 3))
    at = np.arange(SIDE) + 0.5
    for (xs, xa), (ys, ya) in _ISLANDS:
        columns = slice(max(xa[0] - 2, 0), min(xa[-1] + 2, SIDE))
        rows = slice(max(ya[0] - 2, 0), min(ya[-1] + 2, SIDE))
        x = np.interp(at[columns], xa, xs) - 0.5
        y = np.interp(at[rows], ya, ys) - 0.5
        grid = np.meshgrid(y, x, indexing="ij")
        for channel in range(3):
            atlas[rows, columns, channel] = map_coordinates(
                image[..., channel], grid, order=1, mode="nearest"
            )
    return atlas


def locate(part: Part) -> Atlas:
    """Rasterize the skin into the atlas; ``part.uv`` are atlas coordinates already."""
    position = np.full((SIDE, SIDE, 3), np.nan)
    normal = np.zeros((SIDE, SIDE, 3))
    place = part.uv * SIDE
    for triangle in part.triangles:
        a, b, c = place[triangle]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if abs(area) < 1e-9:
            continue
        low = np.clip(np.floor(np.min([a, b, c], axis=0) - 1).astype(int), 0, SIDE - 1)
        high = np.clip(np.ceil(np.max([a, b, c], axis=0) + 1).astype(int), 0, SIDE - 1)
        x, y = np.meshgrid(
            np.arange(low[0], high[0] + 1) + 0.5, np.arange(low[1], high[1] + 1) + 0.5
        )
        u = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area
        v = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area
        # A texel beyond the edge is filled too, for the filter to find.
        slack = 0.02 + 1.2 / np.sqrt(abs(area)) if abs(area) > 4 else 0.6
        near = (u >= -slack) & (v >= -slack) & (u + v <= 1 + slack)
        box = (slice(low[1], high[1] + 1), slice(low[0], high[0] + 1))
        near &= np.isnan(position[box][..., 0]) | ((u >= 0) & (v >= 0) & (u + v <= 1))
        rows, columns = np.nonzero(near)
        share = np.stack([u[near], v[near]], axis=1).clip(0, 1)
        share = np.column_stack([1 - share.sum(axis=1), share])
        rows, columns = rows + low[1], columns + low[0]
        position[rows, columns] = share @ part.position[triangle]
        normal[rows, columns] = share @ part.normal[triangle]
    row, column = np.nonzero(~np.isnan(position[..., 0]))
    length = np.linalg.norm(normal[row, column], axis=1, keepdims=True)
    return Atlas(row, column, position[row, column], normal[row, column] / (length + 1e-9))
