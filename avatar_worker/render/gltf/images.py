"""Decodes the images of a file, within limits."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, UnidentifiedImageError

from avatar_worker.heads import HeadError
from avatar_worker.render.limits import (
    MAX_IMAGE_BYTES,
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_SIDE,
    MAX_TEXTURE_SIDE,
)
from safe_pictures import MAX_JPEG_SCANS, has_too_many_scans, in_smooth_mode

from .container import Refusal, read_data_uri
from .glb import Glb

_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
)


def read_image(glb: Glb, index: object) -> Image.Image:
    """Image ``index`` as RGBA, no side longer than ``MAX_TEXTURE_SIDE``."""
    entry = glb.item("images", index)
    if entry.get("bufferView") is not None:
        data = bytes(glb.view(entry["bufferView"]))
    else:
        try:
            data = read_data_uri(entry.get("uri"), f"images[{index}]")
        except Refusal as why:
            raise glb.problem(str(why)) from None
    if len(data) > MAX_IMAGE_BYTES:
        raise glb.problem(f"images[{index}] is larger than {MAX_IMAGE_BYTES // 1024**2} MiB")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            pixels = image.width * image.height
            if max(image.size) > MAX_IMAGE_SIDE or pixels > MAX_IMAGE_PIXELS:
                raise glb.problem(
                    f"images[{index}] has {image.width}x{image.height} pixels; "
                    f"{MAX_IMAGE_SIDE}x{MAX_IMAGE_PIXELS // MAX_IMAGE_SIDE} are the most"
                )
            if has_too_many_scans(data):
                raise glb.problem(f"images[{index}] has more than {MAX_JPEG_SCANS} scans")
            glb.budget.pixels -= pixels
            if glb.budget.pixels < 0:
                raise glb.problem("its images have too many pixels, all of them together")
            return _shrink(image)
    except HeadError:
        raise
    except _BROKEN:
        raise glb.problem(f"images[{index}] is not a whole JPEG, PNG or WebP") from None


def _shrink(image: Image.Image) -> Image.Image:
    longest = max(image.size)
    if longest > MAX_TEXTURE_SIDE:
        size = tuple(max(1, side * MAX_TEXTURE_SIDE // longest) for side in image.size)
        image.draft("RGB", (size[0], size[1]))  # a JPEG is decoded smaller at once
    image = in_smooth_mode(image)
    if longest > MAX_TEXTURE_SIDE:
        if image.mode not in ("L", "RGB", "RGBA"):
            image = image.convert("RGBA")
        image = image.resize((size[0], size[1]), Image.Resampling.BOX)
    return image.convert("RGBA")
