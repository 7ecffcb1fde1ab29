"""Whatever a voice comes in, mono of one sample rate comes out."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from avatar_worker.lipsync.base import SAMPLE_RATE, Audio


class Resampler:
    """Stateful: no clicks at the borders of frames, whatever their lengths."""

    def __init__(self, to_rate: int = SAMPLE_RATE) -> None:
        """``to_rate``: Hz of what comes out."""
        self._to_rate = to_rate
        self._rate: int | None = None
        self._resampler: av.AudioResampler | None = None

    def push(self, frame: NDArray[np.int16], rate: int) -> Audio:
        """Take int16 PCM, (n,) or (n, channels), of ``rate`` Hz; return mono, full scale ±1.

        Some milliseconds stay inside until more comes or :meth:`flush`; a new ``rate`` flushes.
        Raises ValueError for another type, shape or an impossible rate.
        """
        if frame.dtype != np.int16 or frame.ndim not in (1, 2):
            raise ValueError(
                f"the audio must be int16 (n,) or (n, channels), not {frame.dtype} {frame.shape}"
            )
        if not 1_000 <= rate <= 384_000:
            raise ValueError(f"the sample rate must be between 1000 and 384000 Hz, not {rate}")
        mono: Audio = frame.astype(np.float32) / np.float32(32_768)
        if mono.ndim == 2:
            mono = mono.mean(axis=1, dtype=np.float32)
        before = self.flush() if rate != self._rate else None
        self._rate = rate
        if rate != self._to_rate:
            mono = self._convert(mono, rate)
        return mono if before is None else np.concatenate([before, mono])

    def flush(self) -> Audio:
        """Return what is still inside; the next frame starts afresh."""
        resampler, self._resampler, self._rate = self._resampler, None, None
        return _join(resampler.resample(None)) if resampler else np.zeros(0, np.float32)

    def _convert(self, mono: Audio, rate: int) -> Audio:
        if not len(mono):
            return mono
        if self._resampler is None:
            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=self._to_rate)
        frame = av.AudioFrame.from_ndarray(mono[None], format="flt", layout="mono")
        frame.sample_rate = rate
        return _join(self._resampler.resample(frame))


def _join(frames: list[av.AudioFrame]) -> Audio:
    return np.concatenate([np.zeros(0, np.float32), *(f.to_ndarray()[0] for f in frames)])
