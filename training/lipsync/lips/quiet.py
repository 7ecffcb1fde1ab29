"""Silence where nothing sounds, whatever a synthesizer says of its own timings.

Kokoro and Hibari give the last sound before a pause the whole of the pause's beginning, so a
network that believes them learns to leave the mouth open in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from lips.corpus import SAMPLE_RATE, Pcm
from lips.phones import SILENCE, Phone

_HOP: Final = SAMPLE_RATE // 100
_BELOW_PEAK_DB: Final = 45.0
_SHORTEST: Final = 0.15
"""Seconds; the closure of a stop is shorter."""
_AFTER: Final = 0.02
_BEFORE: Final = 0.06
"""Seconds of a quiet stretch that are left to the sound before it, and to the one after it, which
may be a stop whose closure is silent."""


def silence_where_quiet(phones: Sequence[Phone], audio: Pcm) -> tuple[Phone, ...]:
    """``phones``, cut wherever ``audio`` (int16, 16 kHz) is quiet for long."""
    cut = list(phones)
    for start, end in _quiet(audio):
        cut = [piece for phone in cut for piece in _around(phone, start, end)]
        cut.append(Phone(start, end, SILENCE))
    cut.sort(key=lambda phone: phone.start)
    merged: list[Phone] = []
    for phone in cut:
        if merged and merged[-1].name == phone.name == SILENCE:
            merged[-1] = Phone(merged[-1].start, max(merged[-1].end, phone.end), SILENCE)
        else:
            merged.append(phone)
    return tuple(merged)


def _quiet(audio: Pcm) -> Iterator[tuple[float, float]]:
    hops = len(audio) // _HOP
    power = np.square(audio[: hops * _HOP].reshape(hops, _HOP) / 32_768).mean(1)
    decibels = 10 * np.log10(power + 1e-10)
    quiet = np.concatenate(
        [[False], decibels < decibels.max(initial=-100) - _BELOW_PEAK_DB, [False]]
    )
    borders = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    for first, after in zip(borders[::2], borders[1::2], strict=True):
        if (after - first) / 100 >= _SHORTEST:
            at_end = after == hops
            yield first / 100 + _AFTER, after / 100 - (0 if at_end else _BEFORE)


def _around(phone: Phone, start: float, end: float) -> Iterator[Phone]:
    if phone.start < min(phone.end, start):
        yield Phone(phone.start, min(phone.end, start), phone.name)
    if max(phone.start, end) < phone.end:
        yield Phone(max(phone.start, end), phone.end, phone.name)
