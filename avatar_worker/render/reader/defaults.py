"""Morph targets as a file has them from the start (glTF 2.0 §3.7.2.2): a body's build, an identity.

What moves the face is left out: that starts at rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_worker.render.gltf import Glb
from avatar_worker.render.gltf.nodes import Nodes
from avatar_worker.render.head import Floats

from .shapes.names import find_shapes
from .vrm import Vrm


def target_names(mesh: dict[str, Any], primitive: dict[str, Any]) -> tuple[str, ...]:
    """As the mesh or its primitive names them; empty where nobody does."""
    count = len(primitive.get("targets", []))
    for holder in (mesh, primitive):
        extras = holder.get("extras")
        names = extras.get("targetNames") if isinstance(extras, dict) else None
        if isinstance(names, list):
            texts = [str(name)[:200] for name in names[:count]]
            return tuple(texts + [""] * (count - len(texts)))
    return ("",) * count


@dataclass(frozen=True)
class Acting:
    """What moves the face, of all meshes that the scene shows."""

    names: Mapping[str, str]
    """Names of targets that say something, and their shapes."""
    targets: frozenset[tuple[int, int]]
    """Mesh and number of each, by its name or by a VRM's expressions."""


def find_acting(glb: Glb, nodes: Nodes, vrm: Vrm) -> Acting:
    """Names are of the whole file: a vowel's letter says something only beside the others."""
    shown = [glb.item("nodes", number) for number in nodes.shown]
    meshes = {node["mesh"] for node in shown if "mesh" in node}
    called = [
        (mesh, target_names(owner, primitive))
        for mesh in meshes
        for owner in [glb.item("meshes", mesh)]
        for primitive in owner.get("primitives", [])
    ]
    names = find_shapes(name for _, given in called for name in given)
    targets = {
        (mesh, target)
        for mesh, given in called
        for target, name in enumerate(given)
        if name in names
    }
    for binds in vrm.expressions.values():
        targets |= {(bind.mesh, bind.target) for bind in binds if bind.weight}
    return Acting(names, frozenset(targets))


def default_weights(
    glb: Glb, node: dict[str, Any], count: int, acting: frozenset[tuple[int, int]]
) -> dict[int, float]:
    """Weights other than 0 of what does not act, by number of the target, of ``count``; a node's
    own stand in for its mesh's.

    Raises :class:`ValueError` and :class:`TypeError` for what are no weights.
    """
    mesh = node["mesh"]
    given = node.get("weights", glb.item("meshes", mesh).get("weights", []))
    return {
        target: float(weight)
        for target, weight in enumerate(given[:count])
        if weight and (mesh, target) not in acting
    }


def deform(
    glb: Glb, primitive: dict[str, Any], weights: dict[int, float], key: str, base: Floats
) -> Floats:
    """``base`` (n, 3), of the attribute ``key``, with what these targets add to it.

    Raises :class:`ValueError` for targets that are broken.
    """
    for target, weight in weights.items():
        entry = primitive["targets"][target]
        if key in entry:
            values = glb.array(entry[key])
            if values.shape != base.shape:
                raise ValueError(f"a morph target has the wrong shape {values.shape}")
            base = base + np.float32(weight) * values.astype(np.float32)
    if not np.isfinite(base).all():
        raise ValueError("a morph target moves vertices beyond all measure")
    return base
