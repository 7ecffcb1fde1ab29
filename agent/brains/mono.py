"""One channel at one rate, in any thread."""

from __future__ import annotations

import av
import numpy as np
from livekit import rtc
from numpy.typing import NDArray


def to_mono(frame: rtc.AudioFrame, rate: int) -> NDArray[np.int16]:
    """(n,) samples at ``rate`` Hz of a whole recording.

    Not by LiveKit's resampler: where two threads make a process's first one, it loads its native
    part twice and takes the process down.
    """
    channels = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)
    pcm = channels[:, 0] if frame.num_channels == 1 else channels.mean(axis=1).astype(np.int16)
    if frame.sample_rate == rate or not len(pcm):
        return pcm
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    whole = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    whole.sample_rate = frame.sample_rate
    parts = [*resampler.resample(whole), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray()[0] for part in parts])
