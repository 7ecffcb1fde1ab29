"""Our own renderer, in a plug-in's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avatar_worker.heads import HEADS, find_head, own_heads

if TYPE_CHECKING:
    from avatar_worker.render import Head, MeshRenderer


@dataclass(frozen=True)
class MeshFigure:
    """A head in memory; its renderers share it."""

    head: Head

    def renderer(self, width: int, height: int, backdrop: NDArray[np.uint8]) -> MeshRenderer:
        from avatar_worker.render import MeshRenderer

        return MeshRenderer(self.head, width, height, backdrop)


class MeshEngine:
    """Draws glTF heads on the CPU. The worker's own process asks it for no more than names, so the
    renderer is imported by those that draw."""

    def __init__(self, own: Path | None = None) -> None:
        """``own``: a folder of head files that may be named as well."""
        self._own = own

    @property
    def heads(self) -> Sequence[str]:
        return (*HEADS, *own_heads(self._own))

    def load(self, head: str) -> MeshFigure:
        """``head``: a name, or the path of a head file. Raises as :func:`load_head`."""
        from avatar_worker.shelf import Shelf

        return MeshFigure(Shelf().load(find_head(head, self._own)))

    def load_beside(self, head: str) -> MeshFigure:
        """As :meth:`load`, but what takes long is done by another process."""
        from avatar_worker.shelf import Shelf

        return MeshFigure(Shelf().load_apart(find_head(head, self._own)))
