"""A calmer mouth that still shuts: what every frame of Wav2Arkit goes through.

The reference server leaves this out. Two things only: left and right do the same, and each weight
is averaged with its two neighbours, except that lips which meet for a frame or two still meet.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from avatar_worker.lipsync.base import Weights, no_frames
from visavis.protocol import ARKIT_NAMES

AHEAD: Final = 2
"""Frames after one that it waits for."""
_SIDE: Final = np.float32(0.15)
"""Share of each neighbour: movements of 6 Hz, the fastest of speech, keep four fifths of their
height, and what changes from frame to frame two fifths."""
_LEVEL: Final = np.float32(0.02)
"""Aperture above the lowest nearby that still counts as the lowest."""

_AT = {name: index for index, name in enumerate(ARKIT_NAMES)}
_PARTS: Final = {
    "jawOpen": 1.0,
    "mouthClose": -0.8,
    "mouthLowerDownLeft": 0.7,
    "mouthLowerDownRight": 0.7,
    "mouthUpperUpLeft": 0.7,
    "mouthUpperUpRight": 0.7,
}
"""How far each weight parts the lips."""
_OPENING = [_AT[name] for name, far in _PARTS.items() if far > 0]
_CLOSING = [
    _AT[name]
    for name in (
        "mouthClose",
        "mouthPressLeft",
        "mouthPressRight",
        "mouthRollLower",
        "mouthRollUpper",
    )
]
_SIDEWAYS = [_AT[name] for name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight")]
_LEFT = [
    index
    for name, index in _AT.items()
    if name.startswith(("mouth", "noseSneer")) and name.endswith("Left") and name != "mouthLeft"
]
_RIGHT = [_AT[ARKIT_NAMES[index].removesuffix("Left") + "Right"] for index in _LEFT]


def symmetric(frames: Weights) -> Weights:
    """(t, 52) whose mouth is as far left as right: pairs at their mean, nothing moved sideways."""
    even = frames.copy()
    even[:, _LEFT] = even[:, _RIGHT] = (frames[:, _LEFT] + frames[:, _RIGHT]) / 2
    even[:, _SIDEWAYS] = 0
    return even


class Smoother:
    """Averages the frames of one utterance, each ``AHEAD`` frames late, without shifting them.

    What comes out does not depend on how the frames were cut.
    """

    def __init__(self) -> None:
        self._frames = no_frames()
        """From AHEAD before the next one on; what is before the first one is like it."""

    def push(self, frames: Weights) -> Weights:
        """Take more frames (t, 52); return those that are now certain."""
        if not len(self._frames):
            self._frames = np.repeat(frames[:1], AHEAD, axis=0)
        self._frames = np.concatenate([self._frames, frames])
        certain = len(self._frames) - 2 * AHEAD
        if certain <= 0:
            return no_frames()
        smooth = _smooth(self._frames)
        self._frames = self._frames[certain:]
        return smooth

    def finish(self) -> Weights:
        """Return the frames still owed: what is after the last one is like it."""
        return self.push(np.repeat(self._frames[-1:], AHEAD, axis=0))


def _smooth(frames: Weights) -> Weights:
    """(t + 2 AHEAD, 52) → (t, 52)."""
    exact = frames[AHEAD:-AHEAD]
    beside = frames[AHEAD - 1 : -AHEAD - 1] + frames[AHEAD + 1 : len(frames) - AHEAD + 1]
    smooth = exact * (1 - 2 * _SIDE) + beside * _SIDE
    aperture = np.zeros(len(frames), np.float32)
    # One by one: the order in which a sum over an axis is taken may differ with the length.
    for name, far in _PARTS.items():
        aperture += frames[:, _AT[name]] * np.float32(far)
    lowest = sliding_window_view(aperture, 2 * AHEAD + 1).min(axis=1)
    shut = np.flatnonzero(aperture[AHEAD:-AHEAD] <= lowest + _LEVEL)[:, None]
    smooth[shut, _OPENING] = np.minimum(smooth[shut, _OPENING], exact[shut, _OPENING])
    smooth[shut, _CLOSING] = np.maximum(smooth[shut, _CLOSING], exact[shut, _CLOSING])
    return np.clip(smooth, 0, 1)
