"""Primitives of meshes as they stand in the scene at rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.gltf import Glb
from avatar_worker.render.gltf.draco import DRACO, unpack_draco
from avatar_worker.render.gltf.nodes import Nodes
from avatar_worker.render.head import Floats, Ints
from avatar_worker.render.limits import MAX_VERTICES

from .bones import Bones
from .defaults import default_weights, deform, target_names
from .normals import smooth_normals
from .rest import Matrix, Placed, place_rigid, place_skinned, read_joints

_LIST, _STRIP, _FAN = 4, 5, 6
_LARGEST: Final = 1e5


@dataclass(eq=False)
class Piece:
    """One primitive: n vertices, m triangles. The scene's units and axes."""

    name: str
    mesh: int
    material: int | None
    primitive: dict[str, Any]
    placed: Placed
    position: Floats
    normal: Floats
    uvs: dict[int, Floats]
    colour: Floats | None
    """(n, 3 or 4)"""
    share: Floats
    """(n,): of the head joint; all -1 where no joint says."""
    eye: NDArray[np.int8]
    """(n,): 0 left, 1 right, -1 neither."""
    triangles: Ints
    target_names: tuple[str, ...] = ()
    jaw: Floats | None = field(default=None)
    """(n, 3): how the jaw bone moves it, where there is one."""


def read_pieces(
    glb: Glb,
    nodes: Nodes,
    bones: Bones,
    world: Matrix,
    opened: Matrix | None,
    acting: frozenset[tuple[int, int]],
) -> list[Piece]:
    """All triangles that the scene shows. ``opened``: ``world`` with the jaw down; ``acting``: as
    :class:`~.defaults.Acting` has them.
    """
    binder = _Binder(nodes, bones, world)
    found: list[Piece] = []
    vertices = 0
    for number in nodes.shown:
        node = glb.item("nodes", number)
        if "mesh" not in node:
            continue
        mesh = glb.item("meshes", node["mesh"])
        primitives = mesh.get("primitives")
        if not isinstance(primitives, list) or not all(isinstance(p, dict) for p in primitives):
            raise glb.problem("a mesh has no list of primitives")
        for primitive in primitives:
            if primitive.get("mode", _LIST) in (_LIST, _STRIP, _FAN):
                vertices += _count(glb, primitive)
                if vertices > MAX_VERTICES:
                    raise glb.problem(f"it has more than {MAX_VERTICES} vertices")
                if piece := _read(glb, binder, number, primitive, opened, acting):
                    found.append(piece)
    if not found:
        raise glb.problem("it shows no mesh that is made of triangles")
    return found


def _count(glb: Glb, primitive: dict[str, Any]) -> int:
    attributes = primitive.get("attributes")
    if not isinstance(attributes, dict):
        raise glb.problem("a primitive has no attributes")
    return glb.count(attributes.get("POSITION"))


class _Binder:
    """What each node does to the vertices that follow it."""

    def __init__(self, nodes: Nodes, bones: Bones, world: Matrix) -> None:
        count = len(nodes.names)
        self.nodes, self.world, self.bones = nodes, world, bones
        self.follows = np.zeros(count, np.float32)
        self.is_neck = np.zeros(count, np.float32)
        self.eye = np.full(count, -1, np.int8)
        if bones.head is not None:
            self.follows[nodes.below(bones.head)] = 1
        self.is_neck[list(bones.necks)] = 1
        for side, eye in enumerate(bones.eyes):
            if eye is not None:
                self.eye[nodes.below(eye)] = side

    def neck_height(self, position: Floats) -> Floats:
        """0 at the foot of the neck to 1 at the head joint, (n,): how far the neck follows."""
        if self.bones.head is None or not self.bones.necks:
            return np.zeros(len(position), np.float32)
        foot = self.world[self.bones.necks[-1], :3, 3]
        up = self.world[self.bones.head, :3, 3] - foot
        along = (position - foot) @ up / max(float(up @ up), 1e-12)
        along = np.clip(along, 0, 1)
        return (along * along * (3 - 2 * along)).astype(np.float32)


def _read(
    glb: Glb,
    binder: _Binder,
    number: int,
    primitive: dict[str, Any],
    opened: Matrix | None,
    acting: frozenset[tuple[int, int]],
) -> Piece | None:
    node = glb.item("nodes", number)
    mesh = glb.item("meshes", node["mesh"])
    name = str(mesh.get("name") or node.get("name") or "mesh")[:80]
    packed = unpack_draco(glb, primitive) if DRACO in primitive.get("extensions", {}) else None

    def attribute(key: str, widths: tuple[int, ...]) -> Floats | None:
        if packed is not None and key in packed.attributes:
            values = packed.attributes[key]
        elif key in primitive["attributes"]:
            values = glb.array(primitive["attributes"][key])
        else:
            return None
        if values.shape[1] not in widths or (count and len(values) != count):
            raise glb.problem(f"{key} of mesh {name!r} has the wrong shape {values.shape}")
        values = values.astype(np.float32)
        if not np.isfinite(values).all():
            raise glb.problem(f"{key} of mesh {name!r} holds numbers that are not finite")
        return values

    count = 0
    own = attribute("POSITION", (3,))
    if own is None or not len(own):
        return None
    count = len(own)
    names = target_names(mesh, primitive)
    held = default_weights(glb, node, len(names), acting)
    own = deform(glb, primitive, held, "POSITION", own)
    if packed is not None:
        triangles = packed.triangles
    else:
        triangles = _read_triangles(glb, primitive, count, name)
    if not len(triangles):
        return None
    joints, weights = attribute("JOINTS_0", (4,)), attribute("WEIGHTS_0", (4,))
    more_joints, more_weights = attribute("JOINTS_1", (4,)), attribute("WEIGHTS_1", (4,))
    jaw = None
    if "skin" in node and joints is not None and weights is not None:
        if more_joints is not None and more_weights is not None:
            joints = np.hstack([joints, more_joints])
            weights = np.hstack([weights, more_weights])
        numbers = read_joints(glb, node["skin"])
        index = np.clip(joints, 0, len(numbers) - 1).astype(np.int64)
        weights = np.clip(weights, 0, None)
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1e-6))
        placed = place_skinned(glb, node["skin"], binder.world, index, weights)
        position = placed.points(own)
        bound = numbers[index]
        height = binder.neck_height(position)
        share = (weights * binder.follows[bound]).sum(axis=1)
        share += (weights * binder.is_neck[bound]).sum(axis=1) * height
        eye = np.full(count, -1, np.int8)
        for side in (0, 1):
            eye[(weights * (binder.eye[bound] == side)).sum(axis=1) > 0.5] = side
        if opened is not None:
            jaw = place_skinned(glb, node["skin"], opened, index, weights).points(own) - position
    else:
        placed = place_rigid(binder.world[number], count)
        position = placed.points(own)
        share = np.full(count, binder.follows[number], np.float32)
        eye = np.full(count, binder.eye[number], np.int8)
        if opened is not None:
            jaw = place_rigid(opened[number], count).points(own) - position
    if binder.bones.head is None:
        share = np.full(count, -1, np.float32)
    if not np.isfinite(position).all() or np.abs(position).max() > _LARGEST:
        raise glb.problem(f"mesh {name!r} reaches beyond all measure")
    if placed.flipped:
        triangles = np.ascontiguousarray(triangles[:, ::-1])
    normal = attribute("NORMAL", (3,))
    if normal is None:
        normal = smooth_normals(position, triangles)
    else:
        normal = placed.normals(deform(glb, primitive, held, "NORMAL", normal))
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = np.where(length > 1e-6, normal / np.maximum(length, 1e-6), [0, 0, 1])
    uvs = {n: uv for n in (0, 1) if (uv := attribute(f"TEXCOORD_{n}", (2,))) is not None}
    return Piece(
        name=name,
        mesh=node["mesh"],
        material=primitive.get("material"),
        primitive=primitive,
        placed=placed,
        position=position,
        normal=normal.astype(np.float32),
        uvs=uvs,
        colour=attribute("COLOR_0", (3, 4)),
        share=np.clip(share, -1, 1).astype(np.float32),
        eye=eye,
        triangles=triangles,
        target_names=names,
        jaw=jaw,
    )


def _read_triangles(glb: Glb, primitive: dict[str, Any], count: int, name: str) -> Ints:
    if primitive.get("indices") is not None:
        values = glb.array(primitive["indices"])
        if values.dtype.kind != "u" or values.shape[1] != 1:
            raise glb.problem(f"the triangles of mesh {name!r} are not counted in whole numbers")
        indices = values.ravel().astype(np.int64)
    else:
        indices = np.arange(count)
    if len(indices) and indices.max() >= count:
        raise glb.problem(f"the triangles of mesh {name!r} refer to vertices that are not there")
    mode = primitive.get("mode", _LIST)
    if mode == _LIST:
        found = indices[: len(indices) // 3 * 3].reshape(-1, 3)
    elif mode == _STRIP:
        found = np.stack([indices[:-2], indices[1:-1], indices[2:]], axis=1)
        found[1::2] = found[1::2, ::-1]
    else:
        found = np.stack(
            [np.broadcast_to(indices[:1], len(indices[2:])), indices[1:-1], indices[2:]], axis=1
        )
    whole = (
        (found[:, 0] != found[:, 1]) & (found[:, 1] != found[:, 2]) & (found[:, 2] != found[:, 0])
    )
    return np.asarray(found[whole], np.int32)
