"""A mouth at rest where nothing is said, whatever the model makes of room noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from avatar_worker.lipsync.base import BLOCK_FRAMES, Audio, Weights

_SILENT_DB = -120.0
_LOUDEST_SHUT_DB, _QUIETEST_SHUT_DB = -58.0, -70.0
"""dBFS (RMS) under which the mouth rests: of a loud voice, and of the quietest."""
_SHUT_BELOW_PEAK_DB = 43.0
"""How far that is under the loudest frame so far: a quiet voice is no silence …"""
_VOICE_DB = -50.0
"""… if it was a voice: noise of a room is not as loud."""
_OPENING_DB = 10.0
"""Above that, until the model is left alone."""
AHEAD = 2
"""Frames that are looked at after the one that is judged."""
_BEHIND = 4
"""The same before it: with AHEAD, longer than the silence inside a plosive."""
_WIDTHS = (533, 533, 534)
"""Samples of a block's frames; together a block."""


class SilenceGate:
    """Scales frames by how near to silence the audio around them is."""

    def __init__(self) -> None:
        self._decibels = [_SILENT_DB] * _BEHIND
        """Levels of the frames from ``_BEHIND`` before the next one to judge."""
        self._pcm = np.zeros(0, np.float32)
        self._heard = 0
        self._peak = _SILENT_DB
        """Of the frames that were judged."""

    def hear(self, pcm: Audio) -> None:
        """Take more of the audio, in order, cut as it comes."""
        self._pcm = np.concatenate([self._pcm, pcm])
        while len(self._pcm) >= (width := _WIDTHS[self._heard % BLOCK_FRAMES]):
            # Without the mean: a constant offset is no sound.
            power = float(np.var(self._pcm[:width], dtype=np.float64))
            self._decibels.append(max(_SILENT_DB, 10 * math.log10(power + 1e-12)))
            self._pcm = self._pcm[width:]
            self._heard += 1

    def apply(self, frames: Weights) -> Weights:
        """Scale the next frames; the audio of AHEAD more than these must have been heard."""
        if not len(frames):
            return frames
        levels = np.array(self._decibels[: len(frames) + _BEHIND + AHEAD])
        loudest = sliding_window_view(levels, _BEHIND + 1 + AHEAD).max(axis=1)
        del self._decibels[: len(frames)]
        peaks = np.maximum.accumulate(np.maximum(loudest, self._peak))
        self._peak = float(peaks[-1])
        shut = np.clip(peaks - _SHUT_BELOW_PEAK_DB, _QUIETEST_SHUT_DB, _LOUDEST_SHUT_DB)
        shut = np.where(peaks > _VOICE_DB, shut, _LOUDEST_SHUT_DB)
        openness = np.clip((loudest - shut) / _OPENING_DB, 0, 1)
        scaled: Weights = frames * openness[:, None].astype(np.float32)
        return scaled
