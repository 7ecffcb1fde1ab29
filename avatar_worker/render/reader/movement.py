"""How the shapes of a file move its vertices, and what becomes of them: the 52 ARKit targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.gltf import Glb
from avatar_worker.render.head import Floats
from avatar_worker.render.limits import MAX_MORPH_ROWS

from .normals import Surface
from .pieces import Piece
from .shapes.recipes import SHAPES, Recipe
from .vrm import Vrm

JAW_BONE: Final = "bone_jaw"
_FAINT: Final = 1e-4
"""Of the greatest shift of a target: what moves less is the rounding of a quantised file."""
_DEAD: Final = 0.003
"""Of the greatest shift in the file: a shape that moves less than this is there in name only."""
_VOWELS: Final = ("jawOpen", "mouthOpen", "vrm_aa", "vrm_oh", "vrm_ou", "vrm_ee", "viseme_aa")


@dataclass(frozen=True, eq=False)
class Shift:
    """``values`` (k, 6), change of position and normal, at vertices ``rows`` of one piece."""

    rows: NDArray[np.int64]
    values: Floats


@dataclass(frozen=True, eq=False)
class Movement:
    """What every shape does to every piece."""

    shifts: dict[str, dict[int, Shift]]
    """By shape, then by number of the piece."""
    alive: frozenset[str]
    """Shapes that move anything."""
    named: Mapping[str, str]
    """Names in the file that say something, and their shapes."""


def read_movement(glb: Glb, pieces: list[Piece], vrm: Vrm, names: Mapping[str, str]) -> Movement:
    """All shapes that ``recipes.py`` has a use for; ``names`` as :class:`Movement` has them."""
    reader = _Targets(glb, pieces)
    shifts: dict[str, dict[int, Shift]] = {}
    for number, piece in enumerate(pieces):
        binds: dict[str, list[tuple[int, float]]] = {}
        for target, name in enumerate(piece.target_names):
            shape = names.get(name)
            if shape in SHAPES and shape not in binds:
                binds[shape] = [(target, 1.0)]
        for shape, expression in vrm.expressions.items():
            if shape in SHAPES and shape not in names.values():
                for bind in expression:
                    if bind.mesh == piece.mesh and 0 <= bind.target < len(piece.target_names):
                        binds.setdefault(shape, []).append((bind.target, bind.weight))
        for shape, parts in binds.items():
            if (shift := reader.combine(number, parts)) is not None:
                shifts.setdefault(shape, {})[number] = shift
        if piece.jaw is not None and (shift := reader.from_points(number, piece.jaw)) is not None:
            shifts.setdefault(JAW_BONE, {})[number] = shift
    reach = {shape: _reach(shifts[shape]) for shape in shifts}
    least = _DEAD * max(reach.values(), default=0.0)
    return Movement(shifts, frozenset(shape for shape in reach if reach[shape] > least), names)


def _reach(shifts: dict[int, Shift]) -> float:
    return max(float(np.abs(shift.values[:, :3]).max(initial=0)) for shift in shifts.values())


class _Targets:
    """Reads morph targets, each once."""

    def __init__(self, glb: Glb, pieces: list[Piece]) -> None:
        self._glb, self._pieces = glb, pieces
        self._read: dict[tuple[int, int], Shift | None] = {}
        self._surfaces: dict[int, Surface] = {}
        self._rows = 0

    def combine(self, number: int, parts: list[tuple[int, float]]) -> Shift | None:
        """The weighted sum of targets of one piece; None where nothing moves."""
        found = [
            (shift, weight)
            for target, weight in parts
            if (shift := self._target(number, target)) is not None and weight
        ]
        if len(found) == 1 and found[0][1] == 1:
            return found[0][0]
        if not found:
            return None
        total = np.zeros((len(self._pieces[number].position), 6), np.float32)
        for shift, weight in found:
            total[shift.rows] += np.float32(weight) * shift.values
        return self._sparse(total)

    def from_points(self, number: int, points: Floats) -> Shift | None:
        """What moves by ``points`` (n, 3)."""
        rows = self._moved(points)
        return self._with_normals(number, rows, points[rows]) if len(rows) else None

    def _target(self, number: int, target: int) -> Shift | None:
        if (number, target) not in self._read:
            self._read[number, target] = self._decode(number, target)
        return self._read[number, target]

    def _decode(self, number: int, target: int) -> Shift | None:
        glb, piece = self._glb, self._pieces[number]
        entry = piece.primitive["targets"][target]
        if "POSITION" not in entry:
            return None
        own = self._delta(piece, entry["POSITION"])
        rows = self._moved(own)
        if not len(rows):
            return None
        shift = np.einsum("nij,nj->ni", piece.placed.linear[rows], own[rows])
        if "NORMAL" not in entry:
            return self._with_normals(number, rows, shift.astype(np.float32))
        bend = self._delta(piece, entry["NORMAL"])
        # A normal turns only where the surface moves. Targets of a mesh that was cut after its
        # normals were made say otherwise along the cut, and each weight would light the neck there.
        displaced = np.zeros(len(own), np.bool_)
        displaced[rows] = True
        near = np.zeros(len(own), np.bool_)
        near[piece.triangles[displaced[piece.triangles].any(axis=1)]] = True
        bend[~near] = 0
        total = np.zeros((len(own), 6), np.float32)
        total[rows, :3] = shift
        total[:, 3:] = piece.placed.normals(bend)
        if not np.isfinite(total).all():
            raise glb.problem(f"a morph target of mesh {piece.name!r} is broken")
        return self._sparse(total)

    def _delta(self, piece: Piece, index: object) -> Floats:
        values = self._glb.array(index)
        if values.shape != piece.position.shape or not np.isfinite(values).all():
            raise self._glb.problem(f"a morph target of mesh {piece.name!r} is broken")
        return values.astype(np.float32)

    def _with_normals(self, number: int, rows: NDArray[np.int64], shift: Floats) -> Shift:
        piece = self._pieces[number]
        if number not in self._surfaces:
            self._surfaces[number] = Surface(piece.position, piece.triangles)
        self._glb.spend(len(piece.position) * 24)
        touched, bend = self._surfaces[number].turned(rows, shift)
        total = np.zeros((len(piece.position), 6), np.float32)
        total[rows, :3] = shift
        total[touched, 3:] = bend
        return self._sparse(total)

    def _sparse(self, total: Floats) -> Shift:
        rows = np.flatnonzero(np.abs(total).max(axis=1) > 0)
        self._rows += len(rows)
        if self._rows > MAX_MORPH_ROWS:
            raise self._glb.problem(
                f"its morph targets move more than {MAX_MORPH_ROWS} vertices in all"
            )
        return Shift(rows, total[rows])

    @staticmethod
    def _moved(points: Floats) -> NDArray[np.int64]:
        size = np.abs(points).max(axis=1)
        return np.flatnonzero(size > _FAINT * size.max(initial=0))


def mouth_masks(movement: Movement, pieces: list[Piece]) -> list[Floats]:
    """For each piece (n,) 0..1: how much it is of the mouth, by what vowels move."""
    masks = [np.zeros(len(piece.position), np.float32) for piece in pieces]
    most = 0.0
    for shape in _VOWELS:
        for number, shift in movement.shifts.get(shape, {}).items():
            size = np.linalg.norm(shift.values[:, :3], axis=1)
            np.maximum.at(masks[number], shift.rows, size)
            most = max(most, float(size.max(initial=0)))
    return [np.clip(mask / max(0.15 * most, 1e-9), 0, 1).astype(np.float32) for mask in masks]


def cook(
    recipe: Recipe, number: int, movement: Movement, left: Floats, mouth: Floats
) -> Floats | None:
    """One ARKit target of piece ``number``: dense (n, 6), None where it moves nothing.

    ``left`` (n,) is how far a vertex is on the left half of the face, 0..1.
    """
    total: Floats | None = None
    for part in recipe:
        shift = movement.shifts.get(part.shape, {}).get(number)
        if shift is None:
            continue
        factor = np.full(len(shift.rows), part.share, np.float32)
        if part.side:
            half = left[shift.rows]
            factor *= half if part.side == "Left" else 1 - half
        if part.mouth_only:
            factor *= mouth[shift.rows]
        if total is None:
            total = np.zeros((len(left), 6), np.float32)
        total[shift.rows] += factor[:, None] * shift.values
    return total
