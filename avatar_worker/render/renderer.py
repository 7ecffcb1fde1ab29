"""Draws a head: weights and a pose in, a picture out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose
from avatar_worker.paint import paint_backdrop
from visavis.protocol import ARKIT_NAMES

from .blocks import BLOCK
from .camera import frame_head
from .corners import Corners
from .frame import NARROWEST, paint_bands
from .head import Head
from .jobs import find_smooth, make_scratch
from .materials import EYE
from .raster import SEE_THROUGH, count_samples
from .samples import BAND, Samples

_SMALLEST, _LARGEST = 64, 1920

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
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
        self._camera = frame_head(head, width, height)
        self._corners = Corners(head, self._camera)
        self._corners.place(np.zeros(len(ARKIT_NAMES), np.float32), HeadPose())
        self._samples = Samples(head, self._corners.screen, width, height)
        self._scratch = make_scratch(width)
        # Solid hair is one surface, too: locks on it have holes.
        surfaces = (head.part_kind[head.triangle_part] <= EYE) | ~self.see_through
        self._shading = (
            head.triangle_part,
            head.part_kind,
            *find_smooth(np.where(surfaces, head.triangle_part, np.int32(-1))),
            head.part_material,
            head.texels.reshape(-1),
            head.occlusion,
            self._camera.position,
        )
        self._band = np.empty((BAND, width, 4), np.uint8)
        self._yuv = np.empty((height * 3 // 2, width), np.uint8)
        self._drawn_weights = np.zeros(len(ARKIT_NAMES), np.float32)
        self._drawn_pose: HeadPose | None = None
        self._backdrop = _prepare(width, height, background)
        self._nothing = np.empty((0, width, 4), np.uint8)
        self._paint_still()

    def draw(self, weights: Floats, pose: HeadPose, into: Bytes) -> None:
        """As :meth:`Renderer.draw`. Raises :class:`ValueError` for arrays of the wrong shape."""
        if into.shape != self._yuv.shape or into.dtype != np.uint8:
            raise ValueError(
                f"an I420 frame of {self.width}x{self.height} needs a uint8 buffer "
                f"{self._yuv.shape}, not {into.dtype} {into.shape}"
            )
        if pose != self._drawn_pose or not np.array_equal(weights, self._drawn_weights):
            self._place(weights, pose)
            area = self._changed_area()
            if area[0] < area[2] and area[1] < area[3]:
                self._paint(*self._corners.moving(), area, self._nothing)
        into[:] = self._yuv

    def draw_rgba(self, weights: Floats, pose: HeadPose) -> Bytes:
        """The frame as a fresh RGBA array (height, width, 4); all of it is drawn anew."""
        self._place(weights, pose)
        picture = np.empty_like(self._backdrop)
        whole = (0, 0, self.width, self.height)
        self._paint(*self._corners.moving(), whole, picture)
        return picture

    @property
    def see_through(self) -> NDArray[np.bool_]:
        """Which of the head's triangles (m,) have their alpha looked up at this size."""
        return np.asarray(self._samples.surface & SEE_THROUGH != 0)

    def count_samples(self, weights: Floats, pose: HeadPose) -> NDArray[np.int64]:
        """How many samples of the frame, four a pixel, show each of the head's triangles (m,)."""
        self._corners.place(weights, pose)
        self._drawn_pose = None
        self._corners.forget()  # the picture is not of this frame: the next draws all
        shown = np.zeros(len(self.head.triangles) + 1, np.int64)
        for keys in self._samples.draw(*self._corners.moving()):
            count_samples(keys.reshape(-1), self._samples.bits, shown)
        return shown[1:]

    def _place(self, weights: Floats, pose: HeadPose) -> None:
        if weights.shape != (len(ARKIT_NAMES),):
            raise ValueError(f"a frame needs {len(ARKIT_NAMES)} weights, not {weights.shape}")
        self._drawn_weights[:], self._drawn_pose = weights, pose
        self._corners.place(np.ascontiguousarray(weights, np.float32), pose)

    def _changed_area(self) -> Area:
        """The rectangle that changed, whole blocks and wide enough; empty where nothing moved."""
        left, top, right, bottom = self._corners.bounds.tolist()
        if left > right:
            return 0, 0, 0, 0
        x0 = max(int(left) - 1, 0) // BLOCK * BLOCK
        y0 = max(int(top) - 1, 0) & ~1
        x1 = min(-(-(int(right) + 2) // BLOCK) * BLOCK, self.width)
        y1 = min((int(bottom) + 3) & ~1, self.height)
        if x0 >= x1:
            return 0, 0, 0, 0
        x1 = min(max(x1, x0 + NARROWEST), self.width)
        return min(x0, (x1 - NARROWEST) // BLOCK * BLOCK), y0, x1, y1

    def _paint(self, first: int, last: int, area: Area, picture: Bytes) -> None:
        """Draw the triangles ``first:last`` before the backdrop, as I420.

        ``picture`` (height, width, 4) gets all of ``area`` as well; one without rows gets nothing.
        """
        corners, samples = self._corners, self._samples
        paint_bands(
            area,
            BAND,
            not len(picture),
            *samples.sort(first, last, area),
            samples.keys,
            samples.behind,
            first and self.head.still_triangles,
            self._backdrop,
            self._band,
            self._band.view("<i4")[..., 0],
            picture,
            self._yuv,
            self._shading,
            corners.look,
            corners.world,
            self._scratch,
        )

    def _paint_still(self) -> None:
        """Draw what no weight and no pose moves (the shoulders) once, into the backdrop."""
        whole, still = (0, 0, self.width, self.height), self.head.still_triangles
        self._paint(0, still, whole, self._backdrop)
        self._samples.keep(0, still)
        self._paint(*self._corners.moving(), whole, self._nothing)


def _prepare(width: int, height: int, background: str | Bytes) -> Bytes:
    if isinstance(background, str):
        return paint_backdrop(width, height, background)
    if background.shape != (height, width, 4) or background.dtype != np.uint8:
        raise ValueError(
            f"the background of a {width}x{height} picture must be uint8 {(height, width, 4)}, "
            f"not {background.dtype} {background.shape}"
        )
    return np.array(background, order="C")
