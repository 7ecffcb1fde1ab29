"""A picture, band by band: which triangle each sample shows, its colour, and I420, in one kernel.

What lies between the kernels would otherwise be Python's, some twenty times a picture.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .blocks import BLOCK
from .i420 import convert
from .jit import Scalar, helper, kernel
from .raster import draw_band
from .shade import shade_band
from .simd import load, splat, store

NARROWEST: Final = 16
"""Pixels in a row that an area has at least: so many become I420 at once."""
_LANES: Final = 16
_STEP: Final = np.uintp(_LANES)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Area = tuple[int, int, int, int]


@helper
def _start(keys: Ints, area: Scalar, still_keys: Ints, still_top: Scalar, bits: Scalar) -> None:
    """Begin with what never moves: nothing, and from the row ``still_top`` on ``still_keys``."""
    x0, y0, x1, y1 = area
    pitch = ((x1 - x0 + BLOCK - 1) // BLOCK) * _LANES
    above = min(max(still_top - y0, 0), y1 - y0)
    empty = splat(_LANES, np.int32((np.int32(2**31 - 1) >> bits) << bits))
    at = np.uintp(0)
    for _ in range(above * pitch // _LANES):
        store(keys, at, empty)
        at += _STEP
    kept = still_keys.reshape(-1)
    for row in range(y0 + above - still_top, y1 - still_top):
        behind = np.uintp((row * still_keys.shape[1] + x0) * 4)
        for _ in range(pitch // _LANES):
            store(keys, at, load(_LANES, kept, behind))
            at += _STEP
            behind += _STEP


@kernel
def draw_keys(
    keys: Ints,
    area: Area,
    order: Ints,
    begins: Ints,
    band: int,
    still_keys: Ints,
    still_top: int,
    bits: int,
    triangles: Ints,
    surface: Bytes,
    coverage: Ints,
    uv: Floats,
    screen: Floats,
    planes: Floats,
    numbers: Ints,
    lists: Any,
) -> None:
    """Write the samples of ``area`` into ``keys``: those kept, and those of a ``band``.

    ``order`` and ``begins`` are as :func:`sort_triangles` has written them, ``lists`` comes from
    :func:`make_lists`, and the rest is as :func:`draw_band` wants it.
    """
    _start(keys, area, still_keys, still_top, bits)
    draw_band(
        order,
        begins[band],
        begins[band + 1],
        triangles,
        surface,
        coverage,
        uv,
        screen,
        planes,
        numbers,
        keys,
        bits,
        area,
        *lists,
    )


@helper
def _tighten(
    band: Scalar, area: Scalar, rows: Scalar, left: Scalar, right: Scalar, drawn: Floats
) -> tuple[Scalar, Scalar]:
    """Of a band's ``area``, the columns from ``left`` to ``right`` and those drawn before."""
    x0, y0, x1, y1 = area
    was_left, was_right = drawn[band, 0], drawn[band, 1]
    new_left, new_right = left, right
    left, right = min(left, was_left), max(right, was_right)
    replaced = y1 - y0 == rows and x0 <= was_left and was_right <= x1
    drawn[band, 0] = new_left if replaced else left
    drawn[band, 1] = new_right if replaced else right
    if left > right:
        return x0, x0
    begin = max(x0, (np.int64(left) - 1) // BLOCK * BLOCK)
    end = -(-(np.int64(right) + 2) // BLOCK) * BLOCK
    end = min(x1, max(end, begin + NARROWEST))
    return max(x0, min(begin, (end - NARROWEST) // BLOCK * BLOCK)), end


@helper
def _copy(colours: Bytes, area: Scalar, picture: Bytes) -> None:
    x0, y0, x1, y1 = area
    for y in range(y0, y1):
        for x in range(x0, x1):
            for channel in range(4):
                picture[y, x, channel] = colours[y - y0, x, channel]


@kernel
def paint_bands(
    area: Area,
    band: int,
    tight: bool,
    order: Ints,
    begins: Ints,
    extents: Floats,
    drawn: Floats,
    keys: Ints,
    samples: Any,
    still: int,
    backdrop: Bytes,
    colours: Bytes,
    pixels: Ints,
    picture: Bytes,
    yuv: Bytes,
    shading: Any,
    look: Floats,
    world: Floats,
    scratch: Any,
) -> None:
    """Paint ``area`` (x0, y0, x1, y1) into ``yuv``, ``band`` rows at a time.

    ``picture`` (height, width, 4) gets it in RGBA, or has no rows and gets nothing.

    ``order``, ``begins`` and ``extents`` are as :func:`sort_triangles` has written them.
    ``tight``: of each band no more than what these triangles show in, or did: ``drawn`` (bands, 2)
    remembers the least and the greatest x. ``keys`` has room for a band's samples, ``colours``
    (band, width, 4) for its pixels, which are ``pixels`` as int32. ``samples`` is what
    :func:`draw_keys` wants after ``band``, ``shading`` what :func:`shade_band` wants that no frame
    changes, ``scratch`` its last.
    """
    height, above = backdrop.shape[0], area[1] // band
    triangles, planes, numbers = samples[3], samples[8], samples[9]
    for number in range(above, -(-area[3] // band)):
        top = number * band
        y0, y1 = max(top, area[1]), min(top + band, area[3])
        x0, x1 = area[0], area[2]
        at = number - above
        if tight:
            rows = min(top + band, height) - top
            part = x0, y0, x1, y1
            x0, x1 = _tighten(number, part, rows, extents[at, 0], extents[at, 1], drawn)
        else:
            drawn[number, 0], drawn[number, 1] = x0, x1
        if x0 >= x1:
            continue
        part = x0, y0, x1, y1
        draw_keys(keys, part, order, begins, at, *samples)
        shade_band(
            keys,
            samples[2],
            still,
            backdrop,
            colours,
            y0,
            triangles.reshape(-1),
            planes.reshape(-1),
            numbers.reshape(-1),
            look.reshape(-1),
            world,
            part,
            *shading,
            *scratch,
        )
        convert(pixels, y0, part, yuv)
        if len(picture):
            _copy(colours, part, picture)
