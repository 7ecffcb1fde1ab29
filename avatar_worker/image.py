"""Decodes a picture that may come from anybody."""

from __future__ import annotations

import io
import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from safe_pictures import MAX_JPEG_SCANS, has_too_many_scans, in_smooth_mode

MOST_PIXELS: Final = 40_000_000
"""A decoded one takes four bytes each: what a phone's camera makes still passes."""
SHORTER_SIDE: Final = 1280
"""Pixels that are kept of it, at most: enough to fill any usual frame."""
_STRETCH: Final = 4
"""The longer side is cut down to so many times that."""
_FORMATS: Final = ("JPEG", "PNG", "WEBP")


class ImageError(ValueError):
    """It cannot be used; the text, after its name, says why."""


def decode_image(content: bytes) -> NDArray[np.uint8]:
    """RGBA (height, width, 4), upright, in sRGB, at most :data:`SHORTER_SIDE` on its shorter side.

    Pillow and not PyAV, which knows neither the picture's colour profile nor, in every format,
    which way is up, and whose demuxers may open what a file names. Blocking. Raises
    :class:`ImageError`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes that are refused below
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise ImageError(
                f"has {image.width}x{image.height} pixels, more than {MOST_PIXELS / 1e6:g} million"
            )
        if has_too_many_scans(content):
            raise ImageError(f"is a JPEG of more than {MAX_JPEG_SCANS} scans")
        image.draft("RGB", _shrunk(image.width, image.height))
        upright = ImageOps.exif_transpose(_to_srgb(in_smooth_mode(image)))
    except UnidentifiedImageError:
        raise ImageError("is no JPEG, PNG or WebP picture") from None
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        raise ImageError(f"is damaged: {error}") from None
    small = _shrunk(upright.width, upright.height)
    if small != upright.size:
        upright = upright.resize(small, Image.Resampling.LANCZOS)
    return np.asarray(upright.convert("RGBA")).copy()


def _shrunk(width: int, height: int) -> tuple[int, int]:
    shorter, longer = sorted((width, height))
    share = min(1.0, SHORTER_SIDE / shorter, _STRETCH * SHORTER_SIDE / longer)
    return max(1, round(width * share)), max(1, round(height * share))


def _to_srgb(image: Image.Image) -> Image.Image:
    """The colours that the picture's own profile means."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    profile = image.info.get("icc_profile")
    if not profile:
        return image.convert(mode)
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        exif = image.getexif()
        converted = ImageCms.profileToProfile(
            image if image.mode in ("RGB", "RGBA", "CMYK", "L") else image.convert(mode),
            meant,
            ImageCms.createProfile("sRGB"),
            outputMode="RGB" if image.mode in ("CMYK", "L") else None,
        )
    except (ImageCms.PyCMSError, OSError):
        return image.convert(mode)
    assert converted is not None
    converted.info["exif"] = exif.tobytes()
    return converted
