"""A head on the graphics card: its buffers, its textures, and the pieces it is drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.camera import Camera
from avatar_worker.render.head import Head
from avatar_worker.render.materials import ALPHA
from avatar_worker.render.surface import choose_textures

from .motion import Motion

if TYPE_CHECKING:
    from moderngl import Buffer, Context, Program, Texture, VertexArray

_CORNERS: Final = 3


@dataclass(frozen=True)
class Piece:
    """Triangles of one part that take the same level of its texture."""

    part: int
    level: int
    is_hidden: bool
    """Left out in every usual pose, as on the CPU."""
    first: int
    """The first of its corners."""
    corners: int


@dataclass(frozen=True)
class Scene:
    """What lies on the card. ``textures``: one a part."""

    moving: Buffer
    vertices: VertexArray
    textures: tuple[Texture, ...]
    pieces: tuple[Piece, ...]


def build_scene(
    context: Context, program: Program, head: Head, camera: Camera, motion: Motion
) -> Scene:
    """Copy the head onto the card; the context is current."""
    moving = context.buffer(np.ascontiguousarray(head.base[motion.order]).tobytes())
    fixed = np.column_stack([head.uv, head.occlusion, head.head_share])[motion.order]
    textures = _copy_textures(context, head)
    triangles, pieces = _sort(head, _levels(head, camera))
    corners = motion.place[triangles].astype(np.uint32)
    vertices = context.vertex_array(
        program,
        [
            (moving, "3f 3f", "in_place", "in_normal"),
            (
                context.buffer(fixed.astype(np.float32).tobytes()),
                "2f 1f 1f",
                "in_uv",
                "in_open",
                "in_share",
            ),
        ],
        index_buffer=context.buffer(corners.tobytes()),
    )
    return Scene(moving, vertices, textures, pieces)


def _levels(head: Head, camera: Camera) -> NDArray[np.int64]:
    """Of each triangle's texture (m,), as the CPU's renderer chooses it for the resting head."""
    seen = (head.base[:, :3] - camera.position) @ camera.axes.T
    screen = (camera.lens[2] * seen[:, :2] / seen[:, 2:]).astype(np.float32)
    offset = choose_textures(head, screen)[:, :1]
    table = head.texture_table[head.triangle_part][..., 0]
    return np.asarray((table == offset).argmax(axis=1), np.int64)


def _sort(head: Head, levels: NDArray[np.int64]) -> tuple[NDArray[np.int32], tuple[Piece, ...]]:
    """The triangles by part and level; hair after all that may hide it."""
    part = head.triangle_part
    hidden = np.arange(len(part)) >= head.seen_triangles
    order = np.lexsort((levels, hidden, part, head.part_kind[part] >= ALPHA))
    keys = np.stack([part[order], levels[order], hidden[order]], axis=1)
    begins = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)])
    ends = np.r_[begins[1:], len(keys)]
    pieces = tuple(
        Piece(
            int(keys[a, 0]),
            int(keys[a, 1]),
            bool(keys[a, 2]),
            int(a) * _CORNERS,
            int(b - a) * _CORNERS,
        )
        for a, b in zip(begins, ends, strict=True)
    )
    return head.triangles[order], pieces


def _copy_textures(context: Context, head: Head) -> tuple[Texture, ...]:
    """With the head's own levels, which shrink colour and alpha apart."""
    made: dict[int, Texture] = {}
    for levels in head.texture_table.tolist():
        if levels[0][0] not in made:
            made[levels[0][0]] = _copy_texture(context, head.texels, levels)
    return tuple(made[levels[0][0]] for levels in head.texture_table.tolist())


def _copy_texture(context: Context, texels: NDArray[np.uint8], levels: list[list[int]]) -> Texture:
    from moderngl import LINEAR, LINEAR_MIPMAP_NEAREST

    _, width, height = levels[0]
    texture = context.texture((width, height), 4)
    fitting = [
        entry
        for number, entry in enumerate(levels)
        if entry[1:] == [max(1, width >> number), max(1, height >> number)]
    ]
    texture.build_mipmaps(max_level=len(fitting) - 1)
    for number, (offset, wide, high) in enumerate(fitting):
        texture.write(texels[offset : offset + wide * high].tobytes(), level=number)
    texture.filter = (LINEAR_MIPMAP_NEAREST, LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return texture
