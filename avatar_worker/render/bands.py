"""Which triangles each band of a picture shows."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .blocks import REACH
from .jit import Scalar, helper, kernel
from .raster import HIGH, TWO_SIDED, WIDE

_ZERO: Final = np.float32(0)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_EDGE: Final = np.float32(1.001)
_NEXT: Final = np.uintp(1)
_SLIVER: Final = np.float32(1e-5)
"""Twice the area in pixels of a triangle too thin to be told from a line."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@helper
def _in_texels(place: Scalar, size: Scalar) -> Scalar:
    """From 0..1 to texels, so that there is always a next one."""
    return min(max(place * size - _HALF, _ZERO), size - _EDGE)


@kernel
def sort_triangles(
    triangles: Ints,
    first: int,
    last: int,
    surface: Bytes,
    screen: Floats,
    area: tuple[int, int, int, int],
    band: int,
    begins: Ints,
    extents: Floats,
    order: Ints,
    span: Ints,
    uv: Floats,
    planes: Floats,
    numbers: Ints,
) -> int:
    """List which of the triangles ``first:last`` may be seen in each band of ``area``.

    ``area`` is x0, y0, x1, y1; a band is ``band`` rows of the picture, the first one with y0 in it.
    Those of band b, in their order, are ``order[begins[b]:begins[b + 1]]``; ``extents`` (bands, 2)
    has the least and the greatest x of each, ``span`` (m, 2) their first and last band. Writes
    ``planes`` (m, 16): the slopes d(b1)/dx, d(b1)/dy, d(b2)/dx, d(b2)/dy of the barycentric
    coordinates, x and y of the corner where both are 0; and, in texels, the column at that corner,
    d(column)/d(b1), d(column)/d(b2), and the same of the row. The last four are left as they are:
    as int32, ``numbers``, they hold where the triangle's texels begin, their width and height, and
    where their ``coverage`` begins (see :class:`Head`). Returns how long ``order`` has to be; where
    it is shorter, nothing is listed.
    """
    left, top = np.float32(area[0]), np.float32(area[1])
    right, bottom = np.float32(area[2]), np.float32(area[3])
    scale = _ONE / np.float32(band)
    above = area[1] // band * band
    end = np.int32((area[3] - above - 1) // band)
    begins[: end + 2] = 0
    extents[: end + 1, 0] = np.inf
    extents[: end + 1, 1] = -np.inf
    for triangle in range(first, last):
        t = np.uintp(triangle)
        span[t, 0] = -1
        i, j, k = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
        x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
        y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
        twice = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(twice) < _SLIVER or (twice > _ZERO and not surface[t] & TWO_SIDED):
            continue
        low_y, high_y = min(y0, min(y1, y2)) - REACH, max(y0, max(y1, y2)) + REACH
        low_x, high_x = min(x0, min(x1, x2)) - REACH, max(x0, max(x1, x2)) + REACH
        if high_y < top or low_y >= bottom or high_x < left or low_x >= right:
            continue
        inverse = _ONE / twice
        planes[t, 0], planes[t, 1] = (y2 - y0) * inverse, (x0 - x2) * inverse
        planes[t, 2], planes[t, 3] = (y0 - y1) * inverse, (x1 - x0) * inverse
        planes[t, 4], planes[t, 5] = x0, y0
        size = np.float32(numbers[t, WIDE])
        at = _in_texels(uv[i, 0], size)
        planes[t, 6] = at
        planes[t, 7], planes[t, 8] = (
            _in_texels(uv[j, 0], size) - at,
            _in_texels(uv[k, 0], size) - at,
        )
        size = np.float32(numbers[t, HIGH])
        at = _in_texels(uv[i, 1], size)
        planes[t, 9] = at
        planes[t, 10], planes[t, 11] = (
            _in_texels(uv[j, 1], size) - at,
            _in_texels(uv[k, 1], size) - at,
        )
        begin = np.int32(max(low_y - _HALF - np.float32(above), _ZERO) * scale)
        span[t, 0] = min(begin, end)
        span[t, 1] = min(np.int32((high_y + _HALF - np.float32(above)) * scale), end)
        for row in range(span[t, 0], span[t, 1] + 1):
            number = np.uintp(row)
            begins[number + _NEXT] += 1
            extents[number, 0] = min(extents[number, 0], low_x)
            extents[number, 1] = max(extents[number, 1], high_x)
    for row in range(1, end + 2):
        begins[row] += begins[row - 1]
    total = begins[end + 1]
    if total > len(order):
        return int(total)
    for triangle in range(last - 1, first - 1, -1):
        if span[triangle, 0] >= 0:
            for row in range(span[triangle, 0], span[triangle, 1] + 1):
                at = np.uintp(row + 1)
                begins[at] -= 1
                order[np.uintp(begins[at])] = triangle
    # The counting moved each begin to the one before.
    for row in range(end + 1):
        begins[row] = begins[row + 1]
    begins[end + 1] = total
    return int(total)
