"""What is drawn, and the renderers for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from avatar_worker.heads import find_head
from avatar_worker.render import Head, MeshRenderer, load_head
from settings import Settings
from visavis.protocol import AvatarDispatch

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


class Renderers:
    """One look in several sizes, each built when it is first asked for, and kept.

    A size takes some 60 ms to build at 512 × 512 and half of that at ¾ of it; 15 and 6 MB.
    """

    def __init__(self, look: Look, head: Head | None = None) -> None:
        """``head``: the look's, where it is loaded already; raises as :func:`load_head`."""
        self.look = look
        self._head = head or load_head(find_head(look.head))
        self._built: dict[float, MeshRenderer] = {}
        self._building = threading.Lock()

    def __call__(self, scale: float = 1.0) -> MeshRenderer:
        """The renderer for ``scale`` of width and height, in even pixels; the same every time."""
        with self._building:
            if scale not in self._built:
                self._built[scale] = MeshRenderer(
                    self._head,
                    _even(self.look.width * scale),
                    _even(self.look.height * scale),
                    self.look.background,
                )
            return self._built[scale]


def _even(pixels: float) -> int:
    return max(_SMALLEST, 2 * round(pixels / 2))
