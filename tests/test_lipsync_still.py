"""A mouth that nobody sees must not keep its voice waiting."""

import numpy as np
import pytest

from avatar_worker.lipsync import LipSync, frames_in
from avatar_worker.lipsync.still import StillLips


@pytest.mark.parametrize("sizes", [[16_000], [1, 2, 3, 799, 801], [160] * 33])
def test_a_frame_comes_with_its_first_sample(sizes: list[int]) -> None:
    lips: LipSync = StillLips()
    for _ in range(2):
        heard, given = 0, 0
        for size in sizes:
            heard += size
            frames = lips.push(np.ones(size, np.float32))
            assert frames.shape[1] == 52 and not frames.any()
            given += len(frames)
            assert given == frames_in(heard)
        assert len(lips.finish()) == 0
