"""The visibility buffer of a renderer, band by band; what never moves is in it from the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .bands import sort_triangles
from .blocks import BLOCK
from .frame import draw_keys
from .head import Head
from .raster import COVERED, TEXELS, empty_key, key_bits, make_lists
from .surface import choose_textures, describe_surface

BAND: Final = 32
"""Rows whose samples are drawn and shaded before the next: they fit into a core's cache."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Area = tuple[int, int, int, int]


class Samples:
    """Which triangle of ``head`` each sample of a picture shows.

    Args:
        screen: (n, 3) where its vertices are; now at rest, later as the renderer moves them.
    """

    def __init__(self, head: Head, screen: Floats, width: int, height: int) -> None:
        triangles = len(head.triangles)
        self.bits = key_bits(triangles)
        texture = choose_textures(head, screen)
        self.surface = describe_surface(head, texture)
        self.planes = np.zeros((triangles, 16), np.float32)
        """As :func:`sort_triangles` leaves them, of the triangles last drawn."""
        self.numbers = self.planes.view(np.int32)
        self.numbers[:, TEXELS:COVERED] = texture
        self.numbers[:, COVERED] = texture[:, 0] + head.coverage_shift[head.triangle_part]
        self.still_keys = np.empty((0, -(-width // BLOCK) * BLOCK, 4), np.int32)
        """What :meth:`keep` has kept: whole rows, down to the picture's last."""
        self.still_top = height
        """Row of the first of them."""
        self._head, self._screen = head, screen
        self._width, self._height = width, height
        bands = -(-height // BAND)
        self.keys = np.empty(BAND * self.still_keys.shape[1] * 4, np.int32)
        self._lists = make_lists(self.keys.size)
        self._begins = np.zeros(bands + 1, np.int32)
        self._extents = np.zeros((bands, 2), np.float32)
        self._drawn = np.zeros((bands, 2), np.float32)
        self._drawn[:, 1] = width
        self._order = np.zeros(triangles, np.int32)
        self._span = np.zeros((triangles, 2), np.int32)

    def keep(self, first: int, last: int) -> None:
        """Draw the triangles ``first:last`` once, behind and before all that is drawn later."""
        kept: Ints | None = None
        row = 0
        for keys in self.draw(first, last):
            if kept is None and (keys != empty_key(self.bits)).any():
                kept, top = np.empty((self._height - row, *keys.shape[1:]), np.int32), row
            if kept is not None:
                kept[row - top : row - top + len(keys)] = keys
            row += len(keys)
        if kept is not None:
            self.still_keys, self.still_top = kept, top

    def draw(self, first: int, last: int) -> Iterator[Ints]:
        """The samples of the picture with the triangles ``first:last``, some rows at a time."""
        self.sort(first, last, (0, 0, self._width, self._height))
        columns = self.still_keys.shape[1]
        for band, top in enumerate(range(0, self._height, BAND)):
            bottom = min(top + BAND, self._height)
            part = (0, top, self._width, bottom)
            draw_keys(self.keys, part, self._order, self._begins, band, *self.behind)
            yield self.keys[: (bottom - top) * columns * 4].reshape(-1, columns, 4)

    def sort(self, first: int, last: int, area: Area) -> tuple[Ints, Ints, Floats, Floats]:
        """List the triangles ``first:last`` by bands of ``area``.

        Returns what :func:`paint_bands` wants of it: ``order``, ``begins``, ``extents``, ``drawn``.
        """
        head = self._head
        while (
            needed := sort_triangles(
                head.triangles,
                first,
                last,
                self.surface,
                self._screen,
                area,
                BAND,
                self._begins,
                self._extents,
                self._order,
                self._span,
                head.uv,
                self.planes,
                self.numbers,
            )
        ) > len(self._order):
            self._order = np.empty(needed * 2, np.int32)
        return self._order, self._begins, self._extents, self._drawn

    @property
    def behind(self) -> tuple[Any, ...]:
        """What :func:`draw_keys` wants after ``band``."""
        head = self._head
        return (
            self.still_keys,
            self.still_top,
            self.bits,
            head.triangles,
            self.surface,
            head.coverage,
            head.uv,
            self._screen,
            self.planes,
            self.numbers,
            self._lists,
        )
