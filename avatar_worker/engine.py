"""Which renderer draws: ours, or one that another package brings as a plug-in.

A plug-in is a Python entry point of the group ``visavis.renderers``, chosen by ``AVATAR_RENDERER``.
See ``docs/renderers.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from avatar_worker.mesh import GpuChoice
    from avatar_worker.render import Renderer

GROUP: Final = "visavis.renderers"
OURS: Final = "mesh"

Bytes = NDArray[np.uint8]


class EngineError(ValueError):
    """A renderer cannot be used; the text names it and says why."""


class Figure(Protocol):
    """A head that is loaded."""

    def renderer(self, width: int, height: int, backdrop: Bytes) -> Renderer:
        """A renderer of this head before ``backdrop``, RGBA (height, width, 4), opaque.

        Each renderer is used by one thread at a time; several may live at once. Raises what it
        likes: the picture then stays as it was.
        """
        ...


class Engine(Protocol):
    """What the entry point names: an object, a class without arguments, or a module."""

    @property
    def heads(self) -> Sequence[str]:
        """Names that a dispatch and ``visavis.appearance`` may ask for."""
        ...

    def load(self, head: str) -> Figure:
        """Load a head, once for each room that shows it; blocking, on any thread.

        ``AVATAR_HEAD``'s is loaded in the worker itself, before rooms are forked from it. That
        setting may be any text, names alone come from elsewhere. Raises what it likes.

        Where the engine has a method ``load_beside`` as well, a room that is speaking calls that.
        """
        ...


def find_engine(name: str, own_heads: Path | None = None, gpu: GpuChoice = "off") -> Engine:
    """The renderer of that name. Raises :class:`EngineError` where there is none that works.

    ``own_heads``: a folder of head files for our own renderer; ``gpu``: whether that draws on a
    graphics card.
    """
    if name == OURS:
        from avatar_worker.mesh import MeshEngine

        return MeshEngine(own_heads, gpu)
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted({OURS, *found}))
        raise EngineError(
            f"there is no renderer {name!r} here, only {known}: install the package that brings "
            f"it (entry point group {GROUP}), or change AVATAR_RENDERER"
        )
    try:
        loaded = found[name].load()
        engine: Engine = loaded() if isinstance(loaded, type) else loaded
        heads = list(engine.heads)
        if not callable(engine.load) or not all(isinstance(head, str) for head in heads):
            raise TypeError("it needs heads, a sequence of names, and load(head)")
    except Exception as error:
        point = found[name].value
        raise EngineError(f"the renderer {name!r} ({point}) cannot be used: {error}") from error
    return engine


def load_figure(load: Callable[[str], Figure], name: str, head: str) -> Figure:
    """An engine's ``load``, its errors named. Raises :class:`EngineError`."""
    try:
        return load(head)
    except Exception as error:
        raise EngineError(f"the head {head!r} cannot be drawn by {name!r}: {error}") from error


def make_renderer(figure: Figure, name: str, width: int, height: int, backdrop: Bytes) -> Renderer:
    """``figure.renderer``, checked. Raises :class:`EngineError`."""
    try:
        renderer = figure.renderer(width, height, backdrop)
        made = (renderer.width, renderer.height)
        if made != (width, height):
            raise ValueError(f"it draws {made[0]}x{made[1]} pixels")
    except Exception as error:
        raise EngineError(f"{name!r} cannot draw {width}x{height}: {error}") from error
    return renderer
