"""Where the eyes are, and whether they can be turned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.head import Floats

from .bones import Bones
from .movement import Movement
from .pieces import Piece
from .rest import Matrix

_NAMED: Final = re.compile(r"eye(?!.{0,3}(?:brow|lash|lid|line|ao|shadow|high|wet))", re.IGNORECASE)
_LOOKS: Final = tuple(
    f"eyeLook{way}{side}" for way in ("In", "Out", "Up", "Down") for side in ("Left", "Right")
)
_LEAST_LOOK, _MOST_LOOK = 2.0, 45.0
_FEW: Final = 8
"""Vertices below which a sphere says nothing."""
_FLAT: Final = 0.3
"""Depth of an eye against its width, below which it is a disc (drawn heads), which turns little."""


@dataclass(frozen=True, eq=False)
class Eyes:
    """Scene units."""

    centres: NDArray[np.float64] | None
    """(2, 3) left, right: what an eyeball turns about; None where nothing tells."""
    turned: bool
    """Eyeballs are turned; else morph targets move the gaze, or nothing does."""
    flat: bool
    source: str
    """In words, for the report."""


def find_eyes(pieces: list[Piece], bones: Bones, world: Matrix, movement: Movement) -> Eyes:
    """By eye bones, else by eyeballs of their own, else by where blinks are.

    May mark the vertices of eyeballs in ``Piece.eye``.
    """
    bound = _bound(pieces)
    left, right = bones.eyes
    if left is not None and right is not None:
        centres = world[[left, right], :3, 3]
        if all(len(vertices) for vertices in bound):
            return Eyes(centres, True, _is_flat(bound), "bones turn the eyes")
        return Eyes(centres, False, False, "eye bones that move no vertex")
    by_morphs = movement.alive & set(_LOOKS)
    if not by_morphs and (balls := _eyeballs(pieces)) is not None:
        return balls
    blinks = _blinks(pieces, movement)
    if blinks is not None:
        how = "morph targets move the gaze" if by_morphs else "the eyes cannot be turned"
        return Eyes(blinks, False, False, how)
    return Eyes(None, False, False, "no eyes were found")


def look_angles(pieces: list[Piece], eyes: Eyes, movement: Movement) -> dict[str, float]:
    """Degrees that the file's own eyeLook targets turn the eyeballs by; empty where none does."""
    found: dict[str, float] = {}
    if not eyes.turned or eyes.centres is None:
        return found
    for way in ("In", "Out", "Up", "Down"):
        angles = [0.0]
        for side, name in enumerate(("Left", "Right")):
            for number, shift in movement.shifts.get(f"eyeLook{way}{name}", {}).items():
                piece = pieces[number]
                mine = piece.eye[shift.rows] == side
                if mine.any():
                    place = piece.position[shift.rows[mine]].astype(np.float64)
                    arm = np.linalg.norm(place - eyes.centres[side], axis=1)
                    move = np.linalg.norm(shift.values[mine, :3], axis=1)
                    ratio = move / np.maximum(2 * arm, 1e-9)
                    angles.append(float(np.degrees(2 * np.arcsin(min(ratio.max(), 0.5)))))
        if max(angles) > _LEAST_LOOK:
            found[way] = min(max(angles), _MOST_LOOK)
    return found


def _bound(pieces: list[Piece]) -> list[Floats]:
    return [np.concatenate([p.position[p.eye == side] for p in pieces]) for side in (0, 1)]


def _is_flat(vertices: list[Floats]) -> bool:
    size = np.ptp(vertices[0], axis=0)
    return bool(size[2] < _FLAT * size[0])


def _eyeballs(pieces: list[Piece]) -> Eyes | None:
    """Meshes that are called eyes: one for both, or one each."""
    named = [piece for piece in pieces if _NAMED.search(piece.name)]
    if not named:
        return None
    points = np.concatenate([piece.position for piece in named])
    middle = float(points[:, 0].min() + points[:, 0].max()) / 2
    halves = [points[points[:, 0] > middle], points[points[:, 0] <= middle]]
    if min(map(len, halves)) < _FEW:
        return None
    wide = [float(np.ptp(half[:, 0])) for half in halves]
    apart = float(halves[0][:, 0].min() - halves[1][:, 0].max())
    if apart < 0.1 * max(wide):
        return None
    for piece in named:
        piece.eye = np.where(piece.position[:, 0] > middle, 0, 1).astype(np.int8)
    centres = np.stack([_sphere(half) for half in halves])
    return Eyes(centres, True, _is_flat(halves), "eyeballs of their own, turned")


def _sphere(points: Floats) -> NDArray[np.float64]:
    """Centre of the sphere that fits best: least squares of x² + y² + z² = 2cx + 2cy + 2cz + d."""
    place = points.astype(np.float64)
    origin = place.mean(axis=0)
    place = place - origin
    system = np.hstack([2 * place, np.ones((len(place), 1))])
    solution, _, rank, _ = np.linalg.lstsq(system, (place**2).sum(axis=1), rcond=None)
    size = np.ptp(place, axis=0).max()
    if rank < 4 or np.abs(solution[:3]).max() > size:
        return np.asarray(origin, np.float64)
    return np.asarray(origin + solution[:3], np.float64)


def _blinks(pieces: list[Piece], movement: Movement) -> NDArray[np.float64] | None:
    """The middles of what blinks move on either side."""
    places, weights = [], []
    for shape in ("eyeBlinkLeft", "eyeBlinkRight", "eyeBlink", "Fcl_EYE_Close", "vrm_blink"):
        for number, shift in movement.shifts.get(shape, {}).items():
            places.append(pieces[number].position[shift.rows])
            weights.append(np.linalg.norm(shift.values[:, :3], axis=1))
    if not places:
        return None
    place, weight = np.concatenate(places).astype(np.float64), np.concatenate(weights)
    strong = weight > 0.3 * weight.max()
    place, weight = place[strong], weight[strong]
    middle = (place[:, 0].min() + place[:, 0].max()) / 2
    centres = []
    for half in (place[:, 0] > middle, place[:, 0] <= middle):
        if not half.any():
            return None
        centres.append(np.average(place[half], axis=0, weights=weight[half]))
    return np.stack(centres)
