"""Turns, scales and moves a head so that it looks at the camera and fills the picture.

The camera stands where the heads that come with Visavis want it (``camera.py``). A head that is
about as large as they are keeps its size; a drawn head, or one in centimetres, is made as large.
What no picture can show, from the waist down or out to the hands, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.head import Floats

from .bones import Bones
from .eyes import Eyes
from .movement import Movement
from .pieces import Piece
from .rest import Matrix

_ABOVE: Final = 0.135
"""Metres from the eyes to the top of the hair: what is as tall keeps its face's size, and the
camera makes room for it (``camera.py``)."""
_BELOW: Final = 0.118
"""Metres from the eyes to the chin."""
_ASIDE: Final = 0.115
"""Metres from the middle to where the hair ends, beside the face."""
_SAME: Final = (0.85, 1.12)
"""Times our own heads' size within which a head keeps its own."""
_NECK: Final = np.array([0.0, -0.115, -0.105])
"""From the eyes to what a head turns about, where no joint tells."""
_EYE_HEIGHT: Final = 0.45
"""Of a head, from the top, where nothing else tells where the eyes are."""
# Metres from the eyes that some picture shows (camera.py: 0.55 tall, 1:3 at most), and some more.
_LOW, _HIGH, _OUT, _BACK, _FRONT = -0.42, 0.35, 0.5, -0.75, 0.45
_SLANT: Final = 1 / 1.15
"""How much more is seen a metre behind the eyes: the lens is 1.15 m before them."""


@dataclass(frozen=True, eq=False)
class Frame:
    """From the scene to the picture's space: ``scale * (turn @ point)``, and where things are."""

    turn: NDArray[np.float64]
    scale: float
    eyes: NDArray[np.float64]
    """(2, 3) in the picture's space, as all below."""
    neck: NDArray[np.float64]
    chin: float

    def points(self, own: Floats) -> Floats:
        return (self.scale * (own.astype(np.float64) @ self.turn.T)).astype(np.float32)

    def normals(self, own: Floats) -> Floats:
        return (own.astype(np.float64) @ self.turn.T).astype(np.float32)


def find_frame(
    pieces: list[Piece], bones: Bones, world: Matrix, eyes: Eyes, movement: Movement
) -> Frame:
    """Raises :class:`ValueError` for a head without any size."""
    head_points = _head_points(pieces)
    centres = eyes.centres if eyes.centres is not None else _guess_eyes(head_points)
    turn = _facing(centres)
    head = head_points.astype(np.float64) @ turn.T
    placed = centres @ turn.T
    middle = placed.mean(axis=0)
    chin = _chin(pieces, movement, turn)
    if chin is None or chin >= middle[1]:
        chin = middle[1] - 0.9 * max(float(head[:, 1].max() - middle[1]), 1e-6)
    face = head[head[:, 1] > chin]
    top = float(head[:, 1].max()) - middle[1]
    aside = float(np.quantile(np.abs(face[:, 0] - middle[0]), 0.98)) if len(face) else top
    size = max(top / _ABOVE, (middle[1] - chin) / _BELOW, aside / _ASIDE)
    if not 1e-6 < size < 1e6:
        raise ValueError("it has no size")
    scale = 1.0 if _SAME[0] <= size <= _SAME[1] else float(1 / size)
    if bones.head is not None:
        neck = world[bones.head, :3, 3] @ turn.T * scale
    else:
        neck = middle * scale + _NECK
    return Frame(turn, scale, placed * scale, neck, chin * scale)


def _head_points(pieces: list[Piece]) -> Floats:
    """Vertices of the head; of all where no joint tells."""
    head = np.concatenate([piece.position[piece.share > 0.9] for piece in pieces])
    return head if len(head) else np.concatenate([piece.position for piece in pieces])


def _guess_eyes(head: Floats) -> NDArray[np.float64]:
    low, high = head.min(axis=0).astype(np.float64), head.max(axis=0).astype(np.float64)
    tall = high[1] - low[1]
    wide = high[0] - low[0]
    # A whole body without joints: its head is about the top seventh.
    tall = tall if tall < 3 * wide else tall / 7
    y, z = high[1] - _EYE_HEIGHT * tall, (low[2] + high[2]) / 2
    x = (low[0] + high[0]) / 2
    return np.array([[x + 0.13 * tall, y, z], [x - 0.13 * tall, y, z]])


def _facing(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The turn about the upright that puts the left eye at +x of the right one."""
    across = centres[0] - centres[1]
    angle = np.arctan2(across[2], across[0])
    if abs(angle) < np.radians(3):
        return np.eye(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])


def _chin(pieces: list[Piece], movement: Movement, turn: NDArray[np.float64]) -> float | None:
    """The lowest place that opening the mouth moves at least half as far as any."""
    for shape in ("jawOpen", "mouthOpen", "viseme_aa", "Fcl_MTH_A", "vrm_aa", "bone_jaw"):
        if shape not in movement.alive:
            continue
        shifts = movement.shifts[shape]
        size = {n: np.linalg.norm(s.values[:, :3], axis=1) for n, s in shifts.items()}
        most = max(float(value.max(initial=0)) for value in size.values())
        heights = [
            (pieces[n].position[shift.rows[size[n] > most / 2]] @ turn.T)[:, 1]
            for n, shift in shifts.items()
        ]
        return float(np.concatenate(heights).min())
    return None


def share_without_joints(position: Floats, frame: Frame) -> Floats:
    """Share (n,) of the head where no joint tells: all above the chin, less down the neck."""
    down = (frame.chin - 0.02 - position[:, 1]) / 0.10
    ease = np.clip(1 - down, 0, 1)
    return np.asarray(ease * ease * (3 - 2 * ease), np.float32)


def seen_triangles(piece: Piece, frame: Frame) -> NDArray[np.bool_]:
    """Which triangles (m,) some picture may show; positions in the picture's space."""
    x, y, z = (piece.position - frame.eyes.mean(axis=0)).T
    reach = 1 - np.clip(z, _BACK, _FRONT) * _SLANT
    outside = np.stack(
        [y < _LOW * reach, y > _HIGH * reach, x > _OUT * reach, x < -_OUT * reach, z > _FRONT]
    )
    beyond = np.asarray(outside[:, piece.triangles].all(axis=2).any(axis=0))
    before = np.asarray(outside[4][piece.triangles].any(axis=1))
    return np.asarray(~(beyond | before))
