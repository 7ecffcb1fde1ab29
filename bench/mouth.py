"""How far a mouth is open in one picture, wherever the head has turned.

Lips are redder than skin, and what shows between them when they part is less red: teeth are white,
the rest is dark. So the red half of a picture's colour (V of I420) tells where the mouth is, and
how many of the pixels there are neither skin nor lips. Closed lips leave none, and a head that
turns or nods brings none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

FACE: Final = (0.34, 0.66, 0.50, 0.73)
"""Where lips may be, however the head is turned: left, right, top, bottom as parts of the picture.
Most of it is skin."""
REACH: Final = (0.075, 0.05)
"""From the middle of the lips to the sides, up and down: a mouth wide open, and no hair."""
REDDER: Final = 4.0
"""Steps of V, of 256, from skin to lips; what is as much less red is neither …"""
APART: Final = 16.0
"""… and what is so many more steps away is nothing else."""

Floats = NDArray[np.float32]


def openness(frame: rtc.VideoFrame) -> float | None:
    """What shows between the lips, in thousandths of the picture: an open mouth is about 1.

    None where nothing is redder than the rest, as in a picture without a face.
    """
    if frame.type != rtc.VideoBufferType.I420:
        frame = frame.convert(rtc.VideoBufferType.I420)
    width, height = frame.width // 2, frame.height // 2
    red = np.frombuffer(frame.data, np.uint8)[5 * width * height : 6 * width * height]
    left, right = (round(part * width) for part in FACE[:2])
    top, bottom = (round(part * height) for part in FACE[2:])
    face = red.reshape(height, width)[top:bottom, left:right].astype(np.float32)
    skin = float(np.median(face[::2, ::2]))
    around = _around(np.maximum(face - skin - REDDER, 0), REACH[1] * height, REACH[0] * width)
    if around is None:
        return None
    between = np.clip((skin - REDDER - face[around]) / APART, 0, 1)
    return 1000 * float(between.sum()) / (width * height)


def _around(lips: Floats, rise: float, aside: float) -> tuple[slice, slice] | None:
    """Rows and columns within ``rise`` and ``aside`` of the middle of the lips.

    ``lips``: (h, w), how much redder than skin each pixel is. None where none is.
    """
    top = left = 0
    seen = lips
    for _ in range(2):  # the second time without what else is red, such as nostrils
        total = float(seen.sum())
        if not total:
            return None
        row = top + float(seen.sum(1) @ np.arange(seen.shape[0])) / total
        column = left + float(seen.sum(0) @ np.arange(seen.shape[1])) / total
        top, left = max(0, round(row - rise)), max(0, round(column - aside))
        around = slice(top, round(row + rise) + 1), slice(left, round(column + aside) + 1)
        seen = lips[around]
    return around
