"""Puts the pieces of a file together to one :class:`Head`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_worker.render.head import Floats, Head, Ints
from avatar_worker.render.materials import ALPHA, MOUTH_PARTS
from avatar_worker.render.textures import build_pyramids, pack_coverage
from visavis.protocol import ARKIT_NAMES

from .paint import Paint


@dataclass(frozen=True, eq=False)
class Part:
    """One piece of which only what some picture shows is left, in the picture's space."""

    paint: Paint
    base: Floats
    """(n, 6)"""
    head_share: Floats
    eye: NDArray[np.int8]
    triangles: Ints
    targets: Mapping[str, tuple[NDArray[np.int64], Floats]]
    """ARKit shape: rows (k,) and change (k, 6)."""


@dataclass(frozen=True, eq=False)
class Joints:
    """As in :class:`Head`."""

    neck: Floats
    eye_centres: Floats
    gaze_limits: Floats


def assemble(name: str, joints: Joints, parts: list[Part]) -> Head:
    """The head; its triangles ordered as the renderer draws them."""
    sizes = [len(part.base) for part in parts]
    offsets = np.cumsum([0, *sizes[:-1]]).tolist()
    numbers = np.arange(len(parts))
    eye = np.concatenate([part.eye for part in parts])
    head_share = np.concatenate([part.head_share for part in parts])
    morph_start, morph_vertex, morph_delta = _join_targets(parts, offsets)
    triangles = np.concatenate(
        [part.triangles + offset for part, offset in zip(parts, offsets, strict=True)]
    ).astype(np.int32)
    triangle_part = np.repeat(numbers, [len(p.triangles) for p in parts]).astype(np.int32)
    moves = head_share > 0
    moves[morph_vertex] = True
    moving = moves[triangles].any(axis=1)
    in_mouth = np.array([part.paint.role.lower() in MOUTH_PARTS for part in parts])
    beyond_lips = ~in_mouth[triangle_part]
    # What may hide other things is drawn before what has alpha to test.
    kinds = np.array([part.paint.kind for part in parts], np.int32)
    order = np.lexsort((triangle_part, kinds[triangle_part], beyond_lips, moving))
    texels, table = _textures(parts)
    coverage, shift = pack_coverage(texels, table, kinds >= ALPHA)
    return Head(
        name=name,
        base=np.concatenate([part.base for part in parts]),
        uv=np.concatenate([part.paint.uv for part in parts]),
        occlusion=np.concatenate([part.paint.occlusion for part in parts]),
        head_share=head_share,
        vertex_part=np.repeat(numbers, sizes).astype(np.int32),
        triangles=np.ascontiguousarray(triangles[order]),
        triangle_part=np.ascontiguousarray(triangle_part[order]),
        still_triangles=int((~moving).sum()),
        mouth_triangles=int((moving & ~beyond_lips).sum()),
        seen_triangles=len(triangles),
        mouth_vertices=np.flatnonzero(np.repeat(in_mouth, sizes)).astype(np.int32),
        part_names=tuple(part.paint.role for part in parts),
        part_kind=kinds,
        part_material=np.array([part.paint.light.row() for part in parts], np.float32),
        morph_start=morph_start,
        morph_vertex=morph_vertex,
        morph_delta=morph_delta,
        texels=texels,
        texture_table=table,
        coverage=coverage,
        coverage_shift=shift,
        neck=joints.neck,
        eye_centres=joints.eye_centres,
        eye_vertices=(
            np.flatnonzero(eye == 0).astype(np.int32),
            np.flatnonzero(eye == 1).astype(np.int32),
        ),
        gaze_limits=joints.gaze_limits,
    )


def _textures(parts: list[Part]) -> tuple[NDArray[np.uint8], Ints]:
    """Texels, and the rows of their table that the parts use; equal paint is kept once."""
    images: dict[tuple[object, ...], Image.Image] = {}
    for part in parts:
        images.setdefault(part.paint.key, part.paint.image)
    places = {key: number for number, key in enumerate(images)}
    texels, table = build_pyramids(list(images.values()))
    return texels, np.ascontiguousarray(table[[places[part.paint.key] for part in parts]])


def _join_targets(parts: list[Part], offsets: list[int]) -> tuple[Ints, Ints, Floats]:
    """``morph_start``, ``morph_vertex`` and ``morph_delta`` of a head."""
    starts, vertices, deltas = [0], [np.zeros(0, np.int64)], [np.zeros((0, 6), np.float32)]
    for target in ARKIT_NAMES:
        for part, offset in zip(parts, offsets, strict=True):
            if target in part.targets:
                rows, delta = part.targets[target]
                vertices.append(rows + offset)
                deltas.append(delta)
        starts.append(sum(map(len, vertices)))
    return (
        np.array(starts, np.int32),
        np.concatenate(vertices).astype(np.int32),
        np.concatenate(deltas),
    )
