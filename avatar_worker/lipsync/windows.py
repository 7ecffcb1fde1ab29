"""Overlapping windows: how a model that sees a whole window at once is made to stream.

Each window begins well before the frames that are taken from it and ends a little after them, and
the frames at a border are blended from both sides. (Windows in isolation, as Wav2Arkit's own server
runs them, make the mouth jump twice a second.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from avatar_worker.lipsync.base import (
    BLOCK,
    BLOCK_FRAMES,
    SAMPLE_RATE,
    Audio,
    Weights,
    no_frames,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where windows lie; all but ``blend`` in blocks of 100 ms.

    The schedule is fixed in the audio's own time, so that the cutting of the audio cannot matter:
    ``first`` new blocks, then ``hop`` each time. Only where the process is behind real time, which
    no cutting can bring about, is ``long`` taken instead.
    """

    window: int
    """What the model sees at once: always as much, since it normalises over all that it sees, and
    another length would be a step in its weights. Nothing here scales a window's sound either."""
    right: int
    """After the last frame that is taken."""
    first: int
    hop: int
    long: int
    blend: int
    """Frames that are blended with the window before."""

    @property
    def samples(self) -> int:
        """Of a window."""
        return self.window * BLOCK

    @property
    def frames(self) -> int:
        """Of a window."""
        return self.window * BLOCK_FRAMES

    @property
    def lead(self) -> float:
        """Seconds from a frame's first sample on that it may take to get the frame."""
        return (self.hop + self.right) * BLOCK / SAMPLE_RATE


class Windows:
    """Lays windows over one utterance; silence stands in for what was before it.

    ``infer``: a window's samples (layout.samples,) → (layout.frames, 52). What it raises goes
    through, and the frames of that window are not given; ``tail`` then leads on from the last ones.
    """

    def __init__(
        self,
        infer: Callable[[Audio], Weights],
        layout: Layout,
        is_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._infer = infer
        self._layout = layout
        self._is_behind = is_behind
        self._fade = fade(layout.blend)
        before = (layout.window - layout.first - layout.right) * BLOCK
        # The audio from ``before`` the next frame on.
        self._audio = np.zeros(before, np.float32)
        self.hop = layout.first
        """Blocks of the next hop."""
        self.tail = no_frames()
        """What the last window says of the frames after those taken, (blend, 52) or none yet."""

    def push(self, pcm: Audio) -> Iterator[Weights]:
        """Take more audio; yield each hop's frames."""
        layout = self._layout
        self._audio = np.concatenate([self._audio, pcm])
        while len(self._audio) >= (start := (self.hop - layout.first) * BLOCK) + layout.samples:
            seen = self._infer(self._audio[start : start + layout.samples])
            end = layout.frames - layout.right * BLOCK_FRAMES
            frames = seen[end - self.hop * BLOCK_FRAMES : end].copy()
            if len(self.tail):
                frames[: layout.blend] *= self._fade
                frames[: layout.blend] += self.tail * (1 - self._fade)
            self.tail = seen[end : end + layout.blend]
            self._audio = self._audio[self.hop * BLOCK :]
            self.hop = layout.long if self._is_behind() else layout.hop
            yield frames


def fade(frames: int) -> Weights:
    """(frames, 1): the share of what is faded in."""
    shares = np.arange(1, frames + 1, dtype=np.float32) / np.float32(frames + 1)
    return shares[:, None]
