"""What every speech-to-blendshape model looks like from outside, and the grid they share."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 16_000
"""Hertz of the audio that goes in."""
FPS: Final = 30
"""Frames of weights a second."""
BLOCK: Final = 1_600
"""Samples of the shortest piece that is a whole number of frames (100 ms)."""
BLOCK_FRAMES: Final = 3
"""Frames in a block."""

Audio = NDArray[np.float32]
"""Mono PCM at 16 kHz, (n,), full scale ±1."""
Weights = NDArray[np.float32]
"""(t, 52) in the order of ``ARKIT_NAMES``, each 0..1."""


class LipSyncError(Exception):
    """A model file cannot be used; the text says which, why, and what to do."""


class LipSync(Protocol):
    """Speech in, mouth out, for one voice. Frame k belongs to the audio of [k/30, (k+1)/30) s.

    What comes out does not depend on how the audio was cut, but for rounding. Not thread-safe.
    """

    @property
    def name(self) -> str: ...

    @property
    def lead(self) -> float:
        """Seconds of audio from a frame's first sample on that it may take to get the frame."""
        ...

    def push(self, pcm: Audio) -> Weights:
        """Take more audio; return the frames that are now certain, perhaps none."""

    def finish(self) -> Weights:
        """End the segment: return the frames still owed, then reset.

        ``frames_in`` of all samples pushed have then come out in all.
        """

    def reset(self) -> None:
        """Forget everything heard; the next sample is the first of a new segment."""


class LipSyncFactory(Protocol):
    """A model whose weights are loaded once a process, at the first :meth:`create`.

    Build it anywhere, but create after the fork: an ONNX session does not survive one.
    """

    @property
    def name(self) -> str: ...

    def create(self) -> LipSync:
        """A new stream. Raises :class:`LipSyncError` where the file is not such a model."""


def sane(pcm: Audio) -> Audio:
    """``pcm`` (n,) within ±1: what is not a number is silence, what is too loud is clipped.

    At the edge of every model, since one bad sample would stay in its states or spoil a window.
    """
    return np.clip(
        np.nan_to_num(np.asarray(pcm, np.float32), nan=0.0, posinf=1.0, neginf=-1.0), -1, 1
    )


def frames_in(samples: int) -> int:
    """Frames, the last one perhaps in part, that ``samples`` at 16 kHz last."""
    return -(-samples * BLOCK_FRAMES // BLOCK)


def no_frames() -> Weights:
    return np.zeros((0, 52), np.float32)
