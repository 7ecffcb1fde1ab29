"""Draws a head: weights and a pose in, a picture out."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose
from visavis.protocol import ARKIT_NAMES

from .backdrop import paint_backdrop
from .camera import frame_head
from .geometry import blend, bound_triangles, pose_rotation, project, rotation, turn_eye
from .head import Head
from .i420 import convert_i420
from .limits import is_usual
from .materials import MOUTH_PARTS
from .mouth import mouth_light
from .raster import draw_triangles, empty_key, key_bits
from .shade import light_vertices, shade_pixels
from .surface import choose_textures, describe_surface

_SMALLEST, _LARGEST = 64, 1920
_NOWHERE: Final = 1e6
"""Where no vertex ever is: one that is there counts as moved."""
_SAME_LEVEL: Final = 1 / 128
_GAZE: Final = tuple(
    tuple(ARKIT_NAMES.index(f"eyeLook{way}{side}") for way in ("In", "Out", "Up", "Down"))
    for side in ("Left", "Right")
)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Area = tuple[int, int, int, int]


class Renderer(Protocol):
    """Anything that turns weights into frames of one size."""

    width: int
    height: int

    def draw(self, weights: Floats, pose: HeadPose, into: Bytes) -> None:
        """Write one I420 frame.

        ``weights`` (52,) float32 in the order of ``ARKIT_NAMES``; ``into`` (height * 3 // 2, width)
        uint8, C-contiguous: luma, then U, then V, BT.601 limited range.
        """
        ...


class MeshRenderer:
    """Draws a :class:`Head` on the CPU, on the calling thread, without the GIL.

    One renderer belongs to one thread at a time. It remembers its last frame and redraws only the
    rectangle that changed, in buffers of its own; renderers share the head and nothing else.

    ``background``: ``#rrggbb``, softly lit, or RGBA (height, width, 4), whose colours it takes.

    Raises :class:`ValueError` for a size that is odd or not within 64..1920, and for a background
    that is neither.
    """

    def __init__(
        self, head: Head, width: int, height: int, background: str | Bytes = "#d9dee6"
    ) -> None:
        for name, value in (("width", width), ("height", height)):
            if not _SMALLEST <= value <= _LARGEST or value % 2:
                raise ValueError(
                    f"the {name} of a picture must be an even number of pixels from "
                    f"{_SMALLEST} to {_LARGEST}, not {value}"
                )
        self.width, self.height, self.head = width, height, head
        self._camera = frame_head(head.eye_centres, width, height)
        vertices, triangles = len(head.base), len(head.triangles)
        self._shape = np.empty((vertices, 6), np.float32)
        self._world = np.full((vertices, 6), _NOWHERE, np.float32)
        self._screen = np.zeros((vertices, 3), np.float32)
        self._light = np.zeros((vertices, 6), np.float32)
        self._moved = np.zeros(vertices, np.bool_)
        self._planes = np.zeros((triangles, 4), np.float32)
        self._bounds = np.zeros(4, np.float32)
        self._part_level = np.ones(len(head.part_names), np.float32)
        self._in_mouth = np.array([name.lower() in MOUTH_PARTS for name in head.part_names])
        self._mouth_level = 1.0
        self._bits = key_bits(triangles)
        self._keys = np.full((height, width, 4), empty_key(self._bits), np.int32)
        self._picture = _paint(width, height, background)
        self._yuv = np.empty((height * 3 // 2, width), np.uint8)
        self._place(np.zeros(len(ARKIT_NAMES), np.float32), HeadPose())
        self._texture = choose_textures(head, head.triangles, self._screen)
        self._surface = describe_surface(head, self._texture)
        self._paint_still()

    def draw(self, weights: Floats, pose: HeadPose, into: Bytes) -> None:
        """As :meth:`Renderer.draw`. Raises :class:`ValueError` for arrays of the wrong shape."""
        if into.shape != self._yuv.shape or into.dtype != np.uint8:
            raise ValueError(
                f"an I420 frame of {self.width}x{self.height} needs a uint8 buffer "
                f"{self._yuv.shape}, not {into.dtype} {into.shape}"
            )
        self._redraw(weights, pose)
        into[:] = self._yuv

    def draw_rgba(self, weights: Floats, pose: HeadPose) -> Bytes:
        """The frame as a fresh RGBA array (height, width, 4)."""
        self._redraw(weights, pose)
        return self._picture.copy()

    def visible_triangles(self, weights: Floats, pose: HeadPose) -> NDArray[np.bool_]:
        """Which of the head's triangles (m,) any sample of the frame shows."""
        self._place(weights, pose)
        self._keys[:] = self._still_keys
        self._draw_moving(pose, (0, 0, self.width, self.height))
        self._world[:] = _NOWHERE  # the picture is not of this frame: the next draws all
        shown = np.zeros(len(self.head.triangles) + 1, np.bool_)
        shown[self._keys & ((1 << self._bits) - 1)] = True
        return shown[1:]

    def _redraw(self, weights: Floats, pose: HeadPose) -> None:
        if weights.shape != (len(ARKIT_NAMES),):
            raise ValueError(f"a frame needs {len(ARKIT_NAMES)} weights, not {weights.shape}")
        self._place(np.ascontiguousarray(weights, np.float32), pose)
        area = self._changed_area()
        x0, y0, x1, y1 = area
        if x0 < x1 and y0 < y1:
            self._keys[y0:y1, x0:x1] = self._still_keys[y0:y1, x0:x1]
            self._draw_moving(pose, area)
            self._shade(self.head.still_triangles, area)
            convert_i420(self._picture, area, self._yuv)

    def _place(self, weights: Floats, pose: HeadPose) -> None:
        """Move the vertices; ``_bounds`` holds where anything on the screen changed."""
        head, camera = self.head, self._camera
        blend(
            head.base, head.morph_start, head.morph_vertex, head.morph_delta, weights, self._shape
        )
        for side, ways in enumerate(_GAZE):
            into, out, up, down = weights[list(ways)] * np.degrees(head.gaze_limits)
            yaw, pitch = (out - into if side == 0 else into - out), up - down
            if yaw or pitch:
                turn = rotation(yaw, pitch, 0.0)
                centre = head.eye_centres[side]
                turn_eye(head.base, head.eye_vertices[side], centre, turn, self._shape)
        self._bounds[:] = np.inf, np.inf, -np.inf, -np.inf
        project(
            self._shape,
            head.head_share,
            pose_rotation(pose),
            head.neck,
            camera.position,
            camera.axes,
            camera.lens,
            self._world,
            self._screen,
            self._moved,
            self._bounds,
        )
        self._dim_mouth(mouth_light(weights))
        light_vertices(
            self._world,
            head.occlusion,
            head.vertex_part,
            head.part_material,
            camera.position,
            self._moved,
            self._part_level,
            self._light,
        )
        bound_triangles(head.triangles, self._screen, self._moved, self._bounds)

    def _dim_mouth(self, level: float) -> None:
        if abs(level - self._mouth_level) > _SAME_LEVEL or (level == 0) != (self._mouth_level == 0):
            self._mouth_level = level
            self._part_level[self._in_mouth] = level
            self._moved[self.head.mouth_vertices] = True

    def _changed_area(self) -> Area:
        """The rectangle that changed, with even corners; empty where nothing moved."""
        low = np.clip(self._bounds[:2] - 1, 0, (self.width, self.height))
        high = np.clip(self._bounds[2:] + 2, 0, (self.width, self.height))
        x0, y0 = (int(value) & ~1 for value in low)
        x1, y1 = ((int(value) + 1) & ~1 for value in high)
        return x0, y0, x1, y1

    def _draw(self, first: int, last: int, area: Area) -> None:
        head = self.head
        draw_triangles(
            head.triangles,
            first,
            last,
            self._surface,
            self._texture,
            head.texels,
            head.uv,
            self._screen,
            self._planes,
            self._keys,
            self._bits,
            area,
        )

    def _draw_moving(self, pose: HeadPose, area: Area) -> None:
        still, mouth = self.head.still_triangles, self.head.mouth_triangles
        last = self.head.seen_triangles if is_usual(pose) else len(self.head.triangles)
        self._draw(still if self._mouth_level else still + mouth, last, area)

    def _shade(self, still: int, area: Area) -> None:
        head = self.head
        shade_pixels(
            self._keys,
            self._bits,
            still,
            self._backdrop if still else self._picture,
            self._picture,
            head.triangles,
            head.triangle_part,
            head.part_kind,
            head.part_material,
            self._screen,
            self._planes,
            head.uv,
            self._texture,
            head.texels,
            self._light,
            self._world,
            head.occlusion,
            self._camera.position,
            area,
        )

    def _paint_still(self) -> None:
        """Draw what no weight and no pose moves (the shoulders) once, into the backdrop."""
        whole = (0, 0, self.width, self.height)
        self._draw(0, self.head.still_triangles, whole)
        self._shade(0, whole)
        self._backdrop = self._picture.copy()
        self._still_keys = self._keys.copy()
        self._draw_moving(HeadPose(), whole)
        self._shade(self.head.still_triangles, whole)
        convert_i420(self._picture, whole, self._yuv)


def _paint(width: int, height: int, background: str | Bytes) -> Bytes:
    if isinstance(background, str):
        return paint_backdrop(width, height, background)
    if background.shape != (height, width, 4) or background.dtype != np.uint8:
        raise ValueError(
            f"the background of a {width}x{height} picture must be uint8 {(height, width, 4)}, "
            f"not {background.dtype} {background.shape}"
        )
    return np.array(background, order="C")
