"""The skin: which of it is seen, how it bends, and its texture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from . import atlas
from .body import LOWER_LIP, UPPER_LIP, Body, body_faces
from .numbers import Floats, ramp
from .part import Part, make_part, smooth_values

CUT = 3.4
"""The body ends so far below the eyes."""
_NECK_LOW, _NECK_HIGH = -1.80, -0.98
"""Heights about the eyes between which the neck bends."""


def make_skin(body: Body, hidden: frozenset[int]) -> tuple[Part, np.ndarray]:
    """The skin above the cut without ``hidden`` vertices, and its texture's islands (n,)."""
    low = body.eye_line - CUT
    part = make_part(
        "skin",
        body.shape,
        body.mesh.uv,
        body_faces(body.mesh),
        body.morphs,
        keep=lambda face: (
            min(body.shape[a, 1] for a, _ in face) > low and not all(a in hidden for a, _ in face)
        ),
    )
    part.normal = np.zeros_like(part.position)
    return part, atlas.find_regions(part)


_CREASED = ("mouthSmile", "cheekSquint", "mouthDimple", "mouthStretch", "noseSneer", "mouthUpperUp")


def soften_cheeks(part: Part, body: Body) -> None:
    """Even out how the units move the cheeks: they leave streaks of light there."""
    lips = body.shape[[UPPER_LIP, LOWER_LIP]].mean(axis=0)
    from_lips = (part.position - lips) / [0.36, 0.22, 0.6]
    away = ramp(0.75, 1.15, np.linalg.norm(from_lips, axis=1))
    for eye in body.eye_centres.values():
        away = away * ramp(1.5, 2.2, np.linalg.norm(part.position - eye, axis=1) / body.eye_radius)
    away = away * (part.position[:, 2] > lips[2] - 0.9)
    for name, change in part.morphs.items():
        if name.startswith(_CREASED):
            even = np.stack([smooth_values(change[:, k], part, 14) for k in range(3)], axis=1)
            part.morphs[name] = change + away[:, None] * (even - change)


def bend_neck(part: Part, region: np.ndarray, eye_line: float) -> Floats:
    """Share of the head's turn (n,): 0 at the collar, 1 at the jaw."""
    height = part.position[:, 1] - eye_line + 0.30 * (part.position[:, 2] - 0.35)
    share = ramp(_NECK_LOW, _NECK_HIGH, height)
    share[region >= atlas.MOUTH] = 1
    return share


def read_texture(inputs: Path, name: str) -> Floats:
    """A skin of MakeHuman's (2048, 2048, 3) in 0..1."""
    path = inputs / "makehuman-assets/base/skins/textures" / f"{name}.png"
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.float64) / 255
