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

from .jit import Scalar, helper, kernel
from .simd import bits_of, gather, least, load, most, real, repeat, splat, store, where, whole

BLOCK: Final = 4
"""Pixels in a row that are tested at once, sixteen samples; a band begins at a multiple."""
_LANES: Final = 16
_ZERO: Final = np.float32(0)
_HALF: Final = np.float32(0.5)
_QUARTER: Final = np.float32(0.25)
_ONE: Final = np.float32(1)
_SLIVER: Final = np.float32(1e-5)
"""Twice the area in pixels of a triangle too thin to be told from a line."""
_LEVEL: Final = np.float32(1 / 32)
_FAR: Final = np.float32(1e5)
_BROAD: Final = 3
"""Blocks in a row from which finding where the triangle begins pays."""
_EDGE: Final = np.float32(1.001)
_TWICE, _THREE = np.uintp(2), np.uintp(3)
_REACH: Final = np.float32(0.375)
# A rotated grid: four different rows and columns.
_SAMPLE_X: Final = (-0.125, 0.375, -0.375, 0.125)
_SAMPLE_Y: Final = (-0.375, -0.125, 0.125, 0.375)
_LANE_X: Final = np.array([p + x for p in range(BLOCK) for x in _SAMPLE_X], np.float32)
_LANE_Y: Final = np.array([y for _ in range(BLOCK) for y in _SAMPLE_Y], np.float32)
"""Where the samples of a block lie, from the centre of its first pixel."""
_OUTSIDE: Final = np.float32(-2e-6)
"""Barycentric coordinate from which a sample is inside: an edge's two sides leave no gap."""
_THRESHOLDS: Final = np.array([0.13, 0.38, 0.63, 0.88] * BLOCK, np.float32)
"""Alpha from which each of the four samples is covered."""
_PIXELS: Final = np.arange(BLOCK, dtype=np.float32)
_FAINT: Final = np.float32(0.04)
_DITHER: Final = np.array(
    [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5], np.float32
) * np.float32(0.07 / 16) - np.float32(0.035)
"""Ordered, by row and column, so that the steps of alpha do not show."""
_TO_UNIT: Final = np.float32(1 / 255)

TWO_SIDED: Final = 1
SEE_THROUGH: Final = 2
LIFTED: Final = 4
"""Bits of a triangle's surface: no back to cull, alpha to test, nearer than what it lies on."""
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


@kernel
def sort_triangles(
    triangles: Ints,
    first: int,
    last: int,
    surface: Bytes,
    screen: Floats,
    area: Area,
    band: int,
    begins: Ints,
    order: Ints,
    span: Ints,
    planes: Floats,
) -> int:
    """List which of the triangles ``first:last`` may be seen in each ``band`` rows of ``area``.

    ``area`` is x0, y0, x1, y1. Those of band b, in their order, are
    ``order[begins[b]:begins[b + 1]]``; ``span`` (m, 2) has their first and last band. Writes
    ``planes`` (m, 4): the slopes d(b1)/dx, d(b1)/dy, d(b2)/dx, d(b2)/dy of the barycentric
    coordinates. Returns how long ``order`` has to be; where it is shorter, nothing is listed.
    """
    left, top = np.float32(area[0]), np.float32(area[1])
    right, bottom = np.float32(area[2]), np.float32(area[3])
    scale = _ONE / np.float32(band)
    end = np.int32((area[3] - area[1] - 1) // band)
    begins[: end + 2] = 0
    for triangle in range(first, last):
        t = np.uintp(triangle)
        span[t, 0] = -1
        i, j, k = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
        x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
        y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
        twice = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(twice) < _SLIVER or (twice > _ZERO and not surface[t] & TWO_SIDED):
            continue
        low_y, high_y = min(y0, min(y1, y2)) - _REACH, max(y0, max(y1, y2)) + _REACH
        low_x, high_x = min(x0, min(x1, x2)) - _REACH, max(x0, max(x1, x2)) + _REACH
        if high_y < top or low_y >= bottom or high_x < left or low_x >= right:
            continue
        inverse = _ONE / twice
        planes[t, 0], planes[t, 1] = (y2 - y0) * inverse, (x0 - x2) * inverse
        planes[t, 2], planes[t, 3] = (y0 - y1) * inverse, (x1 - x0) * inverse
        begin = np.int32(max(low_y - _HALF - top, _ZERO) * scale)
        span[t, 0] = min(begin, end)
        span[t, 1] = min(np.int32((high_y + _HALF - top) * scale), end)
        for row in range(span[t, 0], span[t, 1] + 1):
            begins[np.uintp(row + 1)] += 1
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


@helper
def _alpha(
    texels: Ints, offset: Scalar, wide: Scalar, high: Scalar, u: Scalar, v: Scalar
) -> Scalar:
    """Alpha 0..1 of the pixels of a block, each between four texels (RGBA, read as ints)."""
    zero, one, half = splat(BLOCK, _ZERO), splat(BLOCK, _ONE), splat(BLOCK, _HALF)
    w, h = splat(BLOCK, np.float32(wide)), splat(BLOCK, np.float32(high))
    edge, unit = splat(BLOCK, _EDGE), splat(BLOCK, _TO_UNIT)
    x = least(most(u * w - half, zero), w - edge)
    y = least(most(v * h - half, zero), h - edge)
    column, row = whole(x), whole(y)
    x, y = x - real(column), y - real(row)
    across, next_ = splat(BLOCK, np.int32(wide)), splat(BLOCK, np.int32(1))
    at = splat(BLOCK, np.int32(offset)) + row * across + column
    upper = _top_byte(gather(texels, at)) * (one - x) + _top_byte(gather(texels, at + next_)) * x
    at = at + across
    lower = _top_byte(gather(texels, at)) * (one - x) + _top_byte(gather(texels, at + next_)) * x
    return (upper + (lower - upper) * y) * unit


@helper
def _top_byte(pixels: Scalar) -> Scalar:
    byte = splat(BLOCK, np.int32(255))
    return real((pixels >> splat(BLOCK, np.int32(24))) & byte)


@helper
def _side(a: Scalar, b: Scalar, level: Scalar, start: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Where ``level + a * fx + b * fy`` may be positive in any sample: first block, end, and lean.

    All are lines over fy: first or end + lean * fy. A side almost level with the rows bounds none.
    """
    if abs(a) <= _LEVEL * abs(b):
        return -_FAR, _FAR, _ZERO
    inverse = _ONE / a
    lean = -b * inverse * _QUARTER
    reach = _REACH * (_ONE + abs(b * inverse))
    at = start - level * inverse
    if a > _ZERO:
        return (at - reach) * _QUARTER, _FAR, lean
    return -_FAR, (at + reach) * _QUARTER + _ONE, lean


@kernel
def draw_band(
    order: Ints,
    begin: int,
    end: int,
    triangles: Ints,
    surface: Bytes,
    texture: Ints,
    texels: Ints,
    uv: Floats,
    screen: Floats,
    planes: Floats,
    keys: Ints,
    bits_wide: int,
    area: Area,
) -> None:
    """Draw the triangles ``order[begin:end]`` into the ``keys`` of a band.

    ``area`` is x0, y0, x1, y1 of the band, x0 a multiple of :data:`BLOCK`; ``keys[0, 0]`` are the
    samples of the pixel x0, y0. ``texture`` (m, 3) is offset, width, height of a triangle's
    ``texels`` (t,), RGBA read as little-endian ints.
    """
    shift = splat(_LANES, np.int32(bits_wide))
    steps = np.float32(((2**31 - 1) >> bits_wide) - 1)
    lane_x, lane_y = load(_LANES, _LANE_X, 0), load(_LANES, _LANE_Y, 0)
    thresholds, pixel = load(_LANES, _THRESHOLDS, 0), load(BLOCK, _PIXELS, 0)
    one, outside = splat(_LANES, _ONE), splat(_LANES, _OUTSIDE)
    left, top = np.float32(area[0]), np.float32(area[1])
    right, bottom = np.float32(area[2]), np.float32(area[3])
    x_first, y_first = np.int32(area[0]), np.int32(area[1])
    pitch = np.uintp(keys.shape[1] * 4)
    for entry in range(begin, end):
        triangle = order[np.uintp(entry)]
        t = np.uintp(triangle)
        i, j, k = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
        x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
        y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
        low_x, high_x = min(x0, min(x1, x2)) - _REACH, max(x0, max(x1, x2)) + _REACH
        low_y, high_y = min(y0, min(y1, y2)) - _REACH, max(y0, max(y1, y2)) + _REACH
        xa = (np.int32(max(low_x - _HALF, left)) - x_first) >> 2
        xb = (np.int32(min(high_x + _HALF, right)) - x_first + np.int32(3)) >> 2
        ya, yb = np.int32(max(low_y - _HALF, top)), np.int32(min(high_y + _HALF, bottom))
        a1, b1, a2, b2 = planes[t, 0], planes[t, 1], planes[t, 2], planes[t, 3]
        near = screen[i, 2] * steps
        d1, d2 = screen[j, 2] * steps - near, screen[k, 2] * steps - near
        if surface[t] & LIFTED:
            near -= _LIFT * steps
        da, db = a1 * d1 + a2 * d2, b1 * d1 + b2 * d2
        # What each sample adds to the coordinates and depth at the centre of the first pixel.
        lane_u = splat(_LANES, a1) * lane_x + splat(_LANES, b1) * lane_y
        lane_v = splat(_LANES, a2) * lane_x + splat(_LANES, b2) * lane_y
        lane_z = splat(_LANES, da) * lane_x + splat(_LANES, db) * lane_y
        number = splat(_LANES, np.int32(triangle + 1))
        tested = surface[t] & SEE_THROUGH
        offset, wide, high = texture[t, 0], texture[t, 1], texture[t, 2]
        su, sv = uv[i, 0], uv[i, 1]
        su1, sv1, su2, sv2 = uv[j, 0] - su, uv[j, 1] - sv, uv[k, 0] - su, uv[k, 1] - sv
        broad = xb - xa > _BROAD
        if broad:
            # Blocks between which each coordinate may be inside, as lines over fy.
            start = x0 - _HALF - np.float32(x_first)
            low_1, high_1, lean_1 = _side(a1, b1, _ZERO, start)
            low_2, high_2, lean_2 = _side(a2, b2, _ZERO, start)
            low_3, high_3, lean_3 = _side(-a1 - a2, -b1 - b2, _ONE, start)
        block_a, block_b = xa, xb
        for y in range(ya, yb):
            fy = np.float32(y) + _HALF - y0
            row = np.uintp(y - y_first) * pitch
            if broad:
                side_1, side_2, side_3 = lean_1 * fy, lean_2 * fy, lean_3 * fy
                nearest = max(low_1 + side_1, max(low_2 + side_2, low_3 + side_3))
                furthest = min(high_1 + side_1, min(high_2 + side_2, high_3 + side_3))
                block_a, block_b = max(xa, np.int32(nearest)), min(xb, np.int32(furthest))
            for block in range(block_a, block_b):
                fx = np.float32(x_first + block * BLOCK) + _HALF - x0
                u, v = a1 * fx + b1 * fy, a2 * fx + b2 * fy
                us, vs = splat(_LANES, u) + lane_u, splat(_LANES, v) + lane_v
                inside = least(least(us, vs), one - us - vs) >= outside
                depth = splat(_LANES, near + u * d1 + v * d2) + lane_z
                key = (whole(depth) << shift) | number
                at = row + np.uintp(block * _LANES)
                seen = load(_LANES, keys, at)
                nearer = inside & (key < seen)
                if tested:
                    if bits_of(nearer) == 0:
                        continue
                    pu = splat(BLOCK, u) + splat(BLOCK, a1) * pixel
                    pv = splat(BLOCK, v) + splat(BLOCK, a2) * pixel
                    alpha = _alpha(
                        texels,
                        offset,
                        wide,
                        high,
                        splat(BLOCK, su) + pu * splat(BLOCK, su1) + pv * splat(BLOCK, su2),
                        splat(BLOCK, sv) + pu * splat(BLOCK, sv1) + pv * splat(BLOCK, sv2),
                    )
                    dither = load(BLOCK, _DITHER, (np.uintp(y) & _THREE) << _TWICE)
                    clear = repeat(alpha, 4) >= splat(_LANES, _FAINT)
                    nearer = nearer & clear & (repeat(alpha + dither, 4) > thresholds)
                store(keys, at, where(nearer, key, seen))
