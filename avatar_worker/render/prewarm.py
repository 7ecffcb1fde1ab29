"""Has every kernel compiled before the first room needs it."""

from __future__ import annotations

import numpy as np

from avatar_worker.face.pose import HeadPose
from visavis.protocol import ARKIT_NAMES

from .head import Head
from .renderer import MeshRenderer


def prewarm(head: Head) -> None:
    """Draw one small frame, so that all kernels are compiled or loaded from numba's cache.

    Compiling takes about 15 s, once for each kind of CPU; loading about a second, once in each
    process that is not forked from a warm one. The cache lies in ``__pycache__`` beside the code,
    or in ``NUMBA_CACHE_DIR`` where that is set; whoever builds an image calls this while building.
    """
    renderer = MeshRenderer(head, 64, 64)
    weights = np.full(len(ARKIT_NAMES), 0.1, np.float32)
    weights[[ARKIT_NAMES.index(f"eyeLookOut{side}") for side in ("Left", "Right")]] = 0.5
    renderer.draw(weights, HeadPose(5.0, 5.0, 5.0), np.empty((96, 64), np.uint8))
