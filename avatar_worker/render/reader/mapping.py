"""Textures cut, repeated and shrunk to what a picture can show of them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_worker.render.head import Floats
from avatar_worker.render.limits import MAX_TEXTURE_SIDE
from avatar_worker.render.textures import shrink

from .pieces import Piece

REPEAT, CLAMP, MIRROR = 10497, 33071, 33648
"""glTF's numbers for what lies beyond a texture."""
ALL: Final = (0.0, 0.0, 1.0, 1.0)
_MARGIN: Final = 1 / 64
"""Of a texture, around what is used of it: smaller levels look further."""
_WORTH: Final = 0.8
"""Share of a texture below which making it smaller is worth it."""


def crop(uv: Floats) -> tuple[tuple[float, ...], Floats]:
    """The part of the texture that is used, in 1/32 of it, and the coordinates in that part."""
    inside = np.clip(uv, 0, 1)
    low = np.maximum(np.floor((inside.min(axis=0) - _MARGIN) * 32), 0) / 32
    high = np.minimum(np.ceil((inside.max(axis=0) + _MARGIN) * 32), 32) / 32
    if float(np.prod(high - low)) > _WORTH:
        return ALL, uv
    return (*low.tolist(), *high.tolist()), ((uv - low) / (high - low)).astype(np.float32)


def cut(image: Image.Image, box: tuple[float, ...]) -> Image.Image:
    """The part of the image that :func:`crop` named."""
    if box == ALL:
        return image
    left, top, right, bottom = (
        round(place * side) for place, side in zip(box, image.size * 2, strict=True)
    )
    return image.crop((left, top, max(right, left + 2), max(bottom, top + 2)))


def fit(image: Image.Image, uv: Floats, piece: Piece, fine: float) -> Image.Image:
    """The image with no more than ``fine`` texels a metre."""
    corners, places = uv[piece.triangles], piece.position[piece.triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    flat = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).astype(np.float64)
    solid = np.linalg.norm(
        np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0]), axis=1
    ).astype(np.float64)
    texels = float(flat.sum()) * image.width * image.height
    if texels <= 0:
        return image
    scale = fine * np.sqrt(float(solid.sum()) / texels)
    if scale > _WORTH:
        return image
    size = (max(4, round(image.width * scale)), max(4, round(image.height * scale)))
    return shrink(image, size)


def transform(uv: Floats, transform: dict[str, Any]) -> Floats:
    """KHR_texture_transform: scale, then rotation, then offset."""
    angle = float(transform.get("rotation", 0))
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    scale = np.asarray(transform.get("scale", [1, 1]), np.float64)
    offset = np.asarray(transform.get("offset", [0, 0]), np.float64)
    moved = (uv.astype(np.float64) * scale) @ turn.T + offset
    if not np.isfinite(moved).all():
        raise ValueError("a texture is moved out of all measure")
    return np.asarray(moved, np.float32)


def tile(image: Image.Image, tiles: tuple[int, int], wrap: tuple[int, int]) -> Image.Image:
    """The image side by side with itself: the rasterizer knows no other way to repeat."""
    if tiles == (1, 1):
        return image
    size = tuple(
        min(side, max(2, MAX_TEXTURE_SIDE // count))
        for side, count in zip(image.size, tiles, strict=True)
    )
    small = np.asarray(shrink(image, (size[0], size[1])))
    rows = [small[::-1] if wrap[1] == MIRROR and y % 2 else small for y in range(tiles[1])]
    columns: list[NDArray[np.uint8]] = []
    for x in range(tiles[0]):
        column = np.concatenate(rows)
        columns.append(column[:, ::-1] if wrap[0] == MIRROR and x % 2 else column)
    return Image.fromarray(np.concatenate(columns, axis=1), "RGBA")
