"""Which nodes a face may turn about: meshes are often called as bones are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from avatar_worker.render.gltf import Glb
from avatar_worker.render.gltf.nodes import Nodes

_NEAR: Final = 1.5
"""Half sides of a mesh, of its longest, from its middle within which a node stands at a joint: at
the foot of a head still, but neither at the scene's origin nor at the corner that a mesh of whole
numbers is counted from."""


@dataclass(frozen=True)
class Pivots:
    """Node numbers."""

    parts: frozenset[int]
    """Joints of skins, nodes without a mesh, and those that stand at a joint of their mesh."""
    heads: frozenset[int]
    """Of those, without meshes that others hang beside: a face alone does not take its eyes and
    hair along. A body that it hangs on itself is not beside it."""


def find_pivots(glb: Glb, nodes: Nodes, joints: frozenset[int]) -> Pivots:
    """``joints``: nodes that a skin names."""
    meshes = [number for number in nodes.shown if "mesh" in glb.item("nodes", number)]
    bare = frozenset(nodes.shown).difference(meshes) | joints
    placed = _placed(glb, meshes)
    return Pivots(bare | placed, bare | (placed & _with_none_beside(nodes, meshes)))


def _placed(glb: Glb, meshes: list[int]) -> frozenset[int]:
    """Nodes that stand at a joint of their mesh. Many may share one, which is looked at once."""
    found: set[int] = set()
    are: dict[int, bool] = {}
    for number in meshes:
        node = glb.item("nodes", number)
        mesh, shape = node["mesh"], glb.item("meshes", node["mesh"])
        if "skin" in node:  # its vertices are where the joints are, wherever the node is
            continue
        if mesh not in are:
            are[mesh] = _is_about_its_origin(glb, shape.get("primitives", []))
        if are[mesh]:
            found.add(number)
    return frozenset(found)


def _with_none_beside(nodes: Nodes, meshes: list[int]) -> frozenset[int]:
    """Meshes of which every other hangs on it, or carries it."""
    carried = Counter[int]()
    carriers = Counter[int]()
    known = frozenset(meshes)
    for number in meshes:
        above = [each for each in nodes.ancestors(number) if each in known]
        carried.update(above)
        carriers[number] = len(above)
    others = len(meshes) - 1
    return frozenset(each for each in meshes if carried[each] + carriers[each] == others)


def _is_about_its_origin(glb: Glb, primitives: list[dict[str, Any]]) -> bool:
    boxes = [box for primitive in primitives if (box := _box(glb, primitive)) is not None]
    if not boxes:
        return False
    corners = np.array(boxes, np.float64)
    low, high = corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)
    return float(np.linalg.norm(low + high)) <= _NEAR * float((high - low).max())


def _box(glb: Glb, primitive: dict[str, Any]) -> tuple[list[float], list[float]] | None:
    """Corners as the file must tell them (glTF 2.0 §3.7.2.1); None where it does not."""
    accessor = glb.item("accessors", primitive["attributes"].get("POSITION"))
    low, high = accessor.get("min"), accessor.get("max")
    return (low, high) if isinstance(low, list) and isinstance(high, list) else None
