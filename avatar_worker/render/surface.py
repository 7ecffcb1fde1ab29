"""What a head's triangles look like at one picture size: mip level, and whether alpha matters."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import Head
from .materials import ALPHA, DECAL
from .raster import LIFTED, SEE_THROUGH, TWO_SIDED

_TEXELS_A_PIXEL: Final = 2.5
"""Texels under a pixel above which the next smaller level is taken."""
_SOLID: Final = 0.94 * 255
"""Alpha that covers all four samples whatever the dither."""


def choose_textures(
    head: Head, triangles: NDArray[np.int32], screen: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Offset, width, height (m, 3) of each triangle's texels, for its size on ``screen``."""
    table = head.texture_table[head.triangle_part]
    pixels = np.abs(_twice_area(screen[triangles][..., :2]))
    texels = np.abs(_twice_area(head.uv[triangles])) * table[:, 0, 1] * table[:, 0, 2]
    ratio = texels / np.maximum(pixels, 1e-9) / _TEXELS_A_PIXEL
    level = np.ceil(np.log(np.maximum(ratio, 1e-9)) / np.log(4))
    level = np.clip(level, 0, table.shape[1] - 1).astype(np.int64)
    level[pixels == 0] = 0
    return np.ascontiguousarray(table[np.arange(len(triangles)), level])


def describe_surface(head: Head, texture: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Bits of ``raster.py`` (m,) for each triangle; hair that is solid all over tests no alpha."""
    kind = head.part_kind[head.triangle_part]
    surface = np.zeros(len(kind), np.uint8)
    surface[kind == DECAL] = LIFTED
    for t in np.flatnonzero((kind == ALPHA) | (kind == DECAL)):
        offset, wide, high = texture[t]
        corner = head.uv[head.triangles[t]] * (wide, high) - 0.5
        low = np.clip(np.floor(corner.min(axis=0)), 0, (wide - 2, high - 2)).astype(int)
        top = np.clip(np.floor(corner.max(axis=0)) + 2, 2, (wide, high)).astype(int)
        alpha = head.texels[offset : offset + wide * high, 3].reshape(high, wide)
        solid = alpha[low[1] : top[1], low[0] : top[0]].min() >= _SOLID
        surface[t] |= TWO_SIDED if solid else TWO_SIDED | SEE_THROUGH
    return surface


def _twice_area(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.float32)
