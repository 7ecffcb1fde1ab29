"""Paints what is behind the head."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_TOP, _BOTTOM = 1.05, 0.86
_GLOWS: Final = ((0.20, 0.22, 0.22, 0.07), (0.86, 0.30, 0.24, 0.04), (0.72, 0.85, 0.30, -0.10),
                 (0.05, 0.88, 0.28, -0.09))  # fmt: skip
"""Centre x, y and radius in parts of the picture, and how much lighter it is there."""
_VIGNETTE: Final = 0.2
_UNDER: Final = (0xD9, 0xDE, 0xE6, 255)
"""What shows through a picture that is not opaque."""
_GRAIN: Final = 0.5
"""Levels of noise, so that the gradient does not show steps."""


def parse_colour(text: str) -> tuple[int, int, int]:
    """Red, green, blue of ``#rrggbb``; raises :class:`ValueError` for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"the background must be a colour like #d9dee6, not {text!r}")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def paint_backdrop(width: int, height: int, colour: str) -> NDArray[np.uint8]:
    """RGBA (height, width, 4) in shades of ``#rrggbb``; the same for the same arguments."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x + 0.5) / width, (y + 0.5) / height
    level = _TOP + (_BOTTOM - _TOP) * y
    for centre_x, centre_y, radius, lift in _GLOWS:
        level += lift * np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * radius**2))
    level *= 1 - _VIGNETTE * ((x - 0.5) ** 2 + (y - 0.45) ** 2)
    picture = level[..., None] * np.array(parse_colour(colour), np.float32)
    picture += np.random.default_rng(0).normal(0, _GRAIN, (height, width, 1))
    opaque = np.full((height, width, 1), 255.0)
    return np.concatenate([picture, opaque], axis=2).clip(0, 255).round().astype(np.uint8)


def paint_gradient(width: int, height: int, top: str, bottom: str) -> NDArray[np.uint8]:
    """RGBA (height, width, 4) from ``#rrggbb`` at the top to ``#rrggbb`` at the bottom, evenly."""
    ends = np.array([parse_colour(top), parse_colour(bottom)], np.float32)
    share = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None, None]
    picture = np.repeat(ends[0] + (ends[1] - ends[0]) * share, width, axis=1)
    picture += np.random.default_rng(0).normal(0, _GRAIN, (height, width, 1))
    opaque = np.full((height, width, 1), 255.0)
    return np.concatenate([picture, opaque], axis=2).clip(0, 255).round().astype(np.uint8)


def fit_picture(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """RGBA (height, width, 4): the picture's middle, filling the frame, on light grey.

    ``picture``: RGBA, of any size.
    """
    image = Image.fromarray(picture)
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    under = Image.new("RGBA", (width, height), _UNDER)
    return np.asarray(Image.alpha_composite(under, fitted)).copy()
