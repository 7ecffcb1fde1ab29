"""What is painted into the skin: tone, lips, cheeks, lids, brows, and the scalp under the hair."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from . import atlas
from .body import LOWER_LIP, UPPER_LIP, VERMILION_BOTTOM, VERMILION_TOP, Body
from .brows import BROW_BOX, paint_brow
from .hair import Scalp
from .numbers import Floats, luminance, ramp
from .part import Part
from .person import Colour, Person
from .surface import sample

_MOUTH_COLOUR = (84, 30, 28)
_SOCKET_COLOUR = (112, 58, 50)


class Painter:
    """Colours (k, 3) of the atlas's texels, and where on the head they are."""

    def __init__(self, colour: Floats, where: atlas.Atlas, body: Body) -> None:
        self.colour = colour
        self.head = where.row < atlas.HEAD_ROWS
        left = body.eye_centres["Left"]
        self.from_eye = np.abs(where.position * [1, 0, 0]) + where.position * [0, 1, 1] - left
        """Places about the left eye, the right half mirrored onto it."""
        self.place = where.position - [0, body.eye_line, 0]
        self.normal = where.normal

    def mix(self, share: Floats, colour: Colour | Floats) -> None:
        """Cover by ``share`` (k,)."""
        self.colour += (share * self.head)[:, None] * (_fraction(colour) - self.colour)

    def tint(self, share: Floats, colour: Colour | Floats) -> None:
        """Multiply by a colour, by ``share`` (k,)."""
        self.colour *= 1 + (share * self.head)[:, None] * (_fraction(colour) - 1)

    def blob(self, centre: tuple[float, float, float], size: tuple[float, float, float]) -> Floats:
        """A soft spot (k,) about a place relative to the left eye, on both sides."""
        return np.asarray(
            np.exp(-(((self.from_eye - np.array(centre)) / np.array(size)) ** 2).sum(axis=1))
        )


def _fraction(colour: Colour | Floats) -> Floats:
    return np.asarray(colour, np.float64) / 255


def paint_skin(
    texture: Floats, skin: Part, lashes: Part, body: Body, person: Person, scalp: Scalp
) -> Floats:
    """The skin's image (1024, 1024, 3); ``skin.uv`` are atlas coordinates."""
    sheet = atlas.warp(texture)
    where = atlas.locate(skin)
    painter = Painter(sheet[where.row, where.column].copy(), where, body)
    lips = _lip_mask(painter, body)
    _set_tone(painter, person)
    _model(painter, person)
    tone = person.skin
    painter.mix(lips * tone.lip_cover, _lip_colour(painter, lips, tone.lips))
    brow = _brow_mask(painter, person)
    _paint_lids(painter, lashes, body, person, brow)
    painter.mix(brow * person.brow.cover, person.brow.colour)
    _paint_scalp(painter, where, person, scalp)
    sheet[where.row, where.column] = painter.colour
    sheet[atlas.MOUTH_BOX] = _fraction(_MOUTH_COLOUR)
    sheet[atlas.SOCKET_BOX] = _fraction(_SOCKET_COLOUR)
    return np.clip(_bleed(sheet, where), 0, 1)


def _lip_mask(painter: Painter, body: Body) -> Floats:
    """Where the texture is redder than the skin about the mouth, within the vermilion's reach."""
    top, bottom = (body.shape[v, 1] - body.eye_line for v in (VERMILION_TOP, VERMILION_BOTTOM))
    front = body.shape[[UPPER_LIP, LOWER_LIP], 2].mean()
    middle, half = (top + bottom) / 2, (top - bottom) / 2
    x, y, z = painter.place.T
    near = np.exp(-((np.abs(x) / 0.27) ** 4) - ((y - middle + 0.01) / (half * 1.05)) ** 4)
    near = near * (z > front - 0.36) * painter.head
    red = painter.colour[:, 0] - painter.colour[:, 1]
    base = np.median(red[near > 0.2])
    return ramp(base + 0.015, base + 0.09, red) * near


def _lip_colour(painter: Painter, lips: Floats, colour: Colour) -> Floats:
    """The lip's own light and dark, in the lipstick's colour."""
    level = luminance(painter.colour)
    level = level / max(float(np.median(level[lips > 0.5])), 1e-3)
    return np.asarray(np.array(colour) * np.clip(level, 0.6, 1.35)[:, None] ** 0.8)


def _set_tone(painter: Painter, person: Person) -> None:
    """The texture's detail about the person's own colour."""
    tone = person.skin
    front = painter.head & (painter.place[:, 2] > 0.9) & (np.abs(painter.place[:, 1]) < 0.7)
    middle = np.median(painter.colour[front], axis=0)
    detail = np.clip(painter.colour, 0.02, 1) / middle
    level = luminance(detail)[:, None]
    detail = np.clip(level + (detail - level) * tone.saturation, 0.02, 3) ** tone.contrast
    painter.colour[:] = np.clip(detail * _fraction(tone.tone), 0, 1)


def _model(painter: Painter, person: Person) -> None:
    """Warmth where blood is near, depth at the sides, light where the face stands out."""
    tone = person.skin
    cheeks = painter.blob((0.16, -0.42, 0.10), (0.24, 0.20, 0.4))
    nose = painter.blob((-0.29, -0.35, 0.45), (0.11, 0.10, 0.2))
    ears = painter.blob((0.56, -0.15, -0.80), (0.2, 0.4, 0.3))
    painter.tint(np.clip(0.55 * cheeks + 0.28 * nose + 0.5 * ears, 0, 1), tone.blush)
    sides = painter.blob((0.42, -0.62, -0.25), (0.30, 0.35, 0.45))
    temples = painter.blob((0.40, 0.30, -0.25), (0.22, 0.30, 0.35))
    socket = painter.blob((-0.10, 0.10, 0.12), (0.10, 0.12, 0.3))
    under = ramp(-0.98, -1.2, painter.place[:, 1]) * ramp(0.4, 0.9, painter.place[:, 2])
    painter.tint(
        np.clip(0.45 * sides + 0.3 * temples + 0.30 * socket + 0.30 * under, 0, 1), tone.depth
    )
    forehead = painter.blob((-0.29, 0.52, 0.25), (0.26, 0.18, 0.3))
    bridge = painter.blob((-0.29, -0.10, 0.38), (0.055, 0.26, 0.3))
    bones = painter.blob((0.20, -0.22, 0.12), (0.16, 0.08, 0.3))
    chin = painter.blob((-0.29, -0.86, 0.2), (0.13, 0.09, 0.3))
    painter.tint(np.clip(0.7 * forehead + 0.8 * bridge + 0.7 * bones + 0.4 * chin, 0, 1), tone.glow)


def _brow_mask(painter: Painter, person: Person) -> Floats:
    picture = paint_brow(person.brow)
    left, bottom, right, top = BROW_BOX
    x, y, z = painter.from_eye.T
    high, wide = picture.shape
    column = (x - left) / (right - left) * wide - 0.5
    row = (top - y) / (top - bottom) * high - 0.5
    mask = map_coordinates(picture, [row, column], order=1, mode="constant")
    return np.asarray(mask * (z > -0.25) * painter.head)


def _paint_lids(painter: Painter, lashes: Part, body: Body, person: Person, brow: Floats) -> None:
    """MakeHuman's texture is stretched on the lids: they take the cheek's colour."""
    radius = body.eye_radius
    cheek = np.linalg.norm(painter.from_eye - [-0.03, -0.50, 0.12], axis=1) < 0.2
    plain = np.median(painter.colour[cheek & painter.head], axis=0)
    distance = np.linalg.norm(painter.from_eye, axis=1)
    height = painter.from_eye[:, 1]
    near = 1 - ramp(radius * 1.12, radius * 1.75, distance)
    lid = near * ramp(-radius * 0.2, radius * 0.15, height) * (1 - np.clip(brow * 1.5, 0, 1))
    painter.mix(lid * person.skin.lid_cover, plain * 255 * np.array([0.98, 0.945, 0.93]))
    below = near * ramp(radius * 0.1, -radius * 0.3, height)
    painter.mix(below * 0.45 * person.skin.lid_cover, plain * 255 * np.array([0.98, 0.93, 0.91]))
    painter.tint(
        painter.blob((0.02, radius * 0.8, radius * 0.7), (0.19, 0.09, 0.2)), person.skin.shadow
    )
    roots, _ = sample(lashes, 20_000, np.random.default_rng(1))
    roots = roots[roots[:, 0] > 0] - body.eye_centres["Left"]
    close = np.flatnonzero((distance < radius * 2.2) & painter.head)
    away = cKDTree(roots).query(painter.from_eye[close])[0]
    line = np.zeros(len(distance))
    line[close] = np.exp(-((away / 0.012) ** 2)) * (0.25 + 0.75 * ramp(-0.02, 0.03, height[close]))
    colour, strength = person.liner
    painter.mix(np.clip(line, 0, 1) * strength, colour)


def _paint_scalp(painter: Painter, where: atlas.Atlas, person: Person, scalp: Scalp) -> None:
    """Under the hair the skin has the hair's colour, with a soft and uneven border."""
    rng = np.random.default_rng(21)
    noise = gaussian_filter(rng.normal(size=(atlas.SIDE, atlas.SIDE)), (1.2, 2.4))
    grain = noise[where.row, where.column] / noise.std()
    depth = scalp.inside(where.position) + 0.012 * grain
    cover = ramp(-0.02, person.recession * 0.6 + 0.06, depth) * 0.94
    if person.fade:
        height = scalp.local(where.position)[:, 1] + 0.02 * grain
        cover *= 1 - person.fade * ramp(0.45, -0.25, height)
    level = np.clip(0.62 + 0.16 * grain, 0, 1)[:, None]
    dark, middle = (np.array(c, np.float64) for c in (person.hair.dark, person.hair.middle))
    painter.mix(cover, dark + (middle - dark) * level)


def _bleed(sheet: Floats, where: atlas.Atlas) -> Floats:
    """Colour spread beyond the islands' borders, for the smaller mip levels."""
    known = np.zeros(sheet.shape[:2])
    known[where.row, where.column] = 1
    known[atlas.MOUTH_BOX] = known[atlas.SOCKET_BOX] = 1
    total, weight = sheet * known[..., None], known
    out = sheet.copy()
    for sigma in (2.0, 6.0):
        spread = gaussian_filter(total, (sigma, sigma, 0))
        share = gaussian_filter(weight, sigma)
        fresh = (known == 0) & (share > 1e-3)
        out[fresh] = spread[fresh] / share[fresh][:, None]
        known = np.maximum(known, fresh * 0.5)
        known[known > 0] = 1
        total, weight = out * known[..., None], known
    return out
