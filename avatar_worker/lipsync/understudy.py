"""A second model that hears along, so that it can take over at any frame."""

from __future__ import annotations

import numpy as np

from avatar_worker.lipsync.base import Audio, LipSync, Weights, no_frames
from avatar_worker.lipsync.windows import fade


class Understudy:
    """Keeps another stream's frames from the first one on that nobody has shown yet.

    It holds no more than the other is ahead: the first model's lag, and one push.
    """

    def __init__(self, lips: LipSync) -> None:
        self._lips = lips
        self._frames = no_frames()
        self._shown = 0
        """Frames that were shown before they came."""

    def hear(self, pcm: Audio) -> None:
        """Take more of the audio."""
        self._keep(self._lips.push(pcm))

    def finish(self) -> None:
        """The audio ends here; the rest of the frames can be taken, then it must be reset."""
        self._keep(self._lips.finish())

    def reset(self) -> None:
        self._lips.reset()
        self._frames = no_frames()
        self._shown = 0

    def skip(self, frames: int) -> None:
        """The first model has shown the next ``frames``."""
        kept = min(frames, len(self._frames))
        self._frames = self._frames[kept:]
        self._shown += frames - kept

    def take(self) -> Weights:
        """The frames that are ready, (t, 52): they are shown now."""
        frames, self._frames = self._frames, no_frames()
        return frames

    def _keep(self, frames: Weights) -> None:
        kept = np.concatenate([self._frames, frames])
        skipped = min(self._shown, len(kept))
        self._frames = kept[skipped:]
        self._shown -= skipped


class Handover:
    """Leads from what the first model said last over to the understudy's frames."""

    def __init__(self, tail: Weights) -> None:
        """``tail``: (t, 52), how the first model would have gone on."""
        self._tail = tail
        self._fade = fade(len(tail))

    def apply(self, frames: Weights) -> Weights:
        """The next frames (n, 52), cut as they come."""
        size = min(len(frames), len(self._tail))
        mixed = frames.copy()
        share = self._fade[:size]
        mixed[:size] = self._tail[:size] * (1 - share) + frames[:size] * share
        self._tail, self._fade = self._tail[size:], self._fade[size:]
        return mixed
