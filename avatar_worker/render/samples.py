"""The visibility buffer of a renderer, band by band; what never moves is in it from the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .bands import sort_triangles
from .blocks import BLOCK
from .head import Head
from .raster import draw_band, empty_key, key_bits, make_lists
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
        self.texture = choose_textures(head, head.triangles, screen)
        """(m, 3): offset, width and height of each triangle's texels."""
        self.surface = describe_surface(head, self.texture)
        self.planes = np.zeros((triangles, 16), np.float32)
        """As :func:`sort_triangles` writes them, of the triangles last drawn."""
        self.still_keys = np.empty((0, -(-width // BLOCK) * BLOCK, 4), np.int32)
        """What :meth:`keep` has kept: whole rows, down to the picture's last."""
        self.still_top = height
        """Row of the first of them."""
        self._cover_at = self.texture[:, 0] + head.coverage_shift[head.triangle_part]
        self._head, self._screen = head, screen
        self._width, self._height = width, height
        bands = -(-height // BAND)
        self._keys = np.empty(BAND * self.still_keys.shape[1] * 4, np.int32)
        self._lists = make_lists(self._keys.size)
        self._begins = np.zeros(bands + 1, np.int32)
        self._extents = np.zeros((bands, 2), np.float32)
        self._drawn: list[tuple[float, float]] = [(0, width)] * bands
        self._order = np.zeros(triangles, np.int32)
        self._span = np.zeros((triangles, 2), np.int32)

    def keep(self, first: int, last: int) -> None:
        """Draw the triangles ``first:last`` once, behind and before all that is drawn later."""
        kept: list[Ints] = []
        for keys, _ in self.draw(first, last, (0, 0, self._width, self._height)):
            if kept or (keys != empty_key(self.bits)).any():
                kept.append(keys.copy())
        if kept:
            self.still_keys = np.concatenate(kept)
            self.still_top = self._height - len(self.still_keys)

    def draw(
        self, first: int, last: int, area: Area, tight: bool = False
    ) -> Iterator[tuple[Ints, Area]]:
        """The samples of ``area`` with the triangles ``first:last``, some rows at a time.

        ``tight``: of each row no more than what these triangles show in, or did.
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
                self.texture,
                self.planes,
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
            above = min(max(self.still_top - y0, 0), rows)
            keys[:above] = empty_key(self.bits)
            if above < rows:
                below = y0 + above - self.still_top
                keys[above:] = self.still_keys[below : below + rows - above, x0 : x0 + columns]
            draw_band(
                self._order,
                begins[band],
                begins[band + 1],
                head.triangles,
                self.surface,
                self.texture,
                head.coverage,
                self._cover_at,
                head.uv,
                self._screen,
                self.planes,
                keys,
                self.bits,
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
        rows = min((band + 1) * BAND, self._height) - band * BAND
        replaced = y1 - y0 == rows and x0 <= was_left and was_right <= x1
        self._drawn[band] = new if replaced else (left, right)
        if left > right:
            return x0, y0, x0, y1
        x0 = max(x0, (int(left) - 1) // BLOCK * BLOCK)
        return x0, y0, min(x1, -(-(int(right) + 2) // BLOCK) * BLOCK), y1
