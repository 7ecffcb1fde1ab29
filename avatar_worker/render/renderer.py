"""Draws a head: weights and a pose in, a picture out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose
from avatar_worker.paint import paint_backdrop
from visavis.protocol import ARKIT_NAMES

from .bands import sort_triangles
from .blocks import BLOCK
from .camera import frame_head
from .geometry import blend, bound_triangles, pose_rotation, project, rotation, turn_eye
from .head import Head
from .i420 import convert_i420
from .light import light_vertices
from .limits import is_usual
from .materials import EYE, MOUTH_PARTS
from .mouth import mouth_light
from .raster import count_samples, draw_band, empty_key, key_bits, make_lists
from .shade import make_scratch, shade_band
from .surface import choose_textures, describe_surface

_SMALLEST, _LARGEST = 64, 1920
_NOWHERE: Final = 1e6
"""Where no vertex ever is: one that is there counts as moved."""
_SAME_LEVEL: Final = 1 / 128
_GAZE: Final = np.array(
    [
        [ARKIT_NAMES.index(f"eyeLook{way}{side}") for way in ("In", "Out", "Up", "Down")]
        for side in ("Left", "Right")
    ]
)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Area = tuple[int, int, int, int]

BAND: Final = 32
"""Rows whose samples are drawn and shaded before the next: they fit into a core's cache."""


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
        self._gaze_degrees = np.degrees(head.gaze_limits)
        self._camera = frame_head(head.eye_centres, width, height)
        vertices, triangles = len(head.base), len(head.triangles)
        self._shape = np.empty((vertices, 6), np.float32)
        self._world = np.full((vertices, 6), _NOWHERE, np.float32)
        self._screen = np.zeros((vertices, 3), np.float32)
        self._look = np.zeros((vertices, 8), np.float32)
        self._look[:, [3, 7]] = head.uv
        self._moved = np.zeros(vertices, np.bool_)
        self._usual = int(head.triangles[: head.seen_triangles].max(initial=0)) + 1
        self._whole = True  # so that the first frame places every vertex
        self._planes = np.zeros((triangles, 16), np.float32)
        self._bounds = np.zeros(4, np.float32)
        self._part_level = np.ones(len(head.part_names), np.float32)
        self._in_mouth = np.array([name.lower() in MOUTH_PARTS for name in head.part_names])
        self._mouth_level = 1.0
        self._bits = key_bits(triangles)
        self._pitch = -(-width // BLOCK) * BLOCK
        self._bands = -(-height // BAND)
        self._keys = np.empty(BAND * self._pitch * 4, np.int32)
        self._still_keys = np.empty((0, self._pitch, 4), np.int32)
        self._still_top = height
        self._lists = make_lists(self._keys.size)
        self._scratch = make_scratch(width)
        self._begins = np.zeros(self._bands + 1, np.int32)
        self._extents = np.zeros((self._bands, 2), np.float32)
        self._drawn = [(np.inf, -np.inf)] * self._bands
        self._order = np.zeros(triangles, np.int32)
        self._span = np.zeros((triangles, 2), np.int32)
        self._backdrop = _prepare(width, height, background)
        self._picture = self._backdrop.copy()
        self._yuv = np.empty((height * 3 // 2, width), np.uint8)
        self._drawn_weights = np.zeros(len(ARKIT_NAMES), np.float32)
        self._drawn_pose: HeadPose | None = None
        self._place(np.zeros(len(ARKIT_NAMES), np.float32), HeadPose())
        self._packed = head.texels.view("<i4")[:, 0]
        self._texture = choose_textures(head, head.triangles, self._screen)
        self._surface = describe_surface(head, self._texture)
        self._smooth = np.full(triangles + 1, -1, np.int32)
        self._smooth[1:] = np.where(head.part_kind <= EYE, range(len(head.part_kind)), -1)[
            head.triangle_part
        ]
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

    def count_samples(self, weights: Floats, pose: HeadPose) -> NDArray[np.int64]:
        """How many samples of the frame, four a pixel, show each of the head's triangles (m,)."""
        self._place(weights, pose)
        self._drawn_pose = None
        self._world[:] = _NOWHERE  # the picture is not of this frame: the next draws all
        shown = np.zeros(len(self.head.triangles) + 1, np.int64)
        for keys, _ in self._bands_of(*self._moving(), (0, 0, self.width, self.height)):
            count_samples(keys.reshape(-1), self._bits, shown)
        return shown[1:]

    def _redraw(self, weights: Floats, pose: HeadPose) -> None:
        if weights.shape != (len(ARKIT_NAMES),):
            raise ValueError(f"a frame needs {len(ARKIT_NAMES)} weights, not {weights.shape}")
        if pose == self._drawn_pose and np.array_equal(weights, self._drawn_weights):
            return
        self._drawn_weights[:], self._drawn_pose = weights, pose
        self._place(np.ascontiguousarray(weights, np.float32), pose)
        area = self._changed_area()
        x0, y0, x1, y1 = area
        if x0 < x1 and y0 < y1:
            self._paint(*self._moving(), area)

    def _place(self, weights: Floats, pose: HeadPose) -> None:
        """Move the vertices; ``_bounds`` holds where anything on the screen changed."""
        head, camera = self.head, self._camera
        usual = is_usual(pose)
        # What an unusual pose has shown is still in the picture when a usual one follows.
        self._whole, before = not usual, self._whole
        count = self._usual if usual and not before else len(head.base)
        if self._whole and not before:
            self._world[self._usual :] = _NOWHERE
        shape, world = self._shape[:count], self._world[:count]
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
        self._bounds[:] = np.inf, np.inf, -np.inf, -np.inf
        project(
            shape,
            head.head_share,
            pose_rotation(pose),
            head.neck,
            camera.position,
            camera.axes,
            camera.lens,
            world,
            self._screen,
            self._moved,
            self._bounds,
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
            self._look,
        )
        bound_triangles(head.triangles[:last], self._screen, self._moved, self._bounds)

    def _dim_mouth(self, level: float) -> None:
        if abs(level - self._mouth_level) > _SAME_LEVEL or (level == 0) != (self._mouth_level == 0):
            self._mouth_level = level
            self._part_level[self._in_mouth] = level
            self._moved[self.head.mouth_vertices] = True

    def _changed_area(self) -> Area:
        """The rectangle that changed, whole blocks; empty where nothing moved."""
        left, top, right, bottom = self._bounds.tolist()
        if left > right:
            return 0, 0, 0, 0
        x0 = max(int(left) - 1, 0) // BLOCK * BLOCK
        y0 = max(int(top) - 1, 0) & ~1
        x1 = min(-(-(int(right) + 2) // BLOCK) * BLOCK, self.width)
        y1 = min((int(bottom) + 3) & ~1, self.height)
        return x0, y0, x1, y1

    def _moving(self) -> tuple[int, int]:
        """The first triangle to draw, and the one after the last."""
        still, mouth = self.head.still_triangles, self.head.mouth_triangles
        last = len(self.head.triangles) if self._whole else self.head.seen_triangles
        return still if self._mouth_level else still + mouth, last

    def _bands_of(
        self, first: int, last: int, area: Area, tight: bool = False
    ) -> Iterator[tuple[Ints, Area]]:
        """The samples of ``area`` with the triangles ``first:last``, some rows at a time.

        ``tight``: of each row no more than what these triangles show in, or did.
        """
        head = self.head
        while (
            needed := sort_triangles(
                head.triangles,
                first,
                last,
                self._surface,
                self._screen,
                area,
                BAND,
                self._begins,
                self._extents,
                self._order,
                self._span,
                head.uv,
                self._texture,
                self._planes,
            )
        ) > len(self._order):
            self._order = np.empty(needed * 2, np.int32)
        begins, extents = self._begins.tolist(), self._extents.tolist()
        for band, top in enumerate(range(area[1] // BAND * BAND, area[3], BAND)):
            x0, y0, x1, y1 = part = (area[0], max(top, area[1]), area[2], min(top + BAND, area[3]))
            if tight:
                x0, y0, x1, y1 = part = self._tighten(top // BAND, part, *extents[band])
            if x0 >= x1:
                continue
            rows, columns = y1 - y0, -(-(x1 - x0) // BLOCK) * BLOCK
            keys = self._keys[: rows * columns * 4].reshape(rows, columns, 4)
            above = min(max(self._still_top - y0, 0), rows)
            keys[:above] = empty_key(self._bits)
            if above < rows:
                below = y0 + above - self._still_top
                keys[above:] = self._still_keys[below : below + rows - above, x0 : x0 + columns]
            draw_band(
                self._order,
                begins[band],
                begins[band + 1],
                head.triangles,
                self._surface,
                self._texture,
                self._packed,
                head.uv,
                self._screen,
                self._planes,
                keys,
                self._bits,
                part,
                *self._lists,
            )
            yield keys, part

    def _tighten(self, band: int, part: Area, left: float, right: float) -> Area:
        """Of a band's ``part``, the columns from ``left`` to ``right`` and those drawn before."""
        x0, y0, x1, y1 = part
        was_left, was_right = self._drawn[band]
        new = left, right
        left, right = min(left, was_left), max(right, was_right)
        rows = min((band + 1) * BAND, self.height) - band * BAND
        replaced = y1 - y0 == rows and x0 <= was_left and was_right <= x1
        self._drawn[band] = new if replaced else (left, right)
        if left > right:
            return x0, y0, x0, y1
        x0 = max(x0, (int(left) - 1) // BLOCK * BLOCK)
        return x0, y0, min(x1, -(-(int(right) + 2) // BLOCK) * BLOCK), y1

    def _paint(self, first: int, last: int, area: Area, tight: bool = True) -> None:
        """Draw the triangles ``first:last`` before the backdrop."""
        head = self.head
        for keys, part in self._bands_of(first, last, area, tight):
            shade_band(
                keys.reshape(-1),
                self._bits,
                first and self.head.still_triangles,
                self._backdrop,
                self._picture,
                head.triangles.reshape(-1),
                head.triangle_part,
                head.part_kind,
                self._smooth,
                head.part_material,
                self._planes.reshape(-1),
                self._look.reshape(-1),
                self._texture.reshape(-1),
                head.texels.reshape(-1),
                self._world,
                head.occlusion,
                self._camera.position,
                part,
                *self._scratch,
            )
            convert_i420(self._picture, part, self._yuv)

    def _paint_still(self) -> None:
        """Draw what no weight and no pose moves (the shoulders) once, into the backdrop."""
        whole = (0, 0, self.width, self.height)
        still = self.head.still_triangles
        self._paint(0, still, whole, tight=False)
        kept: list[Ints] = []
        for keys, _ in self._bands_of(0, still, whole):
            if kept or (keys != empty_key(self._bits)).any():
                kept.append(keys.copy())
        if kept:
            self._still_keys = np.concatenate(kept)
            self._still_top = self.height - len(self._still_keys)
        self._backdrop = self._picture.copy()
        self._drawn = [(0, self.width)] * self._bands
        self._paint(*self._moving(), whole)


def _prepare(width: int, height: int, background: str | Bytes) -> Bytes:
    if isinstance(background, str):
        return paint_backdrop(width, height, background)
    if background.shape != (height, width, 4) or background.dtype != np.uint8:
        raise ValueError(
            f"the background of a {width}x{height} picture must be uint8 {(height, width, 4)}, "
            f"not {background.dtype} {background.shape}"
        )
    return np.array(background, order="C")
