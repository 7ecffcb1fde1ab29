"""The method of uLipSync: which of five calibrated vowels does the sound resemble most?

Reimplemented from what github.com/hecomi/uLipSync (MIT licence) says of itself: MFCC of the last
64 ms at 16 kHz, the nearest profile, the volume, and smoothing on the way to the blendshapes. Its
own runs in Unity only.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]

WINDOW: Final = 1024
"""Samples of 16 kHz that it compares."""
NAMES: Final = ("aa", "E", "I", "O", "U")

_FPS: Final = 30
_SAMPLE_RATE: Final = 16_000
_COEFFICIENTS: Final = 12
_BANDS: Final = 26
_EMPHASIS: Final = 0.97
_MIN_VOLUME, _MAX_VOLUME = -2.5, -1.5
"""log10 of the RMS at which the mouth is shut, and fully in shape."""
_SMOOTHNESS: Final = 0.05
"""Seconds, as Unity's ``SmoothDamp`` counts them: a critically damped spring's 2 / ω."""

PROFILE: Final = np.array(
    [
        [-9.9, -11.9, 22.1, -47.1, -33.8, -8.4, 5.5, -12.2, -5.7, 5.9, -29.9, -4.3],
        [-25.3, 41.4, 55.6, -32.1, -12.3, -1.0, -28.5, -35.0, -2.1, -13.6, -25.8, 2.0],
        [3.0, -51.3, -13.9, -10.5, 7.3, -14.1, -5.1, -16.0, -5.4, -20.0, -15.6, 1.2],
        [44.8, -23.4, -29.3, -61.2, 18.4, -6.5, -15.1, -14.5, 1.7, -1.4, -21.7, -9.9],
        [-7.8, -15.7, 36.9, -31.3, -29.3, -34.6, -7.2, -25.5, -18.5, 0.1, -12.2, -9.3],
    ]
)
"""(5, 12): mean :func:`mfcc` of a woman's five vowels, calibrated as a user of it would.

The sounds: ``phonemes/audio`` of pylipsync 0.2.1 (PyPI, MIT licence), at 16 kHz, every 10 ms where
the window is louder than half of the loudest.
"""


def mfcc(windows: Table) -> Table:
    """(t, n) of 16 kHz → (t, 12): the first mel-frequency cepstral coefficients but the zeroth.

    After Davis and Mermelstein 1980, of magnitudes, with triangles of equal area on the mel scale.
    Nothing depends on the level: the zeroth is what that would change.
    """
    emphasized = windows.copy()
    emphasized[:, 1:] -= _EMPHASIS * windows[:, :-1]
    spectrum = np.abs(np.fft.rfft(emphasized * np.hamming(windows.shape[1]), axis=1))
    bands = 10 * np.log10(spectrum @ _mel_bank(windows.shape[1]).T + 1e-10)
    order = np.arange(1, _COEFFICIENTS + 1)[:, None]
    cosines = np.cos(np.pi * order * (np.arange(_BANDS) + 0.5) / _BANDS)
    coefficients: Table = bands @ cosines.T
    return coefficients


def vowels(windows: Table) -> Table:
    """Windows (t, 1024) of 16 kHz, 30 a second → weights (t, 5) of :data:`NAMES`, 0 to 1."""
    deviation = PROFILE.std(0)
    heard = (mfcc(windows) - PROFILE.mean(0)) / deviation
    profile = (PROFILE - PROFILE.mean(0)) / deviation
    likeness = heard @ profile.T / np.linalg.norm(profile, axis=1)
    nearest = np.eye(len(NAMES))[likeness.argmax(1)]
    volume = np.log10(np.sqrt(np.mean(windows**2, axis=1)) + 1e-10)
    open_by = np.clip((volume - _MIN_VOLUME) / (_MAX_VOLUME - _MIN_VOLUME), 0, 1)
    shape = _smooth(nearest)
    total = shape.sum(1, keepdims=True)
    weights: Table = shape / np.maximum(total, 1e-9) * _smooth(open_by[:, None])
    return weights


@cache
def _mel_bank(samples: int) -> Table:
    """(26, samples / 2 + 1)"""
    highest = _to_mel(_SAMPLE_RATE / 2)
    edges = 700 * np.expm1(np.linspace(0, highest, _BANDS + 2) / 1127)
    hertz = np.fft.rfftfreq(samples, 1 / _SAMPLE_RATE)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    bank: Table = np.clip(np.minimum(rise, fall), 0, None) * 2 / (high - low)
    return bank


def _to_mel(hertz: float) -> float:
    return float(1127 * np.log1p(hertz / 700))


def _smooth(wanted: Table) -> Table:
    """``wanted`` (t, n) as critically damped springs follow it from 0."""
    omega, step = 2 / _SMOOTHNESS, 1 / _FPS
    decay = np.exp(-omega * step)
    at, speed = np.zeros(wanted.shape[1]), np.zeros(wanted.shape[1])
    path = np.empty_like(wanted)
    for index, goal in enumerate(wanted):
        away = at - goal
        pull = (speed + omega * away) * step
        at = goal + (away + pull) * decay
        speed = (speed - omega * pull) * decay
        path[index] = at
    return np.clip(path, 0, 1)
