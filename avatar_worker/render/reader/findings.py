"""What was found in a head file, for those who made it: ``python -m avatar_worker head check``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Findings:
    """Facts, not words: ``head_check/`` says what they mean."""

    format: str
    """``glTF 2.0``, ``VRM 0.x``, ``VRM 1.0``."""
    generator: str
    own: tuple[str, ...]
    """ARKit shapes that the file itself has."""
    made: dict[str, str]
    """ARKit shapes that are made of others: of which, as text."""
    missing: tuple[str, ...]
    dead: tuple[str, ...]
    """Shapes that are named in the file and move nothing."""
    unknown: int
    """Morph targets whose names say nothing."""
    head_joint: str | None
    neck_joints: int
    eyes: str
    eyes_turn: bool
    scale: float
    turned: float
    """Degrees about the upright."""
    arms_lowered: bool
    triangles: int
    """In the file."""
    drawn: int
    """Inside the picture."""
    texels: int
    parts: tuple[tuple[str, str], ...]
    """Name and role of each part that is drawn."""
    toon: bool
