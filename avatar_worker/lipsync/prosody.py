"""How loud and how high the voice is, beside the weights of each frame.

A frame's row tells of the sound two frames later, which lip-sync has heard when it gives the frame:
brows and head set out for a stressed syllable before it sounds (Flecha-García 2010).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from avatar_worker.lipsync.base import (
    BLOCK,
    BLOCK_FRAMES,
    SAMPLE_RATE,
    Audio,
    LipSync,
    Weights,
    sane,
)

PROSODY: Final = 2
"""Columns: level of the voice, dBFS (RMS over 40 ms); its fundamental in Hz, 0 for none."""
AHEAD: Final = 2
"""Frames from a row's own to the one that it tells of."""
SILENT_DB: Final = -100.0
_WINDOW: Final = SAMPLE_RATE * 40 // 1000
_HALF: Final = SAMPLE_RATE // 2
"""Hz at which the fundamental is sought: a quarter of the work, and no less exact."""
LOWEST_HZ, HIGHEST_HZ = 65.0, 500.0
_LONGEST: Final = math.ceil(_HALF / LOWEST_HZ)
_SHORTEST: Final = math.floor(_HALF / HIGHEST_HZ)
_DIP: Final = 0.15
"""A dip of YIN's normalised difference below this is the period; the paper has 0.1 for clean
speech."""
_VOICED: Final = 0.3
"""Where none is, the first below this. Not the deepest: where a voice sets in, that is at twice its
period."""
_HEARD_DB: Final = -55.0


class Prosodic:
    """A lip-sync that also tells how loud and high the voice is: frames are (t, 52 + PROSODY).

    Otherwise it is the :class:`~avatar_worker.lipsync.base.LipSync` that it is made from, later by
    nothing: each row needs 103 ms of sound from its frame's first sample on.
    """

    def __init__(self, lips: LipSync) -> None:
        self._lips = lips
        self._pcm = np.zeros(0, np.float32)
        """What was heard from ``_dropped`` on."""
        self._dropped = 0
        self._given = 0

    @property
    def name(self) -> str:
        return self._lips.name

    @property
    def lead(self) -> float:
        return self._lips.lead

    def push(self, pcm: Audio) -> Weights:
        self._pcm = np.concatenate([self._pcm, sane(pcm)])
        return self._tell(self._lips.push(pcm))

    def finish(self) -> Weights:
        frames = self._tell(self._lips.finish())
        self._forget()
        return frames

    def reset(self) -> None:
        self._lips.reset()
        self._forget()

    def _forget(self) -> None:
        self._pcm = self._pcm[:0]
        self._dropped = self._given = 0

    def _tell(self, frames: Weights) -> Weights:
        """Put its prosody beside each of the next frames (t, 52); silence is after the end."""
        rows = np.zeros((len(frames), PROSODY), np.float32)
        for row in rows:
            start = self._start(self._given) - self._dropped
            heard = self._pcm[start : start + _WINDOW]
            sound = np.concatenate([heard, np.zeros(_WINDOW - len(heard), np.float32)])
            row[:] = level(sound), fundamental(sound)
            self._given += 1
        needless = min(len(self._pcm), self._start(self._given) - self._dropped)
        self._pcm = self._pcm[needless:]
        self._dropped += needless
        return np.concatenate([frames, rows], axis=1)

    @staticmethod
    def _start(frame: int) -> int:
        """First sample of the window around the middle of ``frame + AHEAD``."""
        return round((frame + AHEAD + 0.5) * BLOCK / BLOCK_FRAMES) - _WINDOW // 2


def level(sound: Audio) -> float:
    """RMS in dBFS, without the mean: a constant offset is no sound."""
    power = float(np.var(sound, dtype=np.float64))
    return max(SILENT_DB, 10 * math.log10(power + 1e-12))


def fundamental(sound: Audio) -> float:
    """Hz of a voice in 40 ms at 16 kHz (640,), 65 to 500; 0 where there is none.

    YIN (de Cheveigné and Kawahara 2002): the first lag at which the sound differs little from
    itself, against the mean difference at shorter lags.
    """
    if level(sound) < _HEARD_DB:
        return 0.0
    half = sound.reshape(-1, 2).mean(axis=1, dtype=np.float64)
    half -= half.mean()
    width = len(half) - _LONGEST - 1
    lags = np.arange(_LONGEST + 2)
    energy = np.concatenate([[0.0], np.cumsum(half * half)])
    power = energy[lags + width] - energy[lags]
    difference = power[0] + power - 2 * np.correlate(half, half[:width], "valid")
    running = np.cumsum(difference[1:])
    normal = np.ones(len(lags))
    normal[1:] = difference[1:] * lags[1:] / np.maximum(running, 1e-12)
    sought = normal[_SHORTEST : _LONGEST + 1]
    if sought.min() >= _VOICED:
        return 0.0
    below = sought < (_DIP if sought.min() < _DIP else _VOICED)
    lag = _SHORTEST + int(below.argmax())
    while lag < _LONGEST and normal[lag + 1] < normal[lag]:
        lag += 1
    before, at, after = normal[lag - 1], normal[lag], normal[lag + 1]
    bend = before - 2 * at + after
    exact = lag + (0.5 * (before - after) / bend if bend > 0 else 0.0)
    return _HALF / exact
