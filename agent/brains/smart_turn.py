"""Smart Turn: whether somebody who has paused sounds as if that was all.

Pipecat's model (v3.2, BSD-2-Clause, 8 MB): the encoder of Whisper Tiny and a small head, trained on
people and on synthetic voices in 23 languages. It hears eight seconds, melody and words alike;
LiveKit's detector hears 1.2 s. Its weights come in the wheel of ``pipecat-ai``, of which nothing
else is used.
"""

from __future__ import annotations

import contextlib
import functools
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

RATE: Final = 16_000
"""Hz."""
SECONDS: Final = 8
"""That it hears; silence comes before what is shorter."""

_WEIGHTS: Final = "smart-turn-v3.2-cpu.onnx"
_FRAME: Final = 400
_HOP: Final = 160
_BANDS: Final = 80


class SmartTurn:
    """Blocking; safe to use from several threads. Loading takes 0.1 s, and it needs 48 MB."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = ort.InferenceSession(str(_find_weights()), options)

    def chance_of_end(self, pcm: NDArray[np.int16]) -> float:
        """That the turn is over, 0 to 1. ``pcm``: (n,) at :data:`RATE`, 0.2 s of silence at its
        end; of more than :data:`SECONDS`, the last ones count. 55 to 70 ms of one core."""
        size = RATE * SECONDS
        sound = pcm[-size:].astype(np.float32) / np.float32(32768)
        sound = np.pad(sound, (size - len(sound), 0))
        (chances,) = self._session.run(None, {"input_features": _log_mel(sound)[None]})
        return float(chances[0, 0])


@functools.cache
def load() -> SmartTurn:
    """The one of this process."""
    return SmartTurn()


def _find_weights() -> Path:
    with contextlib.suppress(PackageNotFoundError):
        for file in files("pipecat-ai") or ():
            if file.name == _WEIGHTS:
                return Path(str(file.locate()))
    raise FileNotFoundError(f"no installed pipecat-ai has {_WEIGHTS}: run make setup again")


def _log_mel(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """(80, n / 160): Whisper's features (Radford et al., "Robust speech recognition via large-scale
    weak supervision", 2022), of a sound whose loudness has been evened out."""
    even = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    padded = np.pad(even, _FRAME // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP][:-1]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME + 1)[:-1])) ** 2
    log = np.log10(np.maximum(power @ _mel_filters(), 1e-10)).T
    floored: NDArray[np.float32] = ((np.maximum(log, log.max() - 8) + 4) / 4).astype(np.float32)
    return floored


@functools.cache
def _mel_filters() -> NDArray[np.float64]:
    """(201, 80): triangles of equal area, their corners evenly spread on Slaney's mel scale
    (Auditory Toolbox, Interval Research, 1998): straight up to 1 kHz, above it 27 steps for each
    factor of 6.4."""
    mels = np.linspace(0, 15 + 27 * np.log(RATE / 2000) / np.log(6.4), _BANDS + 2)
    above = 1000 * 6.4 ** ((mels - 15) / 27)
    corners = np.where(mels < 15, mels * 200 / 3, above)
    at = np.linspace(0, RATE / 2, _FRAME // 2 + 1)[:, None]
    rise = (at - corners[:-2]) / np.diff(corners)[:-1]
    fall = (corners[2:] - at) / np.diff(corners)[1:]
    height: NDArray[np.float64] = 2 / (corners[2:] - corners[:-2])
    return height * np.maximum(0, np.minimum(rise, fall))
