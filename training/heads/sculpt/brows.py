"""Eyebrows, painted hair by hair as seen from the front."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from .numbers import Floats, ramp
from .person import Brow

BROW_BOX = (-0.24, 0.06, 0.36, 0.50)
"""Left, bottom, right, top of the picture about the left eye's centre, in decimetres."""
_SCALE = 1600
"""Pixels a decimetre while painting."""
_INNER, _OUTER = -0.175, 0.285


def _spine(brow: Brow, t: Floats) -> tuple[Floats, Floats]:
    """Middle line from the nose (t = 0) to the temple (1)."""
    x = _INNER + (_OUTER - _INNER) * t
    y = 0.232 + brow.raise_ + brow.arch * np.sin(np.pi * np.clip(t * 0.80 + 0.02, 0, 1)) ** 1.3
    y = y - 0.050 * ramp(0.60, 1.05, t)
    return x, np.asarray(y)


def paint_brow(brow: Brow) -> Floats:
    """Coverage (high, wide) of the left brow in :data:`BROW_BOX`."""
    left, bottom, right, top = BROW_BOX
    wide, high = int((right - left) * _SCALE), int((top - bottom) * _SCALE)
    image = Image.new("L", (wide, high), 0)
    draw = ImageDraw.Draw(image)
    rng = np.random.default_rng(13)
    for _ in range(520):
        t = float(rng.random() ** 0.9)
        thick = brow.thickness * (0.55 + 0.45 * float(ramp(0.0, 0.22, t)))
        thick *= 1 - 0.72 * float(ramp(0.50, 1.0, t))
        across = rng.uniform(-1, 1)
        x, y = (float(v) for v in _spine(brow, np.asarray(t)))
        y += 0.5 * thick * across
        # Upright at the nose, then along the brow; upper hairs lean down, lower ones up.
        angle = np.radians(72 - 66 * float(ramp(0.0, 0.42, t)) - 22 * float(ramp(0.55, 1, t)))
        angle -= 0.30 * across * float(ramp(0.15, 0.5, t))
        angle += rng.normal(0, 0.10)
        length = 0.052 * rng.uniform(0.7, 1.15) * (1 - 0.3 * t)
        points = []
        for s in np.linspace(-0.5, 0.5, 6):
            bend = angle - 0.35 * s
            px, py = x + np.cos(bend) * length * s, y + np.sin(bend) * length * s
            points.append(((px - left) * _SCALE, (top - py) * _SCALE))
        draw.line(points, int(rng.uniform(120, 255)), 4)
    hairs = np.asarray(image, np.float64) / 255
    body = gaussian_filter(hairs, 9)
    return np.asarray(np.clip(0.45 * gaussian_filter(hairs, 2.2) + 0.95 * body, 0, 1))
