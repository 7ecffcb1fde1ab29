"""How much of the sky each vertex sees, and which skin is under the cloth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector

from .numbers import Floats
from .part import Part

_REACH = 2.2
"""Decimetres beyond which nothing darkens."""
_LIFT = 0.02


def intersector(meshes: Sequence[tuple[Floats, np.ndarray]]) -> RayMeshIntersector:
    """What rays can hit: positions and triangles of several meshes."""
    offset, points, triangles = 0, [], []
    for position, faces in meshes:
        points.append(position)
        triangles.append(faces + offset)
        offset += len(position)
    return RayMeshIntersector(
        trimesh.Trimesh(np.concatenate(points), np.concatenate(triangles), process=False)
    )


def first_hit(scene: RayMeshIntersector, origin: Floats, direction: Floats) -> Floats:
    """Distance (n,) along each ray; infinite where it hits nothing."""
    distance = np.full(len(origin), np.inf)
    _, ray, place = scene.intersects_id(
        origin, direction, multiple_hits=False, return_locations=True
    )
    distance[ray] = np.linalg.norm(place - origin[ray], axis=1)
    return distance


def bake(scene: RayMeshIntersector, position: Floats, normal: Floats, rays: int = 96) -> Floats:
    """Openness (n,) in 0..1, weighted by the cosine."""
    directions = np.random.default_rng(0).normal(size=(rays, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    origin = position + normal * _LIFT
    light, weight = np.zeros(len(origin)), np.zeros(len(origin))
    for direction in directions:
        facing = normal @ direction
        own = np.flatnonzero(facing > 0.05)
        if len(own):
            ray = np.broadcast_to(direction, (len(own), 3))
            distance = first_hit(scene, origin[own], ray)
            light[own] += facing[own] * np.clip(distance / _REACH, 0, 1)
            weight[own] += facing[own]
    return np.asarray(light / np.maximum(weight, 1e-6))


def under(part: Part, cover: Part, candidates: np.ndarray) -> np.ndarray:
    """Which vertices (a mask) of ``part`` lie under ``cover``, or stick out of it a little."""
    scene = intersector([(cover.position, cover.triangles)])
    hidden = np.zeros(len(part.position), bool)
    for way, reach in ((1, 0.9), (-1, 0.35)):
        distance = first_hit(scene, part.position[candidates], way * part.normal[candidates])
        hidden[candidates[distance < reach]] = True
    point = np.zeros(int(part.source.max()) + 1, bool)
    point[part.source[hidden]] = True
    return point[part.source]
