"""Finds the triangles that nobody ever sees: the backs of teeth, skin under hair, hair under hair.

With the hair of which next to nothing shows they are 19 to 28 % of the triangles of the heads that
come with Visavis. A head is looked at once, when it is loaded, from all sides that a pose within
the limits shows, and in extreme expressions.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose
from visavis.protocol import ARKIT_NAMES

from .head import Head
from .limits import MAX_PITCH, MAX_ROLL, MAX_YAW
from .materials import ALPHA
from .renderer import MeshRenderer

_SIDE: Final = 256
_THIN: Final = 8
"""Samples of the survey's picture that a triangle of hair shows at its best, or it is left out.

Eight are two pixels of 256²; what lies behind is hair like it. Solid hair stays: one would look
through where it is missing.
"""
_SIDES: Final = ("", "Left", "Right")
_EXPRESSIONS: Final[tuple[dict[str, float], ...]] = (
    {"jawOpen": 1, "tongueOut": 1},
    {"jawOpen": 0.6, "mouthUpperUp": 1, "mouthLowerDown": 1},
    {"jawOpen": 0.25, "mouthSmile": 1, "mouthUpperUp": 0.6, "cheekSquint": 1},
    {"jawOpen": 0.3, "mouthFunnel": 1, "eyeWide": 1, "eyeLookUp": 1},
    {"mouthPucker": 1, "eyeBlink": 1},
    {"jawOpen": 0.7, "jawLeft": 1, "eyeLookDown": 1},
    {"jawOpen": 0.7, "jawRight": 1, "browInnerUp": 1},
    {"mouthStretch": 1, "mouthFrown": 1, "mouthLowerDown": 1, "noseSneer": 1},
    {"cheekPuff": 1, "jawForward": 1, "mouthShrugLower": 1, "eyeSquint": 1},
    {"jawOpen": 0.3, "mouthLeft": 1, "eyeBlink": 0.5, "browDown": 1},
    {"jawOpen": 0.3, "mouthRight": 1, "mouthRollLower": 1, "browOuterUp": 1},
)
_SIDES_OF_HEAD: Final = tuple(
    HeadPose(yaw * MAX_YAW, pitch * MAX_PITCH, roll * MAX_ROLL)
    for yaw, pitch, roll in (
        *product((-1, -0.7, -0.4, 0, 0.4, 0.7, 1), (-1, -0.5, 0, 0.5, 1), (0,)),
        *product((-0.7, 0.7), (-0.7, 0.7), (-1, 1)),
    )
)
_SIDES_OF_FACE: Final = (
    HeadPose(),
    *(HeadPose(*corner) for corner in product((-MAX_YAW, MAX_YAW), (-MAX_PITCH, MAX_PITCH))),
)


def put_unseen_last(head: Head) -> Head:
    """The same head with the triangles that are never seen at the end, in the order to draw."""
    renderer = MeshRenderer(head, _SIDE, _SIDE)
    shown = np.zeros(len(head.triangles), np.int64)
    views = chain(product(({},), _SIDES_OF_HEAD), product(_EXPRESSIONS, _SIDES_OF_FACE))
    for expression, pose in views:
        samples = renderer.count_samples(_weights(expression), pose)
        np.maximum(shown, samples, out=shown)
    # A neighbour of what is seen comes into sight first, as do triangles smaller than a sample.
    corners = np.zeros(len(head.base), np.bool_)
    corners[head.triangles[shown > 0]] = True
    unseen: NDArray[np.bool_] = np.all(~corners[head.triangles], axis=1)
    hair = head.part_kind[head.triangle_part] == ALPHA
    unseen |= hair & (shown < _THIN) & renderer.see_through
    unseen[: head.still_triangles] = False
    mouth = np.zeros(len(unseen), np.bool_)
    mouth[head.still_triangles : head.still_triangles + head.mouth_triangles] = True
    # Hair goes last, what is in front first: most of what lies behind is then found hidden.
    hair[: head.still_triangles + head.mouth_triangles] = False
    depth = np.where(hair, head.base[head.triangles, 2].mean(axis=1), 0)
    order = np.lexsort((-depth, hair, unseen))
    sorted_ = replace(
        head,
        triangles=np.ascontiguousarray(head.triangles[order]),
        triangle_part=np.ascontiguousarray(head.triangle_part[order]),
        mouth_triangles=int((mouth & ~unseen).sum()),
        seen_triangles=int((~unseen).sum()),
    )
    return _put_unseen_vertices_last(sorted_)


def _put_unseen_vertices_last(head: Head) -> Head:
    """The same head with the vertices of seen triangles first, so that the others are not moved."""
    used = np.zeros(len(head.base), np.bool_)
    used[head.triangles[: head.seen_triangles]] = True
    order = np.argsort(~used, kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    target = np.repeat(np.arange(len(ARKIT_NAMES)), np.diff(head.morph_start))
    rows = np.lexsort((place[head.morph_vertex], target))
    left, right = head.eye_vertices
    return replace(
        head,
        base=head.base[order],
        uv=head.uv[order],
        occlusion=head.occlusion[order],
        head_share=head.head_share[order],
        vertex_part=head.vertex_part[order],
        triangles=place[head.triangles],
        mouth_vertices=place[head.mouth_vertices],
        morph_vertex=place[head.morph_vertex][rows],
        morph_delta=head.morph_delta[rows],
        eye_vertices=(place[left], place[right]),
    )


def _weights(expression: dict[str, float]) -> NDArray[np.float32]:
    sided = {name + side: value for name, value in expression.items() for side in _SIDES}
    return np.array([sided.get(name, 0.0) for name in ARKIT_NAMES], np.float32)
