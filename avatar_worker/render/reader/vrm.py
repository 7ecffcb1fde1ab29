"""What a VRM file says beyond glTF: which bone is which, expressions, how far eyes turn.

Specifications: VRM 0.0 (extension ``VRM``) and VRM 1.0 (``VRMC_vrm``), vrm-c/vrm-specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from avatar_worker.render.gltf import Glb

from .shapes.names import find_shape

_V0_PRESETS: Final = {
    "a": "aa", "i": "ih", "u": "ou", "e": "ee", "o": "oh", "joy": "happy", "angry": "angry",
    "sorrow": "sad", "fun": "relaxed", "surprised": "surprised", "blink": "blink",
    "blink_l": "blinkLeft", "blink_r": "blinkRight", "lookup": "lookUp", "lookdown": "lookDown",
    "lookleft": "lookLeft", "lookright": "lookRight",
}  # fmt: skip
_V1_PRESETS: Final = frozenset(_V0_PRESETS.values())
_DEGREES: Final = 60.0


@dataclass(frozen=True)
class Bind:
    """One morph target in an expression."""

    mesh: int
    target: int
    weight: float


@dataclass(frozen=True)
class Vrm:
    """Empty where a file is plain glTF."""

    version: str = ""
    """``0.x``, ``1.0``, or empty."""
    bones: dict[str, int] = field(default_factory=dict)
    """Node of each humanoid bone: ``head``, ``neck``, ``leftEye``, ``leftUpperArm``, …"""
    expressions: dict[str, tuple[Bind, ...]] = field(default_factory=dict)
    """Presets as ``vrm_aa``; others by the shape that their name says."""
    gaze: dict[str, float] = field(default_factory=dict)
    """Degrees for ``In``, ``Out``, ``Up``, ``Down``, where eyes are turned by bones."""
    toon_materials: frozenset[int] = frozenset()


def read_vrm(glb: Glb) -> Vrm:
    """Raises what :func:`read_head` turns into :class:`HeadError` for a broken extension."""
    if old := glb.extension("VRM"):
        humans = old.get("humanoid", {}).get("humanBones", [])
        shader = [str(item.get("shader", "")) for item in old.get("materialProperties", [])]
        return Vrm(
            "0.x",
            {str(bone["bone"]): _node(glb, bone.get("node")) for bone in humans},
            _collect(_old_expressions(glb, old)),
            _old_gaze(old.get("firstPerson", {})),
            frozenset(n for n, name in enumerate(shader) if name.startswith(("VRM/", "Unlit/"))),
        )
    if new := glb.extension("VRMC_vrm"):
        humans = new.get("humanoid", {}).get("humanBones", {})
        return Vrm(
            "1.0",
            {str(name): _node(glb, bone.get("node")) for name, bone in humans.items()},
            _collect(_new_expressions(glb, new.get("expressions", {}))),
            _new_gaze(new.get("lookAt", {})),
        )
    return Vrm()


def _node(glb: Glb, index: object) -> int:
    glb.item("nodes", index)
    assert isinstance(index, int)
    return index


def _collect(found: Iterator[tuple[str, tuple[Bind, ...]]]) -> dict[str, tuple[Bind, ...]]:
    expressions: dict[str, tuple[Bind, ...]] = {}
    for name, binds in found:
        if binds:
            expressions.setdefault(name, binds)
    return expressions


def _old_expressions(glb: Glb, old: dict[str, Any]) -> Iterator[tuple[str, tuple[Bind, ...]]]:
    for group in old.get("blendShapeMaster", {}).get("blendShapeGroups", []):
        preset = str(group.get("presetName", "")).lower()
        binds = tuple(
            Bind(_index(glb, "meshes", bind), int(bind["index"]), float(bind["weight"]) / 100)
            for bind in group.get("binds") or []
        )
        if preset in _V0_PRESETS:
            yield f"vrm_{_V0_PRESETS[preset]}", binds
        elif shape := find_shape(str(group.get("name", ""))):
            yield shape, binds


def _index(glb: Glb, kind: str, bind: dict[str, Any]) -> int:
    glb.item(kind, bind["mesh"])
    return int(bind["mesh"])


def _new_expressions(glb: Glb, new: dict[str, Any]) -> Iterator[tuple[str, tuple[Bind, ...]]]:
    for name, expression in new.get("preset", {}).items():
        if name in _V1_PRESETS:
            yield f"vrm_{name}", _new_binds(glb, expression)
    for name, expression in new.get("custom", {}).items():
        if shape := find_shape(name):
            yield shape, _new_binds(glb, expression)


def _new_binds(glb: Glb, expression: dict[str, Any]) -> tuple[Bind, ...]:
    return tuple(
        Bind(
            int(glb.item("nodes", bind["node"])["mesh"]), int(bind["index"]), float(bind["weight"])
        )
        for bind in expression.get("morphTargetBinds") or []
    )


def _old_gaze(first_person: dict[str, Any]) -> dict[str, float]:
    if first_person.get("lookAtTypeName", "Bone") != "Bone":
        return {}
    keys = {
        "In": "lookAtHorizontalInner",
        "Out": "lookAtHorizontalOuter",
        "Up": "lookAtVerticalUp",
        "Down": "lookAtVerticalDown",
    }
    return {
        way: min(abs(float(first_person[key]["yRange"])), _DEGREES)
        for way, key in keys.items()
        if key in first_person
    }


def _new_gaze(look_at: dict[str, Any]) -> dict[str, float]:
    if look_at.get("type", "bone") != "bone":
        return {}
    keys = {
        "In": "rangeMapHorizontalInner",
        "Out": "rangeMapHorizontalOuter",
        "Up": "rangeMapVerticalUp",
        "Down": "rangeMapVerticalDown",
    }
    return {
        way: min(abs(float(look_at[key].get("outputScale", 10.0))), _DEGREES)
        for way, key in keys.items()
        if key in look_at
    }
