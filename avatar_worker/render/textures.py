"""Textures as one flat array of texels with all mip levels, as the rasterizer samples them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LEVELS: Final = 5
"""Mip levels of each texture."""


def shrink(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The RGBA ``image`` made smaller: what is see-through hardly colours what is not.

    Pillow multiplies by alpha in bytes and divides again: of alpha 1 to 3 come black, red and white
    texels, which show along every hair.
    """
    if np.asarray(image.getchannel("A")).min() == 255:
        return image.resize(size, Image.Resampling.BOX)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BOX))

    alpha = np.asarray(image.getchannel("A"), np.float32)
    weight = alpha + np.float32(1)
    total = mean(weight)
    bands = [
        mean(np.asarray(image.getchannel(band), np.float32) * weight) / total for band in "RGB"
    ]
    pixels = np.rint(np.dstack([*bands, total - 1])).clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels, "RGBA")


def build_pyramids(images: Sequence[Image.Image]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Texels (t, 4) RGBA of all levels, and a table (images, LEVELS, 3) of offset, width, height.

    Colour and alpha shrink apart: Pillow's RGBA resize multiplies by alpha, which turns the colour
    of see-through texels black and gives every strand of hair a dark rim.
    """
    flat: list[NDArray[np.uint8]] = []
    table = np.zeros((len(images), LEVELS, 3), np.int32)
    offset = 0
    for number, image in enumerate(images):
        colour, alpha = image.convert("RGB"), image.getchannel("A")
        for level in range(LEVELS):
            size = (max(2, image.width >> level), max(2, image.height >> level))
            colour = colour.resize(size, Image.Resampling.BOX)
            alpha = alpha.resize(size, Image.Resampling.BOX)
            texels = np.dstack([np.asarray(colour), np.asarray(alpha)]).reshape(-1, 4)
            table[number, level] = (offset, *size)
            flat.append(texels)
            offset += len(texels)
    return np.concatenate(flat), table


def pack_coverage(
    texels: NDArray[np.uint8], table: NDArray[np.int32], wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """``coverage`` and ``coverage_shift`` of a :class:`Head`, for the rows ``wanted`` of its table.

    The last texel of a row or column has itself for a neighbour.
    """
    flat: list[NDArray[np.uint32]] = [np.zeros(1, np.uint32)]
    shift = np.zeros(len(table), np.int32)
    packed: dict[int, int] = {}
    for number in np.flatnonzero(wanted).tolist():
        begin = int(table[number, 0, 0])
        if begin not in packed:
            packed[begin] = sum(map(len, flat)) - begin
            for offset, wide, high in table[number].tolist():
                alpha = texels[offset : offset + wide * high, 3].reshape(high, wide)
                wider = np.pad(alpha, ((0, 1), (0, 1)), "edge").astype(np.uint32)
                pair = wider[:, :-1] | wider[:, 1:] << np.uint32(8)
                flat.append((pair[:-1] | pair[1:] << np.uint32(16)).reshape(-1))
        shift[number] = packed[begin]
    return np.concatenate(flat).view(np.int32), shift
