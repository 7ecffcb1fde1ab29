"""Teeth made as two even arches, and the tongue."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .body import BEHIND_LIP, LOWER_LIP, UPPER_LIP, Body
from .makehuman import read_proxy
from .numbers import Floats, ramp, turn
from .part import Part, make_part

_WIDTHS_UPPER = (0.086, 0.068, 0.078, 0.072, 0.070, 0.096)
"""Widths of the upper teeth from the middle outwards, in decimetres (Wheeler's Dental Anatomy,
means, rounded): central and lateral incisor, canine, two premolars, molar."""
_WIDTHS_LOWER = (0.053, 0.057, 0.069, 0.070, 0.071, 0.110)
_HEIGHTS_UPPER = (0.105, 0.092, 0.100, 0.086, 0.080, 0.072)
_HEIGHTS_LOWER = (0.090, 0.092, 0.098, 0.085, 0.080, 0.072)
_ARC_UPPER, _ARC_LOWER = 0.75, 0.70
"""How the biting edges rise outwards, as a smiling lip does, per decimetre."""
_ACROSS, _DOWN = 5, 5
"""Vertices of one tooth's front."""
_GUM = 0.06
"""Height of the gum that is modelled."""
_ATLAS_GUM = 0.25
"""Share of the texture's height that shows gum."""

TONGUE = "makehuman-assets/base/tongue/tongue01/tongue01.mhclo"
JAW_OPEN_TURN = 0.92
"""How far the teeth turn against the skin of the chin."""


class Jaw:
    """How the lower jaw moves: it turns about the joints in front of the ears."""

    def __init__(self, body: Body) -> None:
        left = body.eye_centres["Left"]
        self.pivot = np.array([0.0, left[1] - 0.35, 0.25])
        reach = np.linalg.norm((body.shape[LOWER_LIP] - self.pivot)[1:])
        drop = -float(body.units["jawOpen"][LOWER_LIP, 1])
        self.angle = JAW_OPEN_TURN * drop / float(reach)

    def open(self, points: Floats, share: float = 1.0) -> Floats:
        """Displacement of points that belong to the lower jaw at jawOpen = 1."""
        arm = points - self.pivot
        return np.asarray((arm @ turn(0, self.angle).T - arm) * share)


def _arch(widths: tuple[float, ...], half: float, depth: float) -> tuple[Floats, Floats]:
    """Angles of the teeth's borders along an ellipse whose arc lengths are the widths."""
    angle = np.linspace(0, np.pi / 2, 400)
    x, z = half * np.sin(angle), depth * (np.cos(angle) - 1)
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    borders = np.concatenate([[0], np.cumsum(widths)])
    scale = min(1.0, length[-1] * 0.98 / borders[-1])
    return np.interp(borders * scale, length, angle), borders


def _row(upper: bool, half: float, depth: float) -> tuple[Floats, Floats, list[list[int]]]:
    """Positions about the middle of the biting edge, texture coordinates, and quads of one row."""
    widths = _WIDTHS_UPPER if upper else _WIDTHS_LOWER
    heights = _HEIGHTS_UPPER if upper else _HEIGHTS_LOWER
    borders, _ = _arch(widths, half, depth)
    points: list[tuple[float, float, float]] = []
    uv: list[tuple[float, float]] = []
    quads = []
    way, arc = (1.0, _ARC_UPPER) if upper else (-1.0, _ARC_LOWER)
    for side in (1, -1):
        for tooth in range(len(widths)):
            start = len(points)
            for row in range(_DOWN + 1):
                # Rows 0…: biting edge to gum line; the last is the gum above.
                t = min(row / (_DOWN - 1), 1.0)
                tall = heights[tooth]
                lift = tall * t + (_GUM if row == _DOWN else 0.0)
                for column in range(_ACROSS):
                    s = column / (_ACROSS - 1)
                    edge = abs(2 * s - 1)
                    narrow = 1.02
                    inside = 0.5 + (s - 0.5) * (narrow if row < _DOWN else 1.0)
                    angle = borders[tooth] + (borders[tooth + 1] - borders[tooth]) * inside
                    bulge = 0.016 * (1 - edge**2.5) * (0.55 + 0.45 * np.sin(np.pi * min(t, 0.9)))
                    bulge += 0.010 * (np.sin(np.pi * (0.25 + 0.6 * t)) - 0.7)
                    rounded = 0.009 * edge**3 * (1 - ramp(0.0, 0.45, t))
                    if tooth == 2:
                        rounded += 0.007 * edge**1.5 * (1 - ramp(0.0, 0.6, t))
                    if row >= _DOWN - 1:
                        scallop = 0.016 * edge**2
                        lift_here = lift - scallop
                    else:
                        lift_here = lift + float(rounded)
                    lean = -0.03 * lift / tall if row < _DOWN else -0.03 - 0.01
                    out = 1 + (bulge + lean * 0.5) / half
                    x = side * half * out * np.sin(angle)
                    z = depth * (np.cos(angle) * (1 + bulge / depth) - 1) + lean * 0.6
                    points.append((float(x), way * lift_here + arc * float(x) ** 2, float(z)))
                    v = _ATLAS_GUM + (1 - _ATLAS_GUM) * (1 - t) if row < _DOWN else 0.02
                    uv.append(((tooth + s) / len(widths), v))
            for row in range(_DOWN):
                for column in range(_ACROSS - 1):
                    a = start + row * _ACROSS + column
                    quad = [a, a + 1, a + 1 + _ACROSS, a + _ACROSS]
                    quads.append(quad if (side > 0) == upper else quad[::-1])
    return np.array(points), np.array(uv), quads


def make_teeth(body: Body) -> Part:
    """Both rows; the lower one follows the jaw as a rigid body."""
    lips = (body.shape[UPPER_LIP] + body.shape[LOWER_LIP]) / 2
    front = float(body.shape[BEHIND_LIP, 2]) - 0.015
    jaw = Jaw(body)
    top, top_uv, top_quads = _row(True, 0.262, 0.44)
    low, low_uv, low_quads = _row(False, 0.235, 0.40)
    # The lower roots stand further in, behind the chin.
    low[:, 2] += 0.45 * np.minimum(low[:, 1] + 0.03, 0)
    top = top + np.array([0.0, lips[1] - 0.042, front])
    low = low + np.array([0.0, lips[1] + 0.004, front - 0.05])
    position = np.concatenate([top, low])
    faces = [[(a, a) for a in quad] for quad in top_quads]
    faces += [[(a + len(top), a + len(top)) for a in quad] for quad in low_quads]
    lower = np.arange(len(position)) >= len(top)
    morphs = {"jawOpen": np.where(lower[:, None], jaw.open(position), 0.0)}
    for name in ("jawLeft", "jawRight", "jawForward"):
        shift = body.units[name][LOWER_LIP] * 0.8
        morphs[name] = np.where(lower[:, None], shift, 0.0)
    # Rounded lips stand off the teeth, which the units forget: they glare between them.
    morphs["mouthFunnel"] = np.where(lower[:, None], [0, -0.07, -0.07], [0, 0.045, -0.07])
    part = make_part("teeth", position, np.concatenate([top_uv, low_uv]), faces, morphs)
    part.head_share = np.ones(len(part.position))
    part.find_normals()
    # Light falls off inwards; the gum hides under the lip.
    deep = position[:, 2].max() - part.position[:, 2]
    sideways = np.abs(part.position[:, 0])
    part.occlusion = np.clip(0.84 - deep * 1.0 - 0.30 * ramp(0.1, 0.27, sideways), 0.12, 1)
    part.occlusion *= np.where(part.uv[:, 1] < _ATLAS_GUM - 0.01, 0.7, 1.0)
    part.occlusion *= np.where(part.position[:, 1] < lips[1] - 0.03, 0.82, 1.0)
    part.image = _paint_teeth()
    return part


def _paint_teeth() -> Floats:
    """Ivory that is greyer at the edge and warmer at the gum; thin dark gaps between teeth."""
    high, wide = 128, 384
    v = 1 - (np.arange(high)[:, None] + 0.5) / high
    u = (np.arange(wide)[None] + 0.5) / wide * len(_WIDTHS_UPPER) % 1.0
    t = np.clip((v - _ATLAS_GUM) / (1 - _ATLAS_GUM), 0, 1)
    ivory = np.array([0.905, 0.875, 0.815]) + (t**2)[..., None] * np.array([-0.035, -0.005, 0.035])
    near_gum = (1 - ramp(0.0, 0.35, t))[..., None] * np.array([-0.05, -0.085, -0.13])
    tooth = ivory + near_gum
    gap = bump_edge(u)[..., None] * np.array([0.30, 0.36, 0.41])
    tooth = tooth * (1 - gap)
    gum = np.array([0.56, 0.27, 0.27]) * (0.9 + 0.2 * v[..., None]) * np.ones_like(tooth)
    share = ramp(_ATLAS_GUM - 0.05, _ATLAS_GUM + 0.02, v + 0.04 * (np.abs(2 * u - 1) ** 2))[
        ..., None
    ]
    return np.asarray(gum * (1 - share) + tooth * share)


def bump_edge(u: Floats) -> Floats:
    """1 at both borders of 0..1."""
    return np.asarray(np.exp(-((np.minimum(u, 1 - u) / 0.07) ** 2)))


def make_tongue(inputs: Path, body: Body) -> Part:
    """MakeHuman's tongue: lower, further back and smaller, with a way out of its own."""
    proxy = read_proxy(inputs / TONGUE)
    jaw = Jaw(body)
    place = proxy.fit(body.shape)
    middle = place.mean(axis=0)
    place = (place - middle) * (0.92, 0.80, 0.90) + middle + np.array([0.0, -0.105, -0.10])
    z = place[:, 2]
    forward = ramp(z.min() + 0.15, z.max(), z)[:, None]
    out = (
        forward * np.array([0.0, 0.19, 0.46])
        + forward**3 * np.array([0.0, -0.16, 0.03])
        + np.sin(np.pi * forward) * np.array([0.0, 0.03, 0.0])
    )
    morphs = {"jawOpen": jaw.open(place, 0.9), "tongueOut": out}
    for name in ("jawLeft", "jawRight", "jawForward"):
        morphs[name] = np.broadcast_to(body.units[name][LOWER_LIP] * 0.8, place.shape).copy()
    part = make_part("tongue", place, proxy.mesh.uv, proxy.mesh.faces, morphs)
    part.head_share = np.ones(len(part.position))
    part.find_normals()
    deep = part.position[:, 2].max() - part.position[:, 2]
    part.occlusion = np.clip(0.58 - deep * 1.7, 0.05, 1)
    part.image = np.zeros((2, 2, 3))
    return part
