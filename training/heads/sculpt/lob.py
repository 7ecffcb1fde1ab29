"""A parted long bob."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.interpolate import interp1d

from .drape import Guide, along, keep_off, lock_noise, loosen, make_drape, shorten, weave
from .hair import Scalp, ribbons, taper
from .hairpaint import LOCKS, SHEET, TILES, paint_strands
from .numbers import Floats, ramp, unit
from .part import Part, join
from .person import Hair
from .roots import outward
from .surface import Surface

# About the point between the ears, at the height of the eyes: the side away from the parting, the
# person's right, from the face to the middle of the back; of the other side what differs.
_AT: Final = (0.0, 0.10, 0.28, 0.50, 0.70, 0.86, 1.0)
_FRONT_RIGHT: Final[tuple[Guide, ...]] = (
    (
        (0.17, 0.685, 0.75), (0.03, 0.685, 0.80), (-0.23, 0.635, 0.78), (-0.46, 0.49, 0.685),
        (-0.605, 0.25, 0.53), (-0.65, -0.07, 0.46), (-0.645, -0.42, 0.44), (-0.635, -0.79, 0.44),
        (-0.57, -1.14, 0.48),
    ),
    (
        (0.16, 0.86, 0.61), (-0.04, 0.91, 0.65), (-0.31, 0.82, 0.62), (-0.56, 0.60, 0.52),
        (-0.73, 0.26, 0.40), (-0.79, -0.08, 0.32), (-0.80, -0.43, 0.31), (-0.765, -0.81, 0.33),
        (-0.665, -1.17, 0.38),
    ),
    (
        (0.13, 1.02, 0.36), (-0.11, 1.07, 0.36), (-0.41, 0.96, 0.30), (-0.68, 0.68, 0.20),
        (-0.84, 0.28, 0.10), (-0.88, -0.08, 0.07), (-0.895, -0.45, 0.07), (-0.86, -0.83, 0.09),
        (-0.75, -1.19, 0.14),
    ),
)  # fmt: skip
_FRONT_LEFT: Final[tuple[Guide, ...]] = (
    (
        (0.17, 0.685, 0.75), (0.26, 0.675, 0.75), (0.38, 0.61, 0.72), (0.51, 0.46, 0.635),
        (0.615, 0.24, 0.52), (0.65, -0.07, 0.46), (0.645, -0.42, 0.44), (0.635, -0.79, 0.44),
        (0.57, -1.14, 0.48),
    ),
    (
        (0.16, 0.86, 0.61), (0.27, 0.89, 0.63), (0.43, 0.80, 0.59), (0.60, 0.58, 0.49),
        (0.74, 0.26, 0.38), (0.79, -0.08, 0.32), (0.80, -0.43, 0.31), (0.765, -0.81, 0.33),
        (0.665, -1.17, 0.38),
    ),
    (
        (0.13, 1.02, 0.36), (0.27, 1.06, 0.36), (0.49, 0.94, 0.29), (0.71, 0.67, 0.19),
        (0.85, 0.28, 0.10), (0.88, -0.08, 0.07), (0.895, -0.45, 0.07), (0.86, -0.83, 0.09),
        (0.75, -1.19, 0.14),
    ),
)  # fmt: skip
_BACK: Final[tuple[Guide, ...]] = (
    (
        (0.10, 1.12, 0.04), (-0.17, 1.15, 0.00), (-0.48, 1.01, -0.06), (-0.74, 0.70, -0.14),
        (-0.88, 0.28, -0.20), (-0.92, -0.10, -0.23), (-0.92, -0.48, -0.23),
        (-0.88, -0.86, -0.20), (-0.77, -1.21, -0.14),
    ),
    (
        (0.05, 1.13, -0.24), (-0.14, 1.14, -0.38), (-0.42, 0.99, -0.52), (-0.62, 0.68, -0.67),
        (-0.74, 0.28, -0.74), (-0.78, -0.10, -0.75), (-0.78, -0.50, -0.71),
        (-0.75, -0.88, -0.63), (-0.66, -1.21, -0.52),
    ),
    (
        (0.05, 1.13, -0.26), (-0.06, 1.13, -0.46), (-0.21, 0.98, -0.73), (-0.33, 0.67, -0.95),
        (-0.40, 0.26, -1.05), (-0.42, -0.12, -1.06), (-0.42, -0.52, -1.00),
        (-0.40, -0.90, -0.88), (-0.35, -1.23, -0.76),
    ),
    (
        (0.04, 1.13, -0.28), (0.01, 1.12, -0.48), (0.0, 0.97, -0.79), (0.0, 0.67, -1.03),
        (0.0, 0.26, -1.14), (0.0, -0.12, -1.15), (0.0, -0.52, -1.08), (0.0, -0.90, -0.94),
        (0.0, -1.24, -0.80),
    ),
)  # fmt: skip
_COLUMNS, _ROWS = 22, 16
_LOOSE, _WISPS = 14, 8
"""Of each side."""


def make_lob(hair: Hair, skin: Part, surface: Surface, scalp: Scalp) -> Part:
    """Parted on the person's left, to below the chin, ends turned in.

    Each side is one sheet from the parting down; locks lie on it and hang out of it.
    """
    rng = np.random.default_rng(5)
    right, left = _FRONT_RIGHT + _BACK, _FRONT_LEFT + tuple(map(_mirrored, _BACK))
    # Not the same hairs on both sides of the parting.
    pieces = _side(right, 0.0, surface, scalp, rng) + _side(left, 0.07, surface, scalp, rng)
    made = join(pieces)
    made.image = paint_strands(hair, ring=0.24, thin_edge=True, seed=2)
    return made


def _mirrored(guide: Guide) -> Guide:
    """On the other side; roots stay on the parting."""
    (x, y, z), *rest = guide
    return ((x, y, z), *((-a, b, c) for a, b, c in rest))


def _side(
    guides: tuple[Guide, ...],
    shift: float,
    surface: Surface,
    scalp: Scalp,
    rng: np.random.Generator,
) -> list[Part]:
    """A sheet and its locks. ``shift``: how far aside in the texture its hairs are taken from."""
    middle = np.array([0.0, scalp.eye_line, scalp.depth])
    away = outward(scalp)
    columns = np.linspace(0, 1, _COLUMNS) ** 1.2
    lines = weave(guides, _AT, columns, _ROWS) + middle
    parting = lines[:, 0].copy()
    lines = _wave(shorten(lines, 1 + 0.03 * lock_noise(rng, lines.shape[:2], 1.5)[:, 0]))
    t = along(_ROWS)[None]
    # Close to the face at its edge, or the ear would show between.
    lift = 0.02 + 0.07 * ramp(0.0, 0.2, t) * (0.2 + 0.8 * ramp(0.0, 0.2, columns)[:, None])
    lines = keep_off(lines, surface, lift)
    out = away(lines.reshape(-1, 3)).reshape(lines.shape)
    bulge = lock_noise(rng, lines.shape[:2], 1.1) * ramp(0.08, 0.5, t)
    lines = lines + 0.022 * bulge[..., None] * out
    # Both sides begin in the same places: else one would look in between.
    lines[:, 0] = parting
    shade = _shade(lines, scalp) + 0.05 * bulge
    # Of the back nothing but its inside is seen, behind the neck.
    height = scalp.local(lines.reshape(-1, 3))[:, 1].reshape(shade.shape)
    shade *= 1 - 0.5 * ramp(0.45, 0.75, columns)[:, None] * ramp(0.3, -0.3, height)
    sheet = make_drape(lines, columns + shift * np.sin(np.pi * columns), shade, out, SHEET)

    made = [sheet]
    for count, off, width, tiles in (
        (_LOOSE, 0.03, 0.14, (0, 4)),
        (_WISPS, 0.03, 0.11, (3, LOCKS)),
    ):
        # Beside the sheet's edge the forehead would show between.
        at = np.sort(0.07 + 0.93 * rng.random(count) ** 1.3)
        own = np.asarray(interp1d(columns, lines, axis=0)(at))
        own = shorten(own, rng.uniform(0.93, 1.05, count), rng.uniform(0, 0.45, count))
        own = loosen(own, away, rng.uniform(0.4 * off, off, count), rng)
        wide = width * taper(_ROWS, 0.5, 0.35)[None] * rng.uniform(0.7, 1.2, (count, 1))
        chosen = TILES - LOCKS + rng.integers(*tiles, count)
        light = np.clip(_shade(own, scalp) + 0.04, 0, 1)
        made.append(ribbons(own, wide, away, chosen, TILES, light, crisp=0.2))
    return made


def _wave(lines: Floats) -> Floats:
    """Strands swing to and fro on their way down, neighbours nearly alike."""
    t = along(lines.shape[1])[None]
    phase = np.linspace(0, 2.2, len(lines))[:, None]
    swing = 0.03 * ramp(0.35, 0.75, t) * np.sin(2 * np.pi * 1.6 * t + phase)
    way = unit(np.gradient(lines, axis=1))
    aside = unit(np.cross(way, [0.0, 1.0, 0.0]) + 1e-6)
    return np.asarray(lines + swing[..., None] * aside)


def _shade(lines: Floats, scalp: Scalp) -> Floats:
    """Darker below, and where both sides meet at the parting."""
    height = scalp.local(lines.reshape(-1, 3))[:, 1].reshape(lines.shape[:2])
    t = along(lines.shape[1])[None]
    return np.asarray((0.70 + 0.28 * ramp(-1.0, 0.7, height)) * (0.72 + 0.28 * ramp(0, 0.1, t)))
