"""Where the nodes of a file stand (glTF 2.0 §3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .glb import Glb

Matrix = NDArray[np.float64]
_LARGEST = 1e6


@dataclass(frozen=True, eq=False)
class Nodes:
    """The nodes as they stand at rest."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    """-1 where there is none."""
    world: Matrix
    """(nodes, 4, 4): from a node's own space into the scene's, column vectors."""
    shown: tuple[int, ...]
    """What the scene holds, parents first."""

    def below(self, node: int) -> list[int]:
        """The node and all that hang on it, parents first."""
        return [
            number for number in self._order if number == node or node in self.ancestors(number)
        ]

    def ancestors(self, node: int) -> tuple[int, ...]:
        """Parents of a node, the nearest first."""
        return self._ancestors[node]

    @cached_property
    def _order(self) -> list[int]:
        return sorted(range(len(self.parents)), key=lambda number: len(self._ancestors[number]))

    @cached_property
    def _ancestors(self) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        for number in range(len(self.parents)):
            line, parent = [], self.parents[number]
            while parent >= 0:
                line.append(parent)
                parent = self.parents[parent]
            found.append(tuple(line))
        return found


_DEEPEST = 512


def read_nodes(glb: Glb) -> Nodes:
    """All nodes; raises :class:`HeadError` for a ring, and for numbers that are none."""
    nodes = glb.items("nodes")
    parents = [-1] * len(nodes)
    for number, node in enumerate(nodes):
        for child in node.get("children", []):
            glb.item("nodes", child)
            if parents[child] >= 0:
                raise glb.problem(f"nodes[{child}] hangs on two others")
            parents[child] = number
    depth = _depths(glb, parents)
    world = np.zeros((len(nodes), 4, 4))
    order = sorted(range(len(nodes)), key=depth.__getitem__)
    for number in order:
        local = _local(glb, number)
        parent = parents[number]
        world[number] = local if parent < 0 else world[parent] @ local
    if not np.isfinite(world).all() or np.abs(world).max(initial=0) > _LARGEST:
        raise glb.problem("its nodes stand nowhere: a transformation is not finite or is too large")
    shown = _shown(glb, parents, order)
    names = tuple(str(node.get("name", "")) for node in nodes)
    return Nodes(names, tuple(parents), world, shown)


def _depths(glb: Glb, parents: list[int]) -> list[int]:
    depth = [-1] * len(parents)
    for start in range(len(parents)):
        line, number = [], start
        while number >= 0 and depth[number] < 0:
            line.append(number)
            if len(line) > len(parents):
                raise glb.problem("its nodes form a ring")
            number = parents[number]
        above = depth[number] if number >= 0 else -1
        for node in reversed(line):
            above += 1
            depth[node] = above
        if above > _DEEPEST:
            raise glb.problem(f"its nodes hang more than {_DEEPEST} deep")
    return depth


def _shown(glb: Glb, parents: list[int], order: list[int]) -> tuple[int, ...]:
    scenes = glb.items("scenes")
    if not scenes:
        return tuple(order)
    roots = glb.item("scenes", glb.document.get("scene", 0)).get("nodes", [])
    shown = set(roots)
    for number in order:
        if parents[number] in shown:
            shown.add(number)
    return tuple(number for number in order if number in shown)


def _local(glb: Glb, number: int) -> Matrix:
    node = glb.item("nodes", number)
    if "matrix" in node:
        return _numbers(glb, node["matrix"], 16).reshape(4, 4).T
    matrix = np.eye(4)
    rotation = _numbers(glb, node.get("rotation", [0, 0, 0, 1]), 4)
    length = float(np.linalg.norm(rotation))
    if length > 0:
        matrix[:3, :3] = _turn(rotation / length)
    matrix[:3, :3] *= _numbers(glb, node.get("scale", [1, 1, 1]), 3)
    matrix[:3, 3] = _numbers(glb, node.get("translation", [0, 0, 0]), 3)
    return matrix


def _turn(quaternion: Matrix) -> Matrix:
    x, y, z, w = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _numbers(glb: Glb, value: object, count: int) -> Matrix:
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.zeros(0)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise glb.problem(f"a node stands at {value!r:.60}")
    return numbers
