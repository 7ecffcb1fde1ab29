"""The vertices of a renderer: where they are on the screen, and what light they give back."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose
from visavis.protocol import ARKIT_NAMES

from .camera import Camera
from .geometry import blend, bound_triangles, pose_rotation, project, rotation, turn_eye
from .head import Head
from .light import light_vertices
from .limits import is_usual
from .materials import MOUTH_PARTS
from .mouth import mouth_light

_NOWHERE: Final = 1e6
"""Where no vertex ever is: one that is there counts as moved."""
_SAME_LEVEL: Final = 1 / 128
_GAZE: Final = np.array(
    [
        [ARKIT_NAMES.index(f"eyeLook{way}{side}") for way in ("In", "Out", "Up", "Down")]
        for side in ("Left", "Right")
    ]
)

Floats = NDArray[np.float32]


class Corners:
    """Vertices of ``head`` before ``camera``; only those that move are placed and lit anew."""

    def __init__(self, head: Head, camera: Camera) -> None:
        vertices = len(head.base)
        self.world = np.full((vertices, 6), _NOWHERE, np.float32)
        """Position and normal, metres."""
        self.screen = np.zeros((vertices, 3), np.float32)
        """x and y in pixels, and depth 0..1."""
        self.look = np.zeros((vertices, 8), np.float32)
        """As :func:`light_vertices` writes it."""
        self.bounds = np.zeros(4, np.float32)
        """x0, y0, x1, y1 of what :meth:`place` has changed; x0 > x1 where nothing has."""
        self._head, self._camera = head, camera
        self._gaze_degrees = np.degrees(head.gaze_limits)
        self._shape = np.empty((vertices, 6), np.float32)
        self._moved = np.zeros(vertices, np.bool_)
        self._usual = int(head.triangles[: head.seen_triangles].max(initial=0)) + 1
        self._whole = True  # so that the first frame places every vertex
        self._part_level = np.ones(len(head.part_names), np.float32)
        self._in_mouth = np.array([name.lower() in MOUTH_PARTS for name in head.part_names])
        self._mouth_level = 1.0

    def forget(self) -> None:
        """All counts as moved the next time."""
        self.world[:] = _NOWHERE

    def place(self, weights: Floats, pose: HeadPose) -> None:
        """Move the vertices; ``bounds`` holds where anything on the screen changed."""
        head, camera = self._head, self._camera
        usual = is_usual(pose)
        # What an unusual pose has shown is still in the picture when a usual one follows.
        self._whole, before = not usual, self._whole
        count = self._usual if usual and not before else len(head.base)
        if self._whole and not before:
            self.world[self._usual :] = _NOWHERE
        shape, world = self._shape[:count], self.world[:count]
        targets = head.morph_start, head.morph_vertex, head.morph_delta
        blend(head.base[:count], *targets, weights, shape)
        for side, looks in enumerate((weights[_GAZE] * self._gaze_degrees).tolist()):
            into, out, up, down = looks
            yaw, pitch = (out - into if side == 0 else into - out), up - down
            if yaw or pitch:
                turn = rotation(yaw, pitch, 0.0)
                centre = head.eye_centres[side]
                turn_eye(head.base, head.eye_vertices[side], centre, turn, self._shape)
        last = head.seen_triangles if usual else len(head.triangles)
        self.bounds[:] = np.inf, np.inf, -np.inf, -np.inf
        project(
            shape,
            head.head_share,
            pose_rotation(pose),
            head.neck,
            camera.position,
            camera.axes,
            camera.lens,
            world,
            self.screen,
            self._moved,
            self.bounds,
        )
        self._dim_mouth(mouth_light(weights))
        light_vertices(
            world,
            head.occlusion,
            head.vertex_part,
            head.part_material,
            camera.position,
            self._moved,
            self._part_level,
            self.look,
        )
        bound_triangles(head.triangles[:last], self.screen, self._moved, self.bounds)

    def _dim_mouth(self, level: float) -> None:
        if abs(level - self._mouth_level) > _SAME_LEVEL or (level == 0) != (self._mouth_level == 0):
            self._mouth_level = level
            self._part_level[self._in_mouth] = level
            self._moved[self._head.mouth_vertices] = True

    def moving(self) -> tuple[int, int]:
        """The first triangle to draw, and the one after the last."""
        still, mouth = self._head.still_triangles, self._head.mouth_triangles
        last = len(self._head.triangles) if self._whole else self._head.seen_triangles
        return still if self._mouth_level else still + mouth, last
