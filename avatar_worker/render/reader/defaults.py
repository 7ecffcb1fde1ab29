"""Morph targets as a file has them from the start (glTF 2.0 §3.7.2.2): a body's build, an identity.

What moves the face is left out: that starts at rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar_worker.render.gltf import Glb
from avatar_worker.render.head import Floats

from .shapes.names import find_shapes


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


def default_weights(
    node: dict[str, Any], mesh: dict[str, Any], names: tuple[str, ...]
) -> dict[int, float]:
    """Weights other than 0, by number of the target; a node's own stand in for its mesh's.

    Raises :class:`ValueError` and :class:`TypeError` for what are no weights.
    """
    given = node.get("weights", mesh.get("weights", []))
    if not any(given):
        return {}
    faces = find_shapes(names)
    return {
        target: float(weight)
        for target, (name, weight) in enumerate(zip(names, given, strict=False))
        if weight and name not in faces
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
