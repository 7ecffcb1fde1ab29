"""Reads MakeHuman's files: Wavefront objects, targets, and proxies that fit any body."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .numbers import Floats, Ints
from .part import Face

BODY_VERTICES = 13380
"""The base mesh's first so many vertices are the body; helper geometry follows."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A Wavefront object: positions (n, 3), texture coordinates (k, 2), polygons, their groups."""

    position: Floats
    uv: Floats
    faces: list[Face]
    groups: list[str]


@dataclass(frozen=True, eq=False)
class Proxy:
    """A mesh bound to the body: each vertex hangs on three of the body's (``.mhclo``)."""

    mesh: Mesh
    corners: Ints
    weights: Floats
    offsets: Floats
    scales: list[tuple[int, int, float] | None]
    hides: frozenset[int]
    """Vertices of the body that it covers."""

    def fit(self, body: Floats) -> Floats:
        """Positions (n, 3) on a body."""
        scale = np.ones(3)
        for axis, rule in enumerate(self.scales):
            if rule:
                a, b, length = rule
                scale[axis] = abs(body[a, axis] - body[b, axis]) / length
        return self.follow(body) + self.offsets * scale

    def follow(self, change: Floats) -> Floats:
        """Displacements (n, 3) that follow the body's."""
        return np.asarray((change[self.corners] * self.weights[..., None]).sum(axis=1))


def read_mesh(path: Path) -> Mesh:
    """Read an ``.obj``."""
    position, uv, faces, groups, group = [], [], [], [], ""
    for line in path.read_text("utf-8", "replace").splitlines():
        words = line.split()
        match words[:1]:
            case ["v"]:
                position.append([float(word) for word in words[1:4]])
            case ["vt"]:
                uv.append([float(word) for word in words[1:3]])
            case ["g"]:
                group = words[1] if len(words) > 1 else ""
            case ["f"]:
                corners = [[*word.split("/"), "1"][:2] for word in words[1:]]
                faces.append([(int(a) - 1, int(b or 1) - 1) for a, b in corners])
                groups.append(group)
    return Mesh(np.array(position), np.array(uv), faces, groups)


def read_target(path: Path, count: int) -> Floats:
    """Displacements (count, 3) of a ``.target`` or ``.target.gz``."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    change = np.zeros((count, 3))
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and not line.startswith("#"):
            change[int(words[0])] = [float(word) for word in words[1:]]
    return change


def read_proxy(path: Path) -> Proxy:
    """Read an ``.mhclo`` and the ``.obj`` beside it."""
    corners, weights, offsets, section = [], [], [], ""
    hides: set[int] = set()
    scales: list[tuple[int, int, float] | None] = [None] * 3
    for line in path.read_text("utf-8", "replace").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            scales["xyz".index(words[0][0])] = (int(words[1]), int(words[2]), float(words[3]))
        elif words[0] in ("verts", "delete_verts"):
            section = words[0]
        elif section == "verts" and len(words) == 9:
            corners.append([int(word) for word in words[:3]])
            weights.append([float(word) for word in words[3:6]])
            offsets.append([float(word) for word in words[6:]])
        elif section == "verts" and len(words) == 1:
            corners.append([int(words[0])] * 3)
            weights.append([1.0, 0.0, 0.0])
            offsets.append([0.0] * 3)
        elif section == "delete_verts":
            numbers = " ".join(words).replace(" - ", "-").split()
            for item in numbers:
                first, _, last = item.partition("-")
                hides |= set(range(int(first), int(last or first) + 1))
    mesh = read_mesh(path.with_suffix(".obj"))
    if len(corners) != len(mesh.position):
        raise ValueError(f"{path} binds {len(corners)} vertices of {len(mesh.position)}")
    return Proxy(
        mesh, np.array(corners), np.array(weights), np.array(offsets), scales, frozenset(hides)
    )
