"""The body as it stands in the picture: skins at rest, arms let down (glTF 2.0 §3.7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.gltf import Glb
from avatar_worker.render.gltf.nodes import Nodes

from .bones import Bones

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]
_LEVEL: Final = np.sin(np.radians(35))
"""Arms that hang less than 35° below level were left as the modeller spread them."""
_HANG: Final = np.radians(68)
_JAW_DEGREES: Final = 14.0


@dataclass(frozen=True, eq=False)
class Placed:
    """How the vertices of one mesh go from their own space into the scene."""

    linear: Floats
    """(n, 3, 3)"""
    shift: Floats
    """(n, 3)"""
    turn: Floats
    """(n, 3, 3): ``linear`` without its scale, for normals."""
    flipped: bool
    """It is mirrored: triangles wind the other way."""

    def points(self, own: Floats) -> Floats:
        return np.asarray(np.einsum("nij,nj->ni", self.linear, own) + self.shift, np.float32)

    def normals(self, own: Floats) -> Floats:
        return np.asarray(np.einsum("nij,nj->ni", self.turn, own), np.float32)


def lower_arms(nodes: Nodes, bones: Bones) -> Matrix:
    """``nodes.world`` (nodes, 4, 4) with the arms of a T pose at the sides."""
    world = nodes.world.copy()
    for upper, lower in bones.arms:
        shoulder = world[upper, :3, 3]
        along = world[lower, :3, 3] - shoulder
        length = float(np.linalg.norm(along))
        if length < 1e-6 or -along[1] / length > _LEVEL:
            continue
        flat = np.array([along[0], 0.0, along[2]])
        flat /= max(float(np.linalg.norm(flat)), 1e-9)
        wanted = flat * np.cos(_HANG) + np.array([0.0, -np.sin(_HANG), 0.0])
        turn = _between(along / length, wanted)
        moved = np.eye(4)
        moved[:3, :3] = turn
        moved[:3, 3] = shoulder - turn @ shoulder
        below = nodes.below(upper)
        world[below] = moved @ world[below]
    return world


def open_jaw(nodes: Nodes, world: Matrix, bones: Bones) -> Matrix | None:
    """``world`` with the jaw bone turned as far as ``jawOpen`` at 1 would, about its own place;
    None where there is no such bone."""
    if bones.jaw is None:
        return None
    angle, skew = np.radians(_JAW_DEGREES), _skew(_leftwards(world, bones))
    turn = np.eye(4)
    turn[:3, :3] += np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
    place = world[bones.jaw, :3, 3].copy()
    turn[:3, 3] = place - turn[:3, :3] @ place
    opened = world.copy()
    below = nodes.below(bones.jaw)
    opened[below] = turn @ opened[below]
    return opened


def _leftwards(world: Matrix, bones: Bones) -> Matrix:
    """Level, of length 1: the person's left, by eye bones, else by arms, else as if facing +z."""
    for pair in (bones.eyes, tuple(upper for upper, _ in bones.arms)):
        known = [bone for bone in pair if bone is not None]
        if len(known) == 2:
            left, right = world[known, :3, 3]
            across = (left - right) * [1, 0, 1]
            length = float(np.linalg.norm(across))
            if length > 1e-6:
                return np.asarray(across / length, np.float64)
    return np.array([1.0, 0.0, 0.0])


def place_rigid(world: Matrix, count: int) -> Placed:
    """For a mesh that hangs on a node."""
    return _placed(np.broadcast_to(world, (count, 4, 4)))


def place_skinned(
    glb: Glb, skin: int, world: Matrix, joints: NDArray[np.int64], weights: Floats
) -> Placed:
    """For a skinned mesh: ``joints`` and ``weights`` (n, k) as its vertices name them."""
    numbers = read_joints(glb, skin)
    inverse = np.broadcast_to(np.eye(4), (len(numbers), 4, 4))
    index = glb.item("skins", skin).get("inverseBindMatrices")
    if index is not None:
        given = glb.array(index)
        if given.shape[1] != 16 or len(given) < len(numbers) or not np.isfinite(given).all():
            raise glb.problem(f"the inverse bind matrices of skins[{skin}] are broken")
        inverse = given[: len(numbers)].reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
    matrices = world[numbers] @ inverse
    if not np.isfinite(matrices).all() or np.abs(matrices).max() > 1e9:
        raise glb.problem(f"the joints of skins[{skin}] stand nowhere")
    glb.spend(len(joints) * 128)
    blended = np.zeros((len(joints), 4, 4))
    for column in range(joints.shape[1]):
        blended += matrices[joints[:, column]] * weights[:, column, None, None]
    return _placed(blended)


def read_joints(glb: Glb, skin: int) -> NDArray[np.int64]:
    """The nodes of a skin's joints."""
    joints = glb.item("skins", skin).get("joints")
    if not isinstance(joints, list) or not joints:
        raise glb.problem(f"skins[{skin}] names no joints")
    for joint in joints:
        glb.item("nodes", joint)
    return np.array(joints, np.int64)


def _placed(matrices: Matrix) -> Placed:
    linear = matrices[:, :3, :3]
    size = np.linalg.det(linear)
    scale = np.cbrt(np.maximum(np.abs(size), 1e-30))[:, None, None]
    return Placed(
        linear.astype(np.float32),
        matrices[:, :3, 3].astype(np.float32),
        (linear / scale).astype(np.float32),
        bool(np.median(size) < 0) if len(size) else False,
    )


def _between(a: Matrix, b: Matrix) -> Matrix:
    """The shortest turn from one unit vector to another (Rodrigues)."""
    axis, cosine = np.cross(a, b), float(a @ b)
    if cosine < -0.9999:
        return np.eye(3)
    skew = _skew(axis)
    return np.asarray(np.eye(3) + skew + skew @ skew / (1 + cosine), np.float64)


def _skew(axis: Matrix) -> Matrix:
    """What its cross product with a vector multiplies that by."""
    x, y, z = axis
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
