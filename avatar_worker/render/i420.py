"""RGBA to planar YUV 4:2:0, BT.601 in limited range: what WebRTC encoders expect."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .jit import Scalar, helper, kernel
from .simd import load, pairs, splat, store_low

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]

_LANES: Final = 16
"""Pixels in a row that are converted at once."""
_HALF_LANES: Final = 8


@helper
def _bright(pixels: Scalar) -> Scalar:
    low, scale = splat(_LANES, np.int32(255)), splat(_LANES, np.int32(8))
    red, green = pixels & low, (pixels >> scale) & low
    blue = (pixels >> splat(_LANES, np.int32(16))) & low
    level = (
        red * splat(_LANES, np.int32(66))
        + green * splat(_LANES, np.int32(129))
        + blue * splat(_LANES, np.int32(25))
        + splat(_LANES, np.int32(128))
    )
    return (level >> scale) + splat(_LANES, np.int32(16))


@helper
def _sums(upper: Scalar, lower: Scalar, begin: Scalar) -> Scalar:
    """Sums of the channel at bit ``begin`` over squares of four pixels."""
    low, shift = splat(_LANES, np.int32(255)), splat(_LANES, begin)
    return pairs(((upper >> shift) & low) + ((lower >> shift) & low))


@helper
def _colour(red: Scalar, green: Scalar, blue: Scalar, r: Scalar, g: Scalar, b: Scalar) -> Scalar:
    level = (
        red * splat(_HALF_LANES, r)
        + green * splat(_HALF_LANES, g)
        + blue * splat(_HALF_LANES, b)
        + splat(_HALF_LANES, np.int32(512))
    )
    return (level >> splat(_HALF_LANES, np.int32(10))) + splat(_HALF_LANES, np.int32(128))


@kernel
def convert(pixels: Ints, top: int, area: tuple[int, int, int, int], into: Bytes) -> None:
    """Convert ``area`` (even x0, y0, x1, y1, at least 16 wide) of ``pixels`` (rows, width).

    ``pixels`` are RGBA in int32, red in the lowest byte; the first row is the picture's ``top``,
    an even one. ``into``
    (height * 3 // 2, width): the luma plane, then U, then V, each quarter-size plane's rows packed
    two to a row of the buffer. Coefficients: ITU-R BT.601, in 1/256.
    """
    width, height = pixels.shape[1], into.shape[0] * 2 // 3
    bytes_ = into.reshape(-1)
    flat = pixels.reshape(-1)
    blue_plane = height * width
    red_plane = blue_plane + blue_plane // 4
    for y in range(area[1], area[3], 2):
        for start in range(area[0], area[2], _LANES):
            # The last of a row reaches back over what is done.
            x = min(start, area[2] - _LANES)
            at = np.uintp((y - top) * width + x)
            upper, lower = load(_LANES, flat, at), load(_LANES, flat, at + np.uintp(width))
            at, below = np.uintp(y * width + x), np.uintp((y + 1) * width + x)
            store_low(bytes_, at, _bright(upper))
            store_low(bytes_, below, _bright(lower))
            red = _sums(upper, lower, np.int32(0))
            green = _sums(upper, lower, np.int32(8))
            blue = _sums(upper, lower, np.int32(16))
            place = (y >> 1) * (width >> 1) + (x >> 1)
            store_low(
                bytes_,
                np.uintp(blue_plane + place),
                _colour(red, green, blue, np.int32(-38), np.int32(-74), np.int32(112)),
            )
            store_low(
                bytes_,
                np.uintp(red_plane + place),
                _colour(red, green, blue, np.int32(112), np.int32(-94), np.int32(-18)),
            )
