"""What makes one head this person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Colour = tuple[int, int, int]
"""sRGB, 0..255."""


@dataclass(frozen=True)
class Skin:
    """How the photographic texture becomes this person's skin."""

    texture: str
    tone: Colour
    """What the texture's median becomes."""
    contrast: float
    """Exponent of the texture's detail about its median."""
    saturation: float
    lips: Colour
    lip_cover: float
    blush: Colour
    """What the cheeks are multiplied by."""
    depth: Colour
    """What folds, temples and the sides of the face are multiplied by."""
    glow: Colour
    """What forehead, bridge of the nose and cheekbones are multiplied by; above 255 is lighter."""
    lid_cover: float = 0.7
    shadow: Colour = (255, 255, 255)
    """What the upper lids are multiplied by."""


@dataclass(frozen=True)
class Brow:
    """Painted hair by hair. Lengths in decimetres."""

    colour: Colour
    cover: float
    thickness: float
    arch: float
    raise_: float = 0.0


@dataclass(frozen=True)
class Hair:
    """``style`` names a function of ``styles.py``."""

    style: Literal["lob", "curls", "crop"]
    dark: Colour
    middle: Colour
    light: Colour


@dataclass(frozen=True)
class Person:
    """One of the heads that come with Visavis."""

    name: str
    shape: Mapping[str, float]
    """MakeHuman targets; ``*`` stands for both sides."""
    warmth: Mapping[str, float]
    """Blendshapes that are part of the rest face."""
    skin: Skin
    brow: Brow
    hair: Hair
    recession: float = field(default=0.0, kw_only=True)
    """How far the hairline stands back at the temples, in decimetres."""
    fade: float = field(default=0.0, kw_only=True)
    """How much of the skin shows through where hair is clipped shortest."""
    iris: Colour
    liner: tuple[Colour, float]
    """Colour and strength of the line that the lashes draw on the lid."""
    lashes: float
    cloth: Colour
    rib: tuple[float, float]
    """Half width and half height of the rib along the neckline."""
