"""A head in memory: arrays that every renderer of every process reads and none writes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Head:
    """One head: n vertices, m triangles, p parts. Metres, y up, the face towards +z.

    Read-only and contiguous, so that processes forked after loading share the memory.
    """

    name: str
    base: Floats
    """(n, 6): position and normal of the rest face."""
    uv: Floats
    """(n, 2) in 0..1, v down."""
    occlusion: Floats
    """(n,): 1 is open to the light."""
    head_share: Floats
    """(n,): 1 follows the head joint, 0 stays with the shoulders."""
    vertex_part: Ints
    triangles: Ints
    """(m, 3): vertices, anticlockwise from outside."""
    triangle_part: Ints
    still_triangles: int
    """The first so many triangles move with no weight and no pose."""
    mouth_triangles: int
    """The next so many are teeth and tongue."""
    seen_triangles: int
    """All triangles from here on lie hidden in every pose within ``survey.py``'s limits."""
    mouth_vertices: Ints
    part_names: tuple[str, ...]
    part_kind: Ints
    """(p,): a kind of ``materials.py``."""
    part_material: Floats
    """(p, 6): rows of :class:`Material`."""
    morph_start: Ints
    """(53,): target k owns rows ``morph_start[k]:morph_start[k + 1]`` of the two arrays below."""
    morph_vertex: Ints
    """(rows,): growing within a target."""
    morph_delta: Floats
    """(rows, 6): change of position and normal at weight 1."""
    texels: NDArray[np.uint8]
    """(t, 4): RGBA of every texture and level."""
    texture_table: Ints
    """(p, levels, 3): offset into ``texels``, width, height."""
    coverage: Ints
    """(c,): alpha of four neighbouring texels, of the textures of hair and lashes: its own in the
    lowest byte, then those to the right, below, and below to the right: one look-up for all."""
    coverage_shift: Ints
    """(p,): what is added to an offset into ``texels`` for the place in ``coverage``."""
    neck: Floats
    """(3,): the point that the head turns about."""
    eye_centres: Floats
    """(2, 3): left, right."""
    eye_vertices: tuple[Ints, Ints]
    """Vertices of the left and the right eyeball."""
    gaze_limits: Floats
    """(4,): radians that eyeLookIn, Out, Up and Down turn an eye by at weight 1."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            for array in value if isinstance(value, tuple) else (value,):
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)
