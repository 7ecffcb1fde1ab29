"""Our own renderer, in a plug-in's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from avatar_worker.engine import EngineError
from avatar_worker.heads import HEADS, find_head, own_heads

if TYPE_CHECKING:
    from avatar_worker.render import Head, Renderer
    from avatar_worker.render_gl.guard import Gpu

GpuChoice = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class MeshFigure:
    """A head in memory; its renderers share it."""

    head: Head
    gpu: Gpu | None = None
    """None: drawn on the CPU."""

    def renderer(self, width: int, height: int, backdrop: NDArray[np.uint8]) -> Renderer:
        if self.gpu is not None:
            return self.gpu.renderer(self.head, width, height, backdrop)
        from avatar_worker.render import MeshRenderer

        return MeshRenderer(self.head, width, height, backdrop)


class MeshEngine:
    """Draws glTF heads on the CPU, or on a graphics card. The worker's own process asks it for no
    more than names, so the renderer is imported by those that draw."""

    def __init__(self, own: Path | None = None, gpu: GpuChoice = "off") -> None:
        """
        Args:
            own: A folder of head files that may be named as well.
            gpu: ``auto``: a graphics card where there is one.

        Raises:
            EngineError: ``gpu`` is ``on`` and there is none.
        """
        self._own = own
        self._choice = gpu
        self._gpu: Gpu | None = None
        if gpu == "on":
            from avatar_worker.render_gl.probe import find_gpu

            answer = find_gpu()
            if not answer.name:
                raise EngineError(f"AVATAR_GPU=on, but no graphics card can draw: {answer.reason}")

    @property
    def heads(self) -> Sequence[str]:
        return (*HEADS, *own_heads(self._own))

    def load(self, head: str) -> MeshFigure:
        """``head``: a name, or the path of a head file. Raises as :func:`load_head`."""
        from avatar_worker.shelf import Shelf

        return MeshFigure(Shelf().load(find_head(head, self._own)), self._find_gpu())

    def load_beside(self, head: str) -> MeshFigure:
        """As :meth:`load`, but what takes long is done by another process."""
        from avatar_worker.shelf import Shelf

        return MeshFigure(Shelf().load_apart(find_head(head, self._own)), self._find_gpu())

    def _find_gpu(self) -> Gpu | None:
        """Asked once: rooms are forked from the process that did."""
        if self._gpu is None and self._choice != "off":
            from avatar_worker.render_gl.guard import Gpu
            from avatar_worker.render_gl.probe import find_gpu

            self._gpu = Gpu(find_gpu())
        return self._gpu
