"""Reads glTF 2.0 files: container, accessors, images, nodes, and what compresses them.

Specification: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

from .container import read_glb
from .glb import Glb

__all__ = ["Glb", "read_glb"]
