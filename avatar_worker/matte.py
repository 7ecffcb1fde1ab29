"""A head without a background, from the same head before a black one and a white one.

What is drawn mixes head and background by how much of a pixel the head covers. So the difference of
the two pictures is what it does not cover (Smith and Blinn, "Blue Screen Matting", SIGGRAPH 1996,
their "triangulation"), whatever renderer drew them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.engine import EngineError, Figure, make_renderer
from avatar_worker.face import HeadPose

_BLEED: Final = 4
"""Pixels by which the head's colours go on under what is transparent: encoders average colours over
two pixels, players over more."""

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Matte:
    """Draws one head in one size. Raises :class:`EngineError` where its renderer lacks RGBA."""

    def __init__(self, figure: Figure, engine: str, width: int, height: int) -> None:
        self._on: list[Any] = []
        for level in (0, 255):
            backdrop = np.full((height, width, 4), level, np.uint8)
            backdrop[..., 3] = 255
            renderer = make_renderer(figure, engine, width, height, backdrop)
            if not hasattr(renderer, "draw_rgba"):
                raise EngineError(f"{engine!r} has no draw_rgba: it cannot be transparent")
            self._on.append(renderer)

    def __call__(self, weights: Floats, pose: HeadPose) -> Bytes:
        """RGBA (height, width, 4), colours not multiplied by alpha."""
        black, white = (on.draw_rgba(weights, pose)[..., :3].astype(np.float32) for on in self._on)
        return cut_out(black, white)


def cut_out(black: Floats, white: Floats) -> Bytes:
    """RGBA (h, w, 4) of the same picture (h, w, 3), 0..255, on black and on white."""
    alpha = np.clip(255.0 - (white - black).mean(axis=2), 0.0, 255.0).round()
    known = alpha > 0
    colours = np.where(
        known[..., None], black * 255.0 / np.maximum(alpha, 1.0)[..., None], 0.0
    ).clip(0, 255)
    for _ in range(_BLEED):
        colours, known = _grow(colours, known)
    return np.concatenate([colours, alpha[..., None]], axis=2).round().astype(np.uint8)


def _grow(colours: Floats, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Give unknown pixels beside known ones the mean of those."""
    height, width = known.shape
    padded = np.pad(colours * known[..., None], ((1, 1), (1, 1), (0, 0)))
    counted = np.pad(known.astype(np.float32), 1)
    total, count = np.zeros_like(colours), np.zeros((height, width), np.float32)
    for y in range(3):
        for x in range(3):
            total += padded[y : y + height, x : x + width]
            count += counted[y : y + height, x : x + width]
    grown = np.where(known[..., None], colours, total / np.maximum(count, 1)[..., None])
    return grown, known | (count > 0)
