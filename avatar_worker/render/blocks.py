"""Which blocks of a picture a triangle may show in.

They are listed before they are drawn, so that one loop without branches draws them all: of loops
over rows and columns the processor guesses the ends wrong. Of each block ``places`` has where its
samples are among the keys, a multiple of 16, plus its row in the dither's pattern of four; the
three rows of ``spots`` have the barycentric coordinates b1 and b2 and the depth at the centre of
its first pixel.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .jit import Scalar, helper
from .simd import least, load, most, real, splat, store, whole

BLOCK: Final = 4
"""Pixels in a row that are tested at once, sixteen samples; a band begins at a multiple."""
LANES: Final = 16
REACH: Final = np.float32(0.375)
"""Pixels from a pixel's centre to its outermost samples."""
NARROW: Final = 4
"""Blocks in a row up to which finding where the triangle begins does not pay."""
_ZERO: Final = np.float32(0)
_HALF: Final = np.float32(0.5)
_QUARTER: Final = np.float32(0.25)
_ONE: Final = np.float32(1)
_WIDE: Final = np.float32(BLOCK)
_LEVEL: Final = np.float32(1 / 32)
_FAR: Final = np.float32(1e5)
_SIXTEEN: Final = np.uintp(4)
_COLUMNS: Final = np.array(
    [lane % (wide or LANES) for wide in range(NARROW + 1) for lane in range(LANES)], np.int32
)
_ROWS: Final = np.array(
    [lane // (wide or LANES) for wide in range(NARROW + 1) for lane in range(LANES)], np.int32
)
"""Where sixteen blocks lie in a rectangle so many blocks wide; in the first, in one row."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Box = tuple[Scalar, Scalar, Scalar, Scalar]
"""First block and end, first row and end."""
Origin = tuple[Scalar, Scalar, Scalar]
"""x and y of the keys' first pixel, and how many keys a row has."""
Corner = tuple[Scalar, Scalar]
"""x and y where b1 and b2 are 0."""
Slopes = tuple[Scalar, Scalar, Scalar, Scalar]
"""d(b1)/dx, d(b1)/dy, d(b2)/dx, d(b2)/dy."""
Depths = tuple[Scalar, Scalar, Scalar]
"""At the corner, and what b1 and b2 add."""


@helper
def list_narrow(
    box: Box,
    origin: Origin,
    corner: Corner,
    slopes: Slopes,
    depths: Depths,
    places: Ints,
    spots: Floats,
) -> Scalar:
    """List all of the box, up to :data:`NARROW` blocks wide. Returns how many there are."""
    xa, xb, ya, yb = box
    x_first, y_first, pitch = origin
    a1, b1, a2, b2 = slopes
    near, d1, d2 = depths
    second = np.uintp(len(places))
    third = second + second
    wide = max(xb - xa, 0)
    pattern = np.uintp(wide) << _SIXTEEN
    column, row = load(LANES, _COLUMNS, pattern), load(LANES, _ROWS, pattern)
    fx = np.float32(x_first + xa * BLOCK) + _HALF - corner[0]
    fy = np.float32(ya) + _HALF - corner[1]
    u, v = a1 * fx + b1 * fy, a2 * fx + b2 * fy
    right = real(column)
    us = splat(LANES, u) + right * splat(LANES, a1 * _WIDE)
    vs = splat(LANES, v) + right * splat(LANES, a2 * _WIDE)
    depth = splat(LANES, near + u * d1 + v * d2)
    depth = depth + right * splat(LANES, (a1 * d1 + a2 * d2) * _WIDE)
    below_u, below_v = splat(LANES, b1), splat(LANES, b2)
    below_z = splat(LANES, b1 * d1 + b2 * d2)
    place = splat(LANES, np.int32((ya - y_first) * pitch + xa * LANES))
    place = place + (column << splat(LANES, np.int32(4)))
    rows = LANES // max(wide, 1)
    count = np.uintp(0)
    # Whole rows, as many as fit into the lanes.
    for _ in range(ya, yb, rows):
        down = real(row)
        line = (row + splat(LANES, np.int32(ya))) & splat(LANES, np.int32(3))
        store(places, count, place + row * splat(LANES, np.int32(pitch)) + line)
        store(spots, count, us + below_u * down)
        store(spots, second + count, vs + below_v * down)
        store(spots, third + count, depth + below_z * down)
        row = row + splat(LANES, np.int32(rows))
        count += np.uintp(rows * wide)
    return np.uintp(max(yb - ya, 0) * wide)


@helper
def list_broad(
    box: Box,
    origin: Origin,
    corner: Corner,
    slopes: Slopes,
    depths: Depths,
    places: Ints,
    spots: Floats,
    numbers: Ints,
    starts: Floats,
) -> Scalar:
    """List what of each row of the box may be inside. Returns how many blocks there are.

    ``numbers`` and ``starts`` hold three times sixteen rows meanwhile.
    """
    xa, xb, ya, yb = box
    x_first, y_first, pitch = origin
    a1, b1, a2, b2 = slopes
    near, d1, d2 = depths
    second = np.uintp(len(places))
    third = second + second
    begin = corner[0] - _HALF - np.float32(x_first)
    low_1, high_1, lean_1 = _side(a1, b1, _ZERO, begin)
    low_2, high_2, lean_2 = _side(a2, b2, _ZERO, begin)
    low_3, high_3, lean_3 = _side(-a1 - a2, -b1 - b2, _ONE, begin)
    right = real(load(LANES, _COLUMNS, 0))
    right_u, right_v = right * splat(LANES, a1 * _WIDE), right * splat(LANES, a2 * _WIDE)
    right_z = right * splat(LANES, (a1 * d1 + a2 * d2) * _WIDE)
    right_places = load(LANES, _COLUMNS, 0) << splat(LANES, np.int32(4))
    zero = splat(LANES, np.int32(0))
    count = np.uintp(0)
    for top in range(ya, yb, LANES):
        row = splat(LANES, np.int32(top)) + load(LANES, _COLUMNS, 0)
        fy = real(row) + splat(LANES, _HALF - corner[1])
        side_1, side_2 = splat(LANES, lean_1) * fy, splat(LANES, lean_2) * fy
        side_3 = splat(LANES, lean_3) * fy
        nearest = most(splat(LANES, low_1) + side_1, splat(LANES, low_2) + side_2)
        nearest = most(nearest, splat(LANES, low_3) + side_3)
        furthest = least(splat(LANES, high_1) + side_1, splat(LANES, high_2) + side_2)
        furthest = least(furthest, splat(LANES, high_3) + side_3)
        first = most(whole(nearest), splat(LANES, np.int32(xa)))
        wide = most(least(whole(furthest), splat(LANES, np.int32(xb))) - first, zero)
        fx = real((first << splat(LANES, np.int32(2))) + splat(LANES, np.int32(x_first)))
        fx = fx + splat(LANES, _HALF - corner[0])
        u = splat(LANES, a1) * fx + splat(LANES, b1) * fy
        v = splat(LANES, a2) * fx + splat(LANES, b2) * fy
        place = (row - splat(LANES, np.int32(y_first))) * splat(LANES, np.int32(pitch))
        place = place + (first << splat(LANES, np.int32(4))) + (row & splat(LANES, np.int32(3)))
        store(numbers, 0, wide)
        store(numbers, LANES, place)
        store(starts, 0, u)
        store(starts, LANES, v)
        store(starts, 2 * LANES, splat(LANES, near) + u * splat(LANES, d1) + v * splat(LANES, d2))
        for line in range(min(yb - top, LANES)):
            at = np.uintp(line)
            left = numbers[at]
            places_ = splat(LANES, numbers[at + np.uintp(LANES)]) + right_places
            us = splat(LANES, starts[at]) + right_u
            vs = splat(LANES, starts[at + np.uintp(LANES)]) + right_v
            zs = splat(LANES, starts[at + np.uintp(2 * LANES)]) + right_z
            store(places, count, places_)
            store(spots, count, us)
            store(spots, second + count, vs)
            store(spots, third + count, zs)
            count += np.uintp(min(left, LANES))
            while left > LANES:
                left -= LANES
                places_ = places_ + splat(LANES, np.int32(LANES * LANES))
                us = us + splat(LANES, a1 * _WIDE * np.float32(LANES))
                vs = vs + splat(LANES, a2 * _WIDE * np.float32(LANES))
                zs = zs + splat(LANES, (a1 * d1 + a2 * d2) * _WIDE * np.float32(LANES))
                store(places, count, places_)
                store(spots, count, us)
                store(spots, second + count, vs)
                store(spots, third + count, zs)
                count += np.uintp(min(left, LANES))
    return count


@helper
def _side(a: Scalar, b: Scalar, level: Scalar, start: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Where ``level + a * fx + b * fy`` may be positive in any sample: first block, end, and lean.

    All are lines over fy: first or end + lean * fy. A side almost level with the rows bounds none.
    """
    if abs(a) <= _LEVEL * abs(b):
        return -_FAR, _FAR, _ZERO
    inverse = _ONE / a
    lean = -b * inverse * _QUARTER
    reach = REACH * (_ONE + abs(b * inverse))
    at = start - level * inverse
    if a > _ZERO:
        return (at - reach) * _QUARTER, _FAR, lean
    return -_FAR, (at + reach) * _QUARTER + _ONE, lean
