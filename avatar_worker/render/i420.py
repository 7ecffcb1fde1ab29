"""RGBA to planar YUV 4:2:0, BT.601 in limited range: what WebRTC encoders expect."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .jit import kernel

Bytes = NDArray[np.uint8]


@kernel
def convert_i420(picture: Bytes, area: tuple[int, int, int, int], into: Bytes) -> None:
    """Convert ``area`` (even x0, y0, x1, y1) of ``picture`` (height, width, 4).

    ``into`` (height * 3 // 2, width): the luma plane, then U, then V, each quarter-size plane's
    rows packed two to a row of the buffer. Coefficients: ITU-R BT.601, in 1/256.
    """
    height, width = picture.shape[0], picture.shape[1]
    flat = into.reshape(-1)
    blue_plane = height * width
    red_plane = blue_plane + blue_plane // 4
    for y in range(area[1], area[3], 2):
        for x in range(area[0], area[2], 2):
            red = green = blue = np.int32(0)
            for dy in range(2):
                for dx in range(2):
                    r = np.int32(picture[y + dy, x + dx, 0])
                    g = np.int32(picture[y + dy, x + dx, 1])
                    b = np.int32(picture[y + dy, x + dx, 2])
                    into[y + dy, x + dx] = np.uint8(((66 * r + 129 * g + 25 * b + 128) >> 8) + 16)
                    red += r
                    green += g
                    blue += b
            at = (y >> 1) * (width >> 1) + (x >> 1)
            flat[blue_plane + at] = np.uint8(
                ((-38 * red - 74 * green + 112 * blue + 512) >> 10) + 128
            )
            flat[red_plane + at] = np.uint8(
                ((112 * red - 94 * green - 18 * blue + 512) >> 10) + 128
            )
