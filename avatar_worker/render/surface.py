"""What a head's triangles look like at one picture size: mip level, and whether alpha matters."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .head import Head
from .jit import kernel
from .materials import ALPHA, DECAL
from .raster import LIFTED, SEE_THROUGH, TWO_SIDED

_TEXELS_A_PIXEL: Final = 2.5
"""Texels under a pixel above which the next smaller level is taken."""
_AT_ONCE: Final = 1024
"""Triangles: what all of them need in between, the process would keep."""
_SOLID: Final = 240
"""Alpha that covers all four samples whatever the dither."""


def choose_textures(head: Head, screen: NDArray[np.float32]) -> NDArray[np.int32]:
    """Offset, width, height (m, 3) of each triangle's texels, for its size on ``screen`` (n, 3)."""
    chosen = np.empty((len(head.triangles), 3), np.int32)
    for begin in range(0, len(chosen), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        chosen[some] = _choose(head, some, screen)
    return chosen


def _choose(head: Head, some: slice, screen: NDArray[np.float32]) -> NDArray[np.int32]:
    triangles = head.triangles[some]
    table = head.texture_table[head.triangle_part[some]]
    pixels = np.abs(_twice_area(screen[triangles][..., :2]))
    texels = np.abs(_twice_area(head.uv[triangles])) * table[:, 0, 1] * table[:, 0, 2]
    ratio = texels / np.maximum(pixels, 1e-9) / _TEXELS_A_PIXEL
    level = np.ceil(np.log(np.maximum(ratio, 1e-9)) / np.log(4))
    level = np.clip(level, 0, table.shape[1] - 1).astype(np.int64)
    level[pixels == 0] = 0
    return np.asarray(table[np.arange(len(triangles)), level])


def describe_surface(head: Head, texture: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Bits of ``raster.py`` (m,) for each triangle; hair that is solid all over tests no alpha."""
    kind = head.part_kind[head.triangle_part]
    surface = np.zeros(len(kind), np.uint8)
    surface[kind == DECAL] = LIFTED
    candidates = np.flatnonzero((kind == ALPHA) | (kind == DECAL)).astype(np.int32)
    solid = np.zeros(len(candidates), np.bool_)
    _find_solid(candidates, head.triangles, head.uv, texture, head.texels, solid)
    surface[candidates] |= np.where(solid, TWO_SIDED, TWO_SIDED | SEE_THROUGH).astype(np.uint8)
    return surface


@kernel
def _find_solid(
    candidates: NDArray[np.int32],
    triangles: NDArray[np.int32],
    uv: NDArray[np.float32],
    texture: NDArray[np.int32],
    texels: NDArray[np.uint8],
    solid: NDArray[np.bool_],
) -> None:
    """Mark the candidates whose texels, over the box around the triangle, are all opaque."""
    for number in range(len(candidates)):
        t = candidates[number]
        offset, wide, high = texture[t, 0], texture[t, 1], texture[t, 2]
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        left = min(uv[i, 0], min(uv[j, 0], uv[k, 0])) * wide
        right = max(uv[i, 0], max(uv[j, 0], uv[k, 0])) * wide
        top = min(uv[i, 1], min(uv[j, 1], uv[k, 1])) * high
        bottom = max(uv[i, 1], max(uv[j, 1], uv[k, 1])) * high
        least = 255
        for row in range(max(int(top) - 1, 0), min(int(bottom) + 2, high)):
            for column in range(max(int(left) - 1, 0), min(int(right) + 2, wide)):
                least = min(least, int(texels[offset + row * wide + column, 3]))
        solid[number] = least >= _SOLID


def _twice_area(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.float32)
