"""The joints of a head: where it turns, where the eyes sit, and which vertices follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .gltf import Glb

_EYES: Final = ("LeftEye", "RightEye")
_DEFAULT_GAZE: Final = {"In": 32.0, "Out": 32.0, "Up": 24.0, "Down": 26.0}


@dataclass(frozen=True, eq=False)
class Rig:
    """Joint centres in metres and, for each joint of the skin, what it belongs to."""

    neck: NDArray[np.float32]
    eye_centres: NDArray[np.float32]
    gaze_limits: NDArray[np.float32]
    follows_head: NDArray[np.bool_]
    """(joints,): the head joint or one below it."""
    eye_joints: tuple[int, int]

    def bind(
        self, joints: NDArray[np.float32], weights: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Share (n,) of the head in each vertex, and eye (n,): 0 left, 1 right, -1 neither."""
        numbers = np.minimum(joints.astype(np.int64), len(self.follows_head) - 1)
        total = np.maximum(weights.sum(axis=1), 1e-6)
        share = (weights * self.follows_head[numbers]).sum(axis=1) / total
        eye = np.full(len(joints), -1, np.int8)
        for side, joint in enumerate(self.eye_joints):
            eye[(weights * (numbers == joint)).sum(axis=1) > 0.5 * total] = side
        return np.clip(share, 0, 1).astype(np.float32), eye


def read_rig(glb: Glb) -> Rig:
    """The file's first skin; raises :class:`HeadError` where a joint is missing."""
    if not glb.items("skins"):
        raise glb.problem("it has no skin with a Head joint")
    joints = glb.item("skins", 0).get("joints")
    if not isinstance(joints, list) or not joints:
        raise glb.problem("its skin names no joints")
    names = [str(glb.item("nodes", joint).get("name", "")) for joint in joints]
    if lacking := [name for name in ("Head", *_EYES) if name not in names]:
        raise glb.problem(f"its skin has no joint called {lacking[0]}")
    parents = {
        child: number
        for number, node in enumerate(glb.items("nodes"))
        for child in node.get("children", [])
    }
    head = joints[names.index("Head")]
    eyes = (names.index(_EYES[0]), names.index(_EYES[1]))
    return Rig(
        neck=_centre(glb, head, parents),
        eye_centres=np.stack([_centre(glb, joints[eye], parents) for eye in eyes]),
        gaze_limits=_gaze_limits(glb),
        follows_head=np.array([head in _ancestry(glb, joint, parents) for joint in joints]),
        eye_joints=eyes,
    )


def _ancestry(glb: Glb, node: int, parents: dict[int, int]) -> list[int]:
    line = [node]
    while line[-1] in parents:
        line.append(parents[line[-1]])
        if len(line) > len(glb.items("nodes")):
            raise glb.problem("its nodes form a ring")
    return line


def _centre(glb: Glb, node: int, parents: dict[int, int]) -> NDArray[np.float32]:
    centre = np.zeros(3)
    for number in _ancestry(glb, node, parents):
        entry = glb.item("nodes", number)
        if {"rotation", "scale", "matrix"} & entry.keys():
            raise glb.problem(f"joint {entry.get('name')!r} is rotated or scaled at rest")
        centre += _vector(glb, entry.get("translation", [0.0, 0.0, 0.0]))
    return centre.astype(np.float32)


def _vector(glb: Glb, value: object) -> NDArray[np.float64]:
    try:
        vector = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        vector = np.zeros(0)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise glb.problem(f"a node's translation is {value!r}")
    return vector


def _gaze_limits(glb: Glb) -> NDArray[np.float32]:
    """Degrees in ``asset.extras.gaze_degrees``, else those of the heads that come with Visavis."""
    asset: Any = glb.document.get("asset", {})
    given = asset.get("extras", {}).get("gaze_degrees", {}) if isinstance(asset, dict) else {}
    degrees = [given.get(key, default) for key, default in _DEFAULT_GAZE.items()]
    if not all(isinstance(value, int | float) and 0 <= value <= 60 for value in degrees):
        raise glb.problem(f"its gaze limits are {given!r}")
    return np.radians(degrees).astype(np.float32)
