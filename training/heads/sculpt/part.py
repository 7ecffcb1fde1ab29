"""One mesh of a head while it is being made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .numbers import Floats, Ints, unit

Face = Sequence[tuple[int, int]]
"""Corners of a polygon: numbers of a position and of a texture coordinate."""


@dataclass
class Part:
    """n vertices, m triangles. ``source`` (n,) is the same for vertices that are one point."""

    name: str
    position: Floats
    uv: Floats
    """(n, 2), v up as in MakeHuman."""
    triangles: Ints
    source: Ints
    morphs: dict[str, Floats] = field(default_factory=dict)
    """Displacement (n, 3) at weight 1 by ARKit name; what does not move is not there."""
    normal: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    morph_normals: dict[str, Floats] = field(default_factory=dict)
    """Change of the normal at weight 1."""
    occlusion: Floats = field(default_factory=lambda: np.zeros(0))
    head_share: Floats = field(default_factory=lambda: np.zeros(0))
    image: Floats = field(default_factory=lambda: np.zeros((0, 0, 4)))
    """(height, width, 3 or 4) in 0..1, sRGB."""

    def keep_vertices(self, used: Ints) -> Ints:
        """Drop all vertices but ``used`` (sorted); return the new number of each old one."""
        number = np.full(len(self.position), -1, np.int64)
        number[used] = np.arange(len(used))
        for name in ("position", "uv", "source", "normal", "occlusion", "head_share"):
            values = getattr(self, name)
            if len(values) == len(number):
                setattr(self, name, values[used])
        self.morphs = {key: value[used] for key, value in self.morphs.items()}
        self.morph_normals = {key: value[used] for key, value in self.morph_normals.items()}
        return number

    def keep_triangles(self, wanted: np.ndarray) -> None:
        """Drop triangles (a mask), and the vertices that none of the rest uses."""
        self.triangles = self.triangles[wanted]
        number = self.keep_vertices(np.unique(self.triangles))
        self.triangles = number[self.triangles]

    def find_normals(self) -> None:
        """Fill ``normal`` and ``morph_normals`` from the shape."""
        self.normal = smooth_normals(self.position, self.triangles, self.source)
        self.morph_normals = {
            key: smooth_normals(self.position + delta, self.triangles, self.source) - self.normal
            for key, delta in self.morphs.items()
        }


def make_part(
    name: str,
    position: Floats,
    uv: Floats,
    faces: Sequence[Face],
    morphs: dict[str, Floats],
    keep: Callable[[Face], bool] = lambda face: True,
) -> Part:
    """A part from polygons; ``position`` and the morphs are numbered as in the faces."""
    number: dict[tuple[int, int], int] = {}
    triangles = []
    for face in faces:
        if keep(face):
            ring = [number.setdefault((a, b), len(number)) for a, b in face]
            triangles += [(ring[0], ring[k], ring[k + 1]) for k in range(1, len(ring) - 1)]
    corners = np.array(list(number), np.int64)
    source = corners[:, 0]
    return Part(
        name,
        position[source],
        uv[corners[:, 1]],
        np.array(triangles, np.int64),
        source,
        {key: delta[source] for key, delta in morphs.items() if np.abs(delta[source]).max() > 1e-6},
    )


def join(pieces: Sequence[Part]) -> Part:
    """Pieces of hair as one: places, light and the head's share; no image, no morphs."""
    begins = np.cumsum([0, *(len(piece.position) for piece in pieces)])
    return Part(
        pieces[0].name,
        np.concatenate([piece.position for piece in pieces]),
        np.concatenate([piece.uv for piece in pieces]),
        np.concatenate([p.triangles + begin for p, begin in zip(pieces, begins, strict=False)]),
        np.arange(begins[-1]),
        normal=np.concatenate([piece.normal for piece in pieces]),
        occlusion=np.concatenate([piece.occlusion for piece in pieces]),
        head_share=np.concatenate([piece.head_share for piece in pieces]),
    )


def smooth_normals(position: Floats, triangles: Ints, source: Ints) -> Floats:
    """Unit normals (n, 3), averaged over all triangles of a point by their area."""
    corners = position[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((int(source.max()) + 1, 3))
    for corner in range(3):
        np.add.at(total, source[triangles[:, corner]], faces)
    return unit(total)[source]


def smooth_values(values: Floats, part: Part, rounds: int) -> Floats:
    """Values (n,) averaged with their neighbours' along the edges, alike on both sides of seams."""
    source, triangles = part.source, part.triangles
    count = int(source.max()) + 1
    sums, hits = np.zeros(count), np.zeros(count)
    sums += np.bincount(source, values, count)
    hits += np.bincount(source, minlength=count)
    level = sums / np.maximum(hits, 1)
    edges = np.concatenate([source[triangles[:, [a, b]]] for a, b in ((0, 1), (1, 2), (2, 0))])
    for _ in range(rounds):
        sums, hits = np.zeros(count), np.zeros(count)
        for a, b in ((0, 1), (1, 0)):
            sums += np.bincount(edges[:, a], level[edges[:, b]], count)
            hits += np.bincount(edges[:, a], minlength=count)
        level = np.where(hits > 0, 0.5 * level + 0.5 * sums / np.maximum(hits, 1), level)
    return level[source]
