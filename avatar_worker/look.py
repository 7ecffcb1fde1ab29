"""What is drawn, and the renderers for it."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from avatar_worker.background import Backdrop, shown_name
from avatar_worker.engine import Figure, make_renderer
from settings import Settings
from visavis.appearance import Appearance
from visavis.protocol import AvatarDispatch

if TYPE_CHECKING:
    from avatar_worker.render import Renderer

_SMALLEST = 64
"""Pixels: what a renderer takes."""


@dataclass(frozen=True)
class Look:
    """Which head, how large, before what."""

    head: str
    width: int
    height: int
    background: str

    @classmethod
    def of(cls, settings: Settings, dispatch: AvatarDispatch | None = None) -> Look:
        """What the dispatch asks for; the settings for all that it leaves open."""
        return cls(
            (dispatch and dispatch.head) or settings.avatar_head,
            (dispatch and dispatch.width) or settings.avatar_width,
            (dispatch and dispatch.height) or settings.avatar_height,
            (dispatch and dispatch.background) or settings.avatar_background,
        )

    def shown(self, heads: Collection[str]) -> Appearance:
        """What everybody may know of it; ``heads``: the names that anybody may ask for."""
        # Of a path the file's name, which is never taken for the head that may be called so.
        head = self.head if self.head in heads else shown_name(self.head)
        return Appearance(head, shown_name(self.background), self.width, self.height)


class Renderers:
    """One look in several sizes, each built when it is first asked for, and kept.

    Of our own renderer a size takes some 60 ms to build at 512 × 512 and half of that at ¾ of it;
    9 and 4 MB.
    """

    def __init__(self, look: Look, figure: Figure, backdrop: Backdrop, engine: str) -> None:
        """``figure``, ``backdrop``: the look's; ``engine``: the renderer's name."""
        self.look = look
        self.figure = figure
        self.backdrop = backdrop
        self.engine = engine
        self._built: dict[float, Renderer] = {}
        self._building = threading.Lock()

    def __call__(self, scale: float = 1.0) -> Renderer:
        """The renderer for ``scale`` of width and height, in even pixels; the same every time.

        Raises :class:`~avatar_worker.engine.EngineError`.
        """
        with self._building:
            if scale not in self._built:
                width, height = _even(self.look.width * scale), _even(self.look.height * scale)
                backdrop = self.backdrop.paint(width, height)
                self._built[scale] = make_renderer(
                    self.figure, self.engine, width, height, backdrop
                )
            return self._built[scale]


def _even(pixels: float) -> int:
    return max(_SMALLEST, 2 * round(pixels / 2))
