"""How the parts of a head answer light; tuned by eye on the heads that come with Visavis."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Final

OPAQUE: Final = 0
"""Part kind: single-sided, no alpha."""
EYE: Final = 1
"""Part kind: opaque, lit per pixel with a catch-light."""
ALPHA: Final = 2
"""Part kind: both sides, alpha as coverage (hair)."""
DECAL: Final = 3
"""Part kind: as ALPHA, and drawn a little nearer to the viewer (lashes on the lid)."""


@dataclass(frozen=True)
class Material:
    """Terms of the lighting model in ``light.py``."""

    specular: float
    gloss: float
    wrap: float
    """How far light reaches around the terminator, 0..1."""
    scatter_red: float = 1.0
    """Share of ``wrap`` for each colour: skin lets red through furthest."""
    scatter_green: float = 1.0
    scatter_blue: float = 1.0

    def row(self) -> tuple[float, ...]:
        """The numbers in the order that the shading kernels read."""
        return astuple(self)


MOUTH_PARTS: Final = ("teeth", "tongue")
"""Meshes that are dark, and in the end unseen, behind closing lips."""
PLAIN: Final = Material(0.05, 8, 0.25)
TOON: Final = Material(0.0, 8, 6.0)
"""Drawn surfaces, whose textures hold their own light: nearly the same from all sides."""
_BY_NAME: Final = {
    "skin": Material(0.42, 16, 0.5, 1.0, 0.5, 0.38),
    "eyes": Material(0.35, 60, 0.25),
    "teeth": Material(0.45, 40, 0.4, 1.0, 0.9, 0.8),
    "tongue": Material(0.35, 30, 0.3, 1.0, 0.6, 0.5),
    "suit": PLAIN,
    "lashes": Material(0.0, 8, 0.2),
    "hair": Material(0.22, 14, 0.35),
}


def find_material(mesh_name: str) -> Material:
    """The material of a mesh called so; :data:`PLAIN` for a name without one."""
    return _BY_NAME.get(mesh_name.lower(), PLAIN)
