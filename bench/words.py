"""Words that a machine can count: which of them a listener heard, and for how long.

Each is a chord of two tones that no other has. Spoken words would not do: a jitter buffer stretches
and squeezes them while it adapts, and a waveform that was stretched is no longer found; a tone that
was stretched is still that tone. Pure functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LOW: Final = (500, 620, 740, 860, 980, 1100)
HIGH: Final = (1400, 1600, 1800, 2000)
"""Hz; apart by more than the width of :data:`WINDOW`'s spectrum."""
CHORDS: Final = tuple(itertools.product(LOW, HIGH))
"""The words, by their number."""
WORD: Final = 0.5
"""Seconds."""
GAP: Final = 0.12
"""Seconds between two words."""
PAUSE: Final = 0.35
"""Seconds after every :data:`WORDS_A_SENTENCE` words: where a new face may take over."""
WORDS_A_SENTENCE: Final = 5
RAMP: Final = 0.005
"""Seconds in which a word swells and dies, so that it does not click."""
AMPLITUDE: Final = 0.2
"""Of each tone; full scale is 1."""
STEP: Final = 0.010
WINDOW: Final = 0.040
"""Seconds between two looks at the sound, and of each look."""
PURITY: Final = 0.6
"""Share of a look's power that must be the two tones'."""
AUDIBLE: Final = 0.1
"""RMS of a look below which no word is heard: half of a word's own. A jitter buffer that gets no
more sound draws the last one out and lets it die away; that is no second word."""
LOST: Final = 0.5
DOUBLED: Final = 1.5
"""A word heard for less, or for more, than this share of its length was lost, or said twice. A
jitter buffer stretches by far less."""

EDGE: Final = 0.08
"""Share of a word that is misjudged at its beginning and end."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Account:
    """What a listener heard of a script: numbers of words."""

    lost: tuple[int, ...]
    doubled: tuple[int, ...]
    missing: float = 0.0
    """Seconds of all words that were not heard; includes what a jitter buffer squeezed."""
    extra: float = 0.0
    """Seconds of them heard beyond their length; includes what it stretched."""


def compose(words: Sequence[int], rate: int) -> Samples:
    """(n,) at ``rate``, full scale 1: the words in this order, with the pauses of speech."""
    time = np.arange(round(WORD * rate)) / rate
    ramp = np.minimum(1, np.minimum(time, time[::-1]) / RAMP)
    parts: list[NDArray[np.float64]] = []
    for index, word in enumerate(words):
        tones = sum(np.sin(2 * np.pi * hertz * time) for hertz in CHORDS[word])
        pause = PAUSE if index % WORDS_A_SENTENCE == WORDS_A_SENTENCE - 1 else GAP
        parts += [AMPLITUDE * ramp * tones, np.zeros(round(pause * rate))]
    return np.concatenate(parts).astype(np.float32)


def recognise(recording: Samples, rate: int) -> NDArray[np.int64]:
    """(t,) every :data:`STEP`: number of the word that sounds there, −1 where none does."""
    size, step = round(WINDOW * rate), round(STEP * rate)
    if len(recording) < size:
        return np.zeros(0, np.int64)
    looks = np.lib.stride_tricks.sliding_window_view(recording, size)[::step].astype(np.float64)
    window = np.hanning(size)
    looks = looks * window
    angles = 2j * np.pi * np.outer(np.arange(size) / rate, LOW + HIGH)
    # A sine of power a²/2 under this window projects to a/2 · Σ window.
    power = 2 * np.square(np.abs(looks @ np.exp(-angles)) / window.sum())
    total = np.square(looks).sum(axis=1) / np.square(window).sum()
    low, high = power[:, : len(LOW)], power[:, len(LOW) :]
    both = low.max(axis=1) + high.max(axis=1)
    heard = (total > AUDIBLE**2) & (both > PURITY * total)
    heard &= np.minimum(low.max(axis=1), high.max(axis=1)) > 0.1 * total
    number = low.argmax(axis=1) * len(HIGH) + high.argmax(axis=1)
    return np.where(heard, number, -1)


def account(words: Sequence[int], recording: Samples, rate: int) -> Account:
    """Compare what was to be said, each word once, with what was heard."""
    looks = np.bincount(1 + recognise(recording, rate), minlength=1 + len(CHORDS))[1:]
    share = looks * STEP / WORD
    return Account(
        tuple(word for word in words if share[word] < LOST),
        tuple(word for word in words if share[word] > DOUBLED),
        WORD * sum(max(0.0, 1 - EDGE - share[word]) for word in words),
        WORD * sum(max(0.0, share[word] - 1 - EDGE) for word in words),
    )
