"""What the benchmarks see of a face."""

from __future__ import annotations

import numpy as np
from livekit import rtc

from avatar_worker.heads import find_head
from avatar_worker.render import HeadPose, MeshRenderer, load_head
from bench.eyes import darkness
from visavis.protocol import ARKIT_NAMES

SIDE = 512


def test_a_mouth_that_opens_is_looked_for_beside_it() -> None:
    """As it was when the camera had moved."""
    renderer = MeshRenderer(load_head(find_head("amy")), SIDE, SIDE)

    def dark(**weights: float) -> float:
        picture = np.zeros((SIDE * 3 // 2, SIDE), np.uint8)
        all_of_them = np.array([weights.get(name, 0.0) for name in ARKIT_NAMES], np.float32)
        renderer.draw(all_of_them, HeadPose(), picture)
        frame = rtc.VideoFrame(SIDE, SIDE, rtc.VideoBufferType.I420, picture.tobytes())
        return darkness(frame)

    rest = dark()
    assert dark(jawOpen=0.4) - rest > 25
    assert abs(dark(mouthSmileLeft=0.5, mouthSmileRight=0.5) - rest) < 3
