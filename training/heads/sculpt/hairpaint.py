"""Textures of hair: strands with a root, a tip and a colour of their own; curls."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from .numbers import Floats, bump, ramp
from .person import Colour, Hair

TILES = 8
SOLID = 2
"""The first tiles are solid along most of their length, from edge to edge."""
_WIDE, _HIGH = 112, 1024


def gradient(level: Floats, dark: Colour, middle: Colour, light: Colour) -> Floats:
    """Colour (…, 3) in 0..1 of levels 0..1."""
    stops = np.array([dark, middle, light], np.float64) / 255
    return np.stack([np.interp(level, [0, 0.5, 1], stops[:, k]) for k in range(3)], axis=-1)


def paint_strands(hair: Hair, *, roots: float, ragged: float, seed: int) -> Floats:
    """(1024, TILES * 112, 4): tiles from dense to thin, roots at the top.

    ``roots`` and ``ragged``: the share of the length over which hairs begin and end. A hair is a
    line of one noise, which the lock's sway bends; what a lock shows of its hairs grows less
    towards its sides and its tip.
    """
    rng = np.random.default_rng(seed)
    y = ((np.arange(_HIGH) + 0.5) / _HIGH)[:, None]
    x = ((np.arange(_WIDE) + 0.5) / _WIDE)[None]
    tiles = []
    for tile in range(TILES):
        density = [1.0, 0.97, 0.93, 0.88, 0.78, 0.66, 0.5, 0.36][tile]
        sway = 0.05 * np.sin(2 * np.pi * (y * rng.uniform(0.5, 1.1) + rng.random()))
        sway = sway + 0.02 * np.sin(2 * np.pi * (y * rng.uniform(1.5, 2.5) + rng.random()))
        gather = 1 + 0.7 * ramp(0.55, 1.1, y)
        across = (0.5 + (x - 0.5) * gather + sway) * _WIDE + 60

        def hairs(width: float, across: Floats = across) -> Floats:
            noise = gaussian_filter(rng.normal(size=_WIDE * 3), width)
            return np.interp(across, np.arange(_WIDE * 3), noise / noise.std())

        fine, middle, broad = hairs(0.7), hairs(2.2), hairs(7.0)
        level = 0.5 + rng.normal(0, 0.035) + 0.055 * fine + 0.06 * middle + 0.06 * broad
        level = level - 0.07 * (1 - ramp(0.0, 0.2, y)) + 0.10 * ramp(0.35, 1.0, y)
        level = level + 0.09 * bump(y, 0.25, 0.10)
        threshold = np.clip(0.5 + 0.28 * fine + 0.16 * middle, 0.02, 0.98)
        tip = np.clip((1 - y) / ragged, 0, 1) ** 0.8
        start = np.clip(y / roots, 0, 1)
        rim = np.clip((0.42 - np.abs(x - 0.5)) / 0.20, 0, 1) ** 0.7
        shown = density * rim * np.minimum(tip, start)
        alpha = ramp(-0.10, 0.10, shown - threshold * (1 - 0.25 * density) * 1.0)
        alpha = alpha * np.clip(shown * 8, 0, 1)
        if tile < SOLID:
            # What lets nothing through is drawn twice as fast.
            alpha = np.maximum(alpha, ramp(0.08, 0.28, y) * ramp(0.74, 0.64, y))
        rgb = gradient(np.clip(level, 0, 1), hair.dark, hair.middle, hair.light)
        tiles.append(np.concatenate([rgb, alpha[..., None]], axis=2))
    return np.concatenate(tiles, axis=1)


def paint_curls(hair: Hair, *, seed: int) -> Floats:
    """(512, 1024, 4): 4 × 8 tufts of coils, the lower rows looser; the last tile is solid."""
    side, scale = 128, 3
    rng = np.random.default_rng(seed)
    rows = []
    for row in range(4):
        tiles = []
        for column in range(TILES):
            solid = row == 3 and column == TILES - 1
            big = side * scale
            cover = Image.new("L", (big, big), 255 if solid else 0)
            level = Image.new("L", (big, big), 70)
            on_cover, on_level = ImageDraw.Draw(cover), ImageDraw.Draw(level)
            count = 170 if solid else [150, 120, 90, 70][row]
            for _ in range(count):
                radius = rng.uniform(7, 15) * scale
                far = (rng.random() ** 0.7) * (0.5 * big - radius - 4)
                if solid:
                    at = rng.uniform(0, big, 2)
                else:
                    way = rng.uniform(0, 2 * np.pi)
                    at = np.array([np.cos(way), np.sin(way)]) * far + big / 2
                start = rng.uniform(0, 360)
                box = [at[0] - radius, at[1] - radius * 0.8, at[0] + radius, at[1] + radius * 0.8]
                shade = int(np.clip(rng.normal(118, 44), 15, 250))
                thick = int(rng.uniform(2.2, 4.4) * scale)
                sweep = rng.uniform(150, 320)
                on_cover.arc(box, start, start + sweep, 255, thick)
                on_level.arc(box, start, start + sweep, int(shade * 0.55), thick)
                inner = [box[0] + scale, box[1] + scale, box[2] - scale, box[3] - scale]
                on_level.arc(inner, start, start + sweep, shade, max(thick - 2 * scale, scale))
            small = (side, side)
            alpha = np.asarray(cover.resize(small, Image.Resampling.BOX)) / 255.0
            shades = np.asarray(level.resize(small, Image.Resampling.BOX)) / 255.0
            shades = 0.75 * shades + 0.25 * gaussian_filter(shades, 2)
            rgb = gradient(np.clip(shades * 1.1, 0, 1), hair.dark, hair.middle, hair.light)
            tiles.append(np.concatenate([rgb, alpha[..., None]], axis=2))
        rows.append(np.concatenate(tiles, axis=1))
    return np.concatenate(rows, axis=0)
