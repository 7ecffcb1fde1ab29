"""From 52 weights and a head pose to frames, on the CPU."""

from __future__ import annotations

from avatar_worker.face.pose import HeadPose

from .head import Head
from .load import load_head
from .prewarm import prewarm
from .renderer import MeshRenderer, Renderer

__all__ = ["Head", "HeadPose", "MeshRenderer", "Renderer", "load_head", "prewarm"]
