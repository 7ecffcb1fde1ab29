"""Which triangle each sample of the picture shows.

A picture is drawn in bands of some rows, so that a band's samples stay in the cache until they are
shaded. The visibility buffer ``keys`` (rows, columns, 4) int32 holds four samples a pixel: depth in
the high bits and the number of the triangle plus one in the low ``bits``, so that the smaller key
is the nearer surface. A key whose low bits are zero shows nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .blocks import BLOCK, LANES, NARROW, REACH, list_broad, list_narrow
from .jit import Scalar, helper, kernel
from .simd import bits_of, gather, least, load, most, real, repeat, splat, store, where, whole

_ZERO: Final = np.float32(0)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_EDGE: Final = np.float32(1.001)
# A rotated grid: four different rows and columns.
_SAMPLE_X: Final = (-0.125, 0.375, -0.375, 0.125)
_SAMPLE_Y: Final = (-0.375, -0.125, 0.125, 0.375)
_LANE_X: Final = np.array([p + x for p in range(BLOCK) for x in _SAMPLE_X], np.float32)
_LANE_Y: Final = np.array([y for _ in range(BLOCK) for y in _SAMPLE_Y], np.float32)
"""Where the samples of a block lie, from the centre of its first pixel."""
_PIXELS: Final = np.array(list(range(BLOCK)) * 4, np.float32)
_OUTSIDE: Final = np.float32(-2e-6)
"""Barycentric coordinate from which a sample is inside: an edge's two sides leave no gap."""
_DITHER: Final = np.array(
    [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32
) * np.float32(0.07 / 16) - np.float32(0.035)
"""Ordered, by row and column, so that the steps of alpha do not show."""
_THRESHOLDS: Final = np.array([0.13, 0.38, 0.63, 0.88], np.float32)
"""Alpha from which each of the four samples is covered."""
_NEEDED: Final = (_THRESHOLDS - _DITHER[..., None]).reshape(-1)
_TO_UNIT: Final = np.float32(1 / 255)
_NOTHING: Final = np.int32(2**31 - 1)
_LOW_BITS, _HIGH_BITS = np.int32(3), np.int32(-4)
"""Of a block's place among the keys, a multiple of 16: its row in the dither's pattern."""
_FOUR, _SIXTEEN = np.uintp(2), np.uintp(4)

TWO_SIDED: Final = 1
SEE_THROUGH: Final = 2
LIFTED: Final = 4
"""Bits of a triangle's surface: no back to cull, alpha to test, nearer than what it lies on."""
TEXELS, WIDE, HIGH, COVERED = 12, 13, 14, 15
"""Where the row of a triangle among the planes holds whole numbers: see :func:`sort_triangles`."""
_LIFT: Final = np.float32(0.0018)
"""Depth (of 0..1) by which lashes stand off the lid: 1.6 mm."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Area = tuple[int, int, int, int]


def key_bits(triangles: int) -> int:
    """Low bits of a key that a head of so many triangles needs; the depth has the other bits."""
    return (triangles + 1).bit_length()


def empty_key(bits: int) -> int:
    """The key that shows nothing and hides nothing."""
    return (2**31 - 1) >> bits << bits


@helper
def _alpha(
    coverage: Ints, offset: Scalar, wide: Scalar, high: Scalar, u: Scalar, v: Scalar
) -> Scalar:
    """Alpha 0..1 of sixteen pixels, each between four texels."""
    zero, half = splat(LANES, _ZERO), splat(LANES, _HALF)
    w, h = splat(LANES, np.float32(wide)), splat(LANES, np.float32(high))
    edge, unit = splat(LANES, _EDGE), splat(LANES, _TO_UNIT)
    x = least(most(u * w - half, zero), w - edge)
    y = least(most(v * h - half, zero), h - edge)
    column, row = whole(x), whole(y)
    x, y = x - real(column), y - real(row)
    at = splat(LANES, np.int32(offset)) + row * splat(LANES, np.int32(wide)) + column
    four = gather(coverage, at)
    left, right = _byte(four, np.int32(0)), _byte(four, np.int32(8))
    upper = left + (right - left) * x
    left, right = _byte(four, np.int32(16)), _byte(four, np.int32(24))
    lower = left + (right - left) * x
    return (upper + (lower - upper) * y) * unit


@helper
def _byte(numbers: Scalar, begin: Scalar) -> Scalar:
    return real((numbers >> splat(LANES, begin)) & splat(LANES, np.int32(255)))


@kernel
def draw_band(
    order: Ints,
    begin: int,
    end: int,
    triangles: Ints,
    surface: Bytes,
    coverage: Ints,
    uv: Floats,
    screen: Floats,
    planes: Floats,
    numbers: Ints,
    keys: Ints,
    bits_wide: int,
    area: Area,
    places: Ints,
    spots: Floats,
    found: Ints,
    alphas: Floats,
) -> None:
    """Draw the triangles ``order[begin:end]`` into the ``keys`` of a band.

    ``area`` is x0, y0, x1, y1 of the band, x0 a multiple of :data:`BLOCK`; the first four of
    ``keys`` (n,) are the samples of the pixel x0, y0, and rows are rounded up to whole blocks.
    ``planes`` and ``numbers`` are as :func:`sort_triangles` leaves them.
    The last four come from :func:`make_lists`.
    """
    high = splat(LANES, np.int32(-(1 << bits_wide)))
    empty = splat(LANES, np.int32(_NOTHING))
    # Depth is scaled into the high bits at once.
    steps = np.float32((((2**31 - 1) >> bits_wide) - 1) << bits_wide)
    lane_x, lane_y = load(LANES, _LANE_X, 0), load(LANES, _LANE_Y, 0)
    pixels = load(LANES, _PIXELS, 0)
    one, outside = splat(LANES, _ONE), splat(LANES, _OUTSIDE)
    left, top = np.float32(area[0]), np.float32(area[1])
    right, bottom = np.float32(area[2]), np.float32(area[3])
    x_first, y_first = np.int32(area[0]), np.int32(area[1])
    pitch = np.int32((area[2] - area[0] + BLOCK - 1) // BLOCK * LANES)
    second = np.uintp(len(places))
    third = second + second
    for entry in range(begin, end):
        triangle = order[np.uintp(entry)]
        t = np.uintp(triangle)
        i, j, k = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
        x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
        y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
        low_x, high_x = min(x0, min(x1, x2)) - REACH, max(x0, max(x1, x2)) + REACH
        low_y, high_y = min(y0, min(y1, y2)) - REACH, max(y0, max(y1, y2)) + REACH
        xa = (np.int32(max(low_x - _HALF, left)) - x_first) >> 2
        xb = (np.int32(min(high_x + _HALF, right)) - x_first + np.int32(3)) >> 2
        ya, yb = np.int32(max(low_y - _HALF, top)), np.int32(min(high_y + _HALF, bottom))
        a1, b1, a2, b2 = planes[t, 0], planes[t, 1], planes[t, 2], planes[t, 3]
        near = screen[i, 2] * steps
        d1, d2 = screen[j, 2] * steps - near, screen[k, 2] * steps - near
        if surface[t] & LIFTED:
            near -= _LIFT * steps
        da, db = a1 * d1 + a2 * d2, b1 * d1 + b2 * d2
        box, origin, corner = (xa, xb, ya, yb), (x_first, y_first, pitch), (x0, y0)
        slopes, depths = (a1, b1, a2, b2), (near, d1, d2)
        if xb - xa <= NARROW:
            count = list_narrow(box, origin, corner, slopes, depths, places, spots)
        else:
            count = list_broad(box, origin, corner, slopes, depths, places, spots, found, alphas)
        # What each sample adds to the coordinates and depth at the centre of the first pixel.
        lane_u = splat(LANES, a1) * lane_x + splat(LANES, b1) * lane_y
        lane_v = splat(LANES, a2) * lane_x + splat(LANES, b2) * lane_y
        lane_z = splat(LANES, da) * lane_x + splat(LANES, db) * lane_y
        number = splat(LANES, np.int32(triangle + 1))
        tested = surface[t] & SEE_THROUGH
        left_over = np.uintp(0)
        for listed in range(count):
            n = np.uintp(listed)
            us = splat(LANES, spots[n]) + lane_u
            vs = splat(LANES, spots[second + n]) + lane_v
            inside = least(least(us, vs), one - us - vs) >= outside
            depth = splat(LANES, spots[third + n]) + lane_z
            key = where(inside, (whole(depth) & high) | number, empty)
            place = places[n]
            at = np.uintp(place & _HIGH_BITS)
            seen = load(LANES, keys, at)
            if tested:
                # Nearer blocks move to the front of the list.
                nearer = key < seen
                store(found, left_over << _SIXTEEN, where(nearer, key, empty))
                places[left_over] = place
                spots[left_over] = spots[n]
                spots[second + left_over] = spots[second + n]
                left_over += np.uintp(bits_of(nearer) != 0)
            else:
                store(keys, at, least(key, seen))
        if tested:
            su, sv = splat(LANES, uv[i, 0]), splat(LANES, uv[i, 1])
            su1, sv1 = splat(LANES, uv[j, 0]) - su, splat(LANES, uv[j, 1]) - sv
            su2, sv2 = splat(LANES, uv[k, 0]) - su, splat(LANES, uv[k, 1]) - sv
            pixels_u, pixels_v = splat(LANES, a1) * pixels, splat(LANES, a2) * pixels
            for first in range(0, left_over, BLOCK):
                n = np.uintp(first)
                us = repeat(load(BLOCK, spots, n), BLOCK) + pixels_u
                vs = repeat(load(BLOCK, spots, second + n), BLOCK) + pixels_v
                alpha = _alpha(
                    coverage,
                    numbers[t, COVERED],
                    numbers[t, WIDE],
                    numbers[t, HIGH],
                    su + us * su1 + vs * su2,
                    sv + us * sv1 + vs * sv2,
                )
                store(alphas, n << _FOUR, alpha)
            for listed in range(left_over):
                n = np.uintp(listed)
                place = places[n]
                at = np.uintp(place & _HIGH_BITS)
                needed = load(LANES, _NEEDED, np.uintp(place & _LOW_BITS) << _SIXTEEN)
                covered = repeat(load(BLOCK, alphas, n << _FOUR), BLOCK) > needed
                key = where(covered, load(LANES, found, n << _SIXTEEN), empty)
                store(keys, at, least(key, load(LANES, keys, at)))


@kernel
def count_samples(keys: Ints, bits_wide: int, shown: NDArray[np.int64]) -> None:
    """Add to ``shown`` (m + 1,) how many of ``keys`` (n,) show each triangle; 0 is none."""
    low = np.int32((1 << bits_wide) - 1)
    for key in keys:
        shown[np.uintp(key & low)] += 1


def make_lists(samples: int) -> tuple[Ints, Floats, Ints, Floats]:
    """What :func:`draw_band` needs besides for bands of up to so many samples."""
    blocks = samples // LANES + LANES
    return (
        np.empty(blocks, np.int32),
        np.empty(blocks * 3, np.float32),
        np.empty(blocks * LANES, np.int32),
        np.empty(blocks * BLOCK, np.float32),
    )
