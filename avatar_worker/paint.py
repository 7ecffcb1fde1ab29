"""Paints what is behind the head."""

from __future__ import annotations

import re
from collections.abc import Callable
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
_STRIP: Final = 4
"""Rows that are painted at once."""
_GRAIN: Final = 0.5
"""Levels of noise, so that the gradient does not show steps."""


def parse_colour(text: str) -> tuple[int, int, int]:
    """Red, green, blue of ``#rrggbb``; raises :class:`ValueError` for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"the background must be a colour like #d9dee6, not {text!r}")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def paint_backdrop(width: int, height: int, colour: str) -> NDArray[np.uint8]:
    """RGBA (height, width, 4) in shades of ``#rrggbb``; the same for the same arguments."""
    full = np.array(parse_colour(colour), np.float32)

    def paint(rows: slice) -> NDArray[np.float32]:
        y, x = np.mgrid[rows, 0:width].astype(np.float32)
        x, y = (x + 0.5) / width, (y + 0.5) / height
        level = _TOP + (_BOTTOM - _TOP) * y
        for centre_x, centre_y, radius, lift in _GLOWS:
            level += lift * np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * radius**2))
        level *= 1 - _VIGNETTE * ((x - 0.5) ** 2 + (y - 0.45) ** 2)
        return np.asarray(level[..., None] * full)

    return _paint_strips(width, height, paint)


def paint_gradient(width: int, height: int, top: str, bottom: str) -> NDArray[np.uint8]:
    """RGBA (height, width, 4) from ``#rrggbb`` at the top to ``#rrggbb`` at the bottom, evenly."""
    ends = np.array([parse_colour(top), parse_colour(bottom)], np.float32)
    share = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None, None]
    lines = ends[0] + (ends[1] - ends[0]) * share
    return _paint_strips(width, height, lambda rows: np.repeat(lines[rows], width, axis=1))


def _paint_strips(
    width: int, height: int, paint: Callable[[slice], NDArray[np.float32]]
) -> NDArray[np.uint8]:
    """The picture of which ``paint`` gives some rows, with grain, a strip after another.

    What a whole one needs in between, 40 MB for 1280 x 720, the process would keep in part.
    """
    picture = np.full((height, width, 4), 255, np.uint8)
    random = np.random.default_rng(0)
    for top in range(0, height, _STRIP):
        rows = slice(top, min(top + _STRIP, height))
        strip = paint(rows)
        strip += random.normal(0, _GRAIN, (*strip.shape[:2], 1))
        picture[rows, :, :3] = strip.clip(0, 255).round()
    return picture


def fit_picture(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """RGBA (height, width, 4): the picture's middle, filling the frame, on light grey.

    ``picture``: RGBA, of any size.
    """
    image = Image.fromarray(picture)
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    under = Image.new("RGBA", (width, height), _UNDER)
    return np.asarray(Image.alpha_composite(under, fitted)).copy()
