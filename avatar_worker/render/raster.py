"""Which triangle each sample of the picture shows.

The visibility buffer ``keys`` (height, width, 4) int32 holds four samples a pixel: depth in the
high bits and the number of the triangle plus one in the low ``bits``, so that the smaller key is
the nearer surface. A key whose low bits are zero shows nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .jit import Scalar, helper, kernel

_ZERO: Final = np.float32(0)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_TWO: Final = np.float32(2)
_EDGE: Final = np.float32(1.001)
_NEXT, _THREE = np.uintp(1), np.uintp(3)
_FLAT: Final = np.float32(1e-6)
_SHORT: Final = 6
"""Pixels in a row from which finding where the triangle begins pays."""
_OUTSIDE: Final = np.int32(2**31 - 1)
_REACH: Final = np.float32(0.375)
# A rotated grid: four different rows and columns.
_X0, _X1, _X2, _X3 = np.float32(-0.125), np.float32(0.375), np.float32(-0.375), np.float32(0.125)
_Y0, _Y1, _Y2, _Y3 = np.float32(-0.375), np.float32(-0.125), np.float32(0.125), np.float32(0.375)
# Alpha from which each of the four samples is covered, and an ordered dither that hides the steps.
_A0, _A1, _A2, _A3 = np.float32(0.13), np.float32(0.38), np.float32(0.63), np.float32(0.88)
_FAINT: Final = np.float32(0.04)
_DITHER: Final = np.array(
    [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32
) * np.float32(0.07 / 16) - np.float32(0.035)
_TO_UNIT: Final = np.float32(1 / 255)

TWO_SIDED: Final = 1
SEE_THROUGH: Final = 2
LIFTED: Final = 4
"""Bits of a triangle's surface: no back to cull, alpha to test, nearer than what it lies on."""
_LIFT: Final = np.float32(0.0018)
"""Depth (of 0..1) by which lashes stand off the lid: 1.6 mm."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def key_bits(triangles: int) -> int:
    """Low bits of a key that a head of so many triangles needs; the depth has the other bits."""
    return (triangles + 1).bit_length()


def empty_key(bits: int) -> int:
    """The key that shows nothing and hides nothing."""
    return (2**31 - 1) >> bits << bits


@helper
def _key(
    b1: Scalar,
    b2: Scalar,
    depth: Scalar,
    alpha: Scalar,
    least: Scalar,
    bits: Scalar,
    number: Scalar,
) -> Scalar:
    """The sample's key where its barycentric coordinates are inside the triangle."""
    # Not `and`: without branches the four samples become one vector instruction each.
    inside = (b1 >= _ZERO) & (b2 >= _ZERO) & (b1 + b2 <= _ONE) & (alpha > least)
    key = np.int32((np.int32(depth) << bits) | number)
    return key if inside else _OUTSIDE


@helper
def _alpha(
    texels: NDArray[np.uint8], offset: Scalar, wide: Scalar, high: Scalar, u: Scalar, v: Scalar
) -> Scalar:
    """Alpha 0..1 between four texels."""
    w, h = np.float32(wide), np.float32(high)
    x = min(max(u * w - _HALF, _ZERO), w - _EDGE)
    y = min(max(v * h - _HALF, _ZERO), h - _EDGE)
    column, row = np.int32(x), np.int32(y)
    x -= np.float32(column)
    y -= np.float32(row)
    at = np.uintp(offset + row * wide + column)
    upper = np.float32(texels[at, 3]) * (_ONE - x) + np.float32(texels[at + _NEXT, 3]) * x
    at += np.uintp(wide)
    lower = np.float32(texels[at, 3]) * (_ONE - x) + np.float32(texels[at + _NEXT, 3]) * x
    return (upper + (lower - upper) * y) * _TO_UNIT


@helper
def _narrow(low: Scalar, high: Scalar, slope: Scalar, value: Scalar) -> tuple[Scalar, Scalar]:
    """The part of ``low``..``high`` where ``value + slope * x`` may be positive."""
    if slope > _FLAT:
        low = max(low, min(-value / slope, high))
    elif slope < -_FLAT:
        high = min(high, max(-value / slope, low))
    return low, high


@kernel
def draw_triangles(
    triangles: Ints,
    first: int,
    last: int,
    surface: NDArray[np.uint8],
    texture: Ints,
    texels: NDArray[np.uint8],
    uv: Floats,
    screen: Floats,
    planes: Floats,
    keys: Ints,
    bits_wide: int,
    area_drawn: tuple[int, int, int, int],
) -> None:
    """Draw triangles ``first:last`` into ``keys`` within ``area_drawn`` (x0, y0, x1, y1).

    ``texture`` (m, 3) is offset, width, height of each triangle's texels. Writes ``planes`` (m, 4):
    the slopes d(b1)/dx, d(b1)/dy, d(b2)/dx, d(b2)/dy of the barycentric coordinates.
    """
    bits = np.int32(bits_wide)
    steps = np.float32(((2**31 - 1) >> bits) - 1)
    left, top = np.float32(area_drawn[0]), np.float32(area_drawn[1])
    right, bottom = np.float32(area_drawn[2]), np.float32(area_drawn[3])
    for triangle in range(first, last):
        t = np.uintp(triangle)
        i, j, k = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
        x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
        y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == _ZERO or (area > _ZERO and not surface[t] & TWO_SIDED):
            continue
        low_x, high_x = min(x0, min(x1, x2)) - _REACH, max(x0, max(x1, x2)) + _REACH
        low_y, high_y = min(y0, min(y1, y2)) - _REACH, max(y0, max(y1, y2)) + _REACH
        if high_x < left or low_x >= right or high_y < top or low_y >= bottom:
            continue
        xa, xb = np.int32(max(low_x - _HALF, left)), np.int32(min(high_x + _HALF, right))
        ya, yb = np.int32(max(low_y - _HALF, top)), np.int32(min(high_y + _HALF, bottom))
        inverse = _ONE / area
        a1, b1 = (y2 - y0) * inverse, (x0 - x2) * inverse
        a2, b2 = (y0 - y1) * inverse, (x1 - x0) * inverse
        planes[t, 0], planes[t, 1], planes[t, 2], planes[t, 3] = a1, b1, a2, b2
        near = screen[i, 2] * steps
        d1, d2 = screen[j, 2] * steps - near, screen[k, 2] * steps - near
        if surface[t] & LIFTED:
            near -= _LIFT * steps
        da, db = a1 * d1 + a2 * d2, b1 * d1 + b2 * d2
        # What each sample adds to the pixel centre's coordinates and depth.
        u0, v0, z0 = a1 * _X0 + b1 * _Y0, a2 * _X0 + b2 * _Y0, da * _X0 + db * _Y0
        u1, v1, z1 = a1 * _X1 + b1 * _Y1, a2 * _X1 + b2 * _Y1, da * _X1 + db * _Y1
        u2, v2, z2 = a1 * _X2 + b1 * _Y2, a2 * _X2 + b2 * _Y2, da * _X2 + db * _Y2
        u3, v3, z3 = a1 * _X3 + b1 * _Y3, a2 * _X3 + b2 * _Y3, da * _X3 + db * _Y3
        least_u = -_REACH * (abs(a1) + abs(b1))
        least_v = -_REACH * (abs(a2) + abs(b2))
        most = _REACH * (abs(a1 + a2) + abs(b1 + b2)) + _ONE
        number = np.int32(triangle + 1)
        tested = surface[t] & SEE_THROUGH
        offset, wide, high = texture[t, 0], texture[t, 1], texture[t, 2]
        su, sv = uv[i, 0], uv[i, 1]
        su1, sv1, su2, sv2 = uv[j, 0] - su, uv[j, 1] - sv, uv[k, 0] - su, uv[k, 1] - sv
        for y in range(ya, yb):
            row = np.uintp(y)
            fx, fy = np.float32(xa) + _HALF - x0, np.float32(y) + _HALF - y0
            u, v = a1 * fx + b1 * fy, a2 * fx + b2 * fy
            start, stop = np.int32(0), xb - xa
            if stop > _SHORT:
                begin, end = _narrow(_ZERO, np.float32(stop), a1, u - least_u)
                begin, end = _narrow(begin, end, a2, v - least_v)
                begin, end = _narrow(begin, end, -a1 - a2, most - u - v)
                start, stop = np.int32(begin), min(np.int32(end) + 1, stop)
                u += a1 * np.float32(start)
                v += a2 * np.float32(start)
            u -= a1
            v -= a2
            for x in range(xa + start, xa + stop):
                column = np.uintp(x)
                u += a1
                v += a2
                if u < least_u or v < least_v or u + v > most:
                    continue
                z = near + u * d1 + v * d2
                alpha = _TWO
                if tested:
                    seen = np.int32(z) << bits
                    if (
                        seen > keys[row, column, 0]
                        and seen > keys[row, column, 1]
                        and seen > keys[row, column, 2]
                        and seen > keys[row, column, 3]
                    ):
                        continue
                    alpha = _alpha(
                        texels, offset, wide, high, su + u * su1 + v * su2, sv + u * sv1 + v * sv2
                    )
                    if alpha < _FAINT:
                        continue
                    alpha += _DITHER[row & _THREE, column & _THREE]
                k0 = _key(u + u0, v + v0, z + z0, alpha, _A0, bits, number)
                k1 = _key(u + u1, v + v1, z + z1, alpha, _A1, bits, number)
                k2 = _key(u + u2, v + v2, z + z2, alpha, _A2, bits, number)
                k3 = _key(u + u3, v + v3, z + z3, alpha, _A3, bits, number)
                keys[row, column, 0] = min(keys[row, column, 0], k0)
                keys[row, column, 1] = min(keys[row, column, 1], k1)
                keys[row, column, 2] = min(keys[row, column, 2], k2)
                keys[row, column, 3] = min(keys[row, column, 3], k3)
