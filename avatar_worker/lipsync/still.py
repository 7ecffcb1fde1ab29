"""Lip-sync for a mouth that nobody sees."""

from __future__ import annotations

import numpy as np

from avatar_worker.lipsync.base import Audio, Weights, frames_in, no_frames


class StillLips:
    """A :class:`~avatar_worker.lipsync.base.LipSync` that gives a mouth at rest, at once."""

    name = "none"
    lead = 0.0

    def __init__(self) -> None:
        self._samples = 0

    def push(self, pcm: Audio) -> Weights:
        before = frames_in(self._samples)
        self._samples += len(pcm)
        return np.zeros((frames_in(self._samples) - before, no_frames().shape[1]), np.float32)

    def finish(self) -> Weights:
        self.reset()
        return no_frames()

    def reset(self) -> None:
        self._samples = 0
