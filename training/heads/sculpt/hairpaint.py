"""Textures of hair: sheets and locks of strands with roots, tips and tones; curls."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from .numbers import Floats, bump, ramp
from .person import Colour, Hair

TILES = 16
"""Columns of a texture of strands: the sheet's first, then the locks'."""
LOCKS = 6
"""Locks, from dense to a few hairs: the last columns."""
SHEET = 1 - LOCKS / TILES
"""Share of the texture's width that the sheet takes."""
TUFTS = 16
"""Tufts in a texture of curls, in its two last columns."""
CAP = 0.8
"""Share of its width that is coils without a gap."""
AGAIN = 0.8
"""Share of them after which they repeat, across and down."""
_REPEATS = ((0, 0), (0, 1), (0, -1), (1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1))
_HIGH, _WIDE = 1024, 64
_DENSITY = (0.92, 0.80, 0.66, 0.52, 0.36, 0.22)


def gradient(level: Floats, dark: Colour, middle: Colour, light: Colour) -> Floats:
    """Colour (…, 3) in 0..1 of levels 0..1."""
    stops = np.array([dark, middle, light], np.float64) / 255
    return np.stack([np.interp(level, [0, 0.5, 1], stops[:, k]) for k in range(3)], axis=-1)


def paint_strands(hair: Hair, *, ring: float, thin_edge: bool, seed: int) -> Floats:
    """(1024, 1024, 4): a sheet of strands, then locks; roots at the top.

    ``ring``: how far down the sheet's light lies. With a ``thin_edge`` its left border is hairs,
    and it ends in tips; without it is solid.
    """
    rng = np.random.default_rng(seed)
    y = ((np.arange(_HIGH) + 0.5) / _HIGH)[:, None]
    tiles = []
    for density in (1.0, *_DENSITY):
        wide = _WIDE if tiles else _WIDE * (TILES - LOCKS)
        x = np.arange(wide)[None] + 0.5
        straight = [_streaks(rng, wide, size) for size in (0.75, 2.4, 9.0)]
        fine, middle, broad = map(_bend, straight)
        level = 0.47 + 0.08 * fine + 0.06 * middle + 0.05 * broad
        # What a lamp above draws across round hairs, each at its own height.
        light = bump(y + 0.022 * middle + 0.03 * broad, ring, 0.075)
        level = level + light * (0.17 + 0.07 * fine) - 0.14 * (1 - ramp(0.0, 0.16, y))
        level = level + 0.08 * ramp(0.45, 1.0, y)
        # Strands as wide as a pixel: thinner ones would be rows of dots.
        need = np.clip(0.42 + 0.09 * straight[0] + 0.27 * straight[1], 0.03, 0.97)
        # A hair that has ended does not begin anew below: that would be a crumb beside the lock.
        need = _bend(np.maximum.accumulate(need, axis=0))
        if tiles:
            tip = np.clip((1 - y) / 0.38, 0, 1) ** 0.8
            rim = np.clip((0.47 - np.abs(x / wide - 0.5)) / 0.25, 0, 1) ** 0.7
            shown = density * rim * np.minimum(tip, np.clip(y / 0.10, 0, 1))
            alpha = ramp(-0.09, 0.09, shown - need) * np.clip(shown * 8, 0, 1)
        elif thin_edge:
            tip = np.clip((1 - y + 0.02 * broad - 0.01) / 0.19, 0, 1) ** 0.8
            rim = np.clip((x + 1.5 * broad) / 10, 0, 1) ** 0.8
            # Ragged, but whole: a gap behind its outermost hairs would look like a crack.
            rim = np.maximum.accumulate(ramp(-0.09, 0.09, rim - need * 0.75), axis=1)
            alpha = np.minimum(rim, ramp(-0.09, 0.09, tip - need * 0.75))
        else:
            alpha = np.ones_like(level)
        rgb = gradient(np.clip(level, 0, 1), hair.dark, hair.middle, hair.light)
        tiles.append(np.concatenate([rgb, alpha[..., None]], axis=2))
    return np.concatenate(tiles, axis=1)


def _streaks(rng: np.random.Generator, wide: int, size: float) -> Floats:
    """Noise (_HIGH, wide) of deviation 1: hairs ``size`` texels thick that come and go."""
    noise = gaussian_filter(rng.normal(size=(_HIGH, wide)), (60 + 12 * size, size), mode="wrap")
    noise = 0.7 * noise / noise.std()
    steady = gaussian_filter(rng.normal(size=wide), size, mode="wrap")
    return np.asarray(noise + 0.7 * (steady / steady.std())[None])


def _bend(noise: Floats) -> Floats:
    """The same hairs (_HIGH, n), but not straight."""
    y, wide = np.arange(_HIGH), noise.shape[1]
    shift = np.round(3 * np.sin(2 * np.pi * y / 610) + 2 * np.sin(2 * np.pi * y / 230 + 1))
    at = (np.arange(wide)[None] + shift[:, None].astype(np.int64)) % wide
    return np.asarray(np.take_along_axis(noise, at, axis=1))


def paint_curls(hair: Hair, *, seed: int) -> Floats:
    """(384, 480, 4): coils without a gap, 384 wide; beside them 8 × 2 tufts of coils."""
    rng = np.random.default_rng(seed)
    cap = _coils(rng, 384, 5_500, (3.0, 6.5), solid=True)
    tufts = [_coils(rng, 48, count, (2.6, 5.6), solid=False) for count in (210, 170) * (TUFTS // 2)]
    rows = [np.concatenate(tufts[at : at + 2], axis=1) for at in range(0, TUFTS, 2)]
    level = np.concatenate([cap, np.concatenate(rows)], axis=1)
    rgb = gradient(np.clip(level[..., 0] * 1.1, 0, 1), hair.dark, hair.middle, hair.light)
    return np.concatenate([rgb, level[..., 1:]], axis=2)


def _coils(
    rng: np.random.Generator, side: int, count: int, radii: tuple[float, float], *, solid: bool
) -> Floats:
    """(side, side, 2): level and alpha of arcs all over it, or of a round tuft."""
    scale = 3
    big = side * scale
    cover = Image.new("L", (big, big), 255 if solid else 0)
    level = Image.new("L", (big, big), 70)
    on_cover, on_level = ImageDraw.Draw(cover), ImageDraw.Draw(level)
    again = AGAIN * big
    thin = radii[1] / 15
    for _ in range(count):
        radius = rng.uniform(*radii) * scale
        far = (rng.random() ** 0.7) * (0.5 * big - radius - 4)
        if solid:
            at = rng.uniform(0, again, 2)
        else:
            way = rng.uniform(0, 2 * np.pi)
            at = np.array([np.cos(way), np.sin(way)]) * far + big / 2
        start = rng.uniform(0, 360)
        shade = int(np.clip(rng.normal(118, 44), 15, 250))
        thick = max(int(rng.uniform(2.2, 4.4) * scale * thin), 1)
        sweep = rng.uniform(150, 320)
        for aside, down in _REPEATS if solid else _REPEATS[:1]:
            x, y = at[0] + aside * again, at[1] + down * again
            box = [x - radius, y - radius * 0.8, x + radius, y + radius * 0.8]
            on_cover.arc(box, start, start + sweep, 255, thick)
            on_level.arc(box, start, start + sweep, int(shade * 0.55), thick)
            inner = [box[0] + scale, box[1] + scale, box[2] - scale, box[3] - scale]
            on_level.arc(inner, start, start + sweep, shade, max(thick - 2 * scale, scale))
    small = (side, side)
    alpha = np.asarray(cover.resize(small, Image.Resampling.BOX)) / 255.0
    shades = np.asarray(level.resize(small, Image.Resampling.BOX)) / 255.0
    shades = 0.75 * shades + 0.25 * gaussian_filter(shades, 2)
    return np.stack([shades, alpha], axis=-1)
