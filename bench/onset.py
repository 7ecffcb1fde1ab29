"""When known speech was heard in what a participant received. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.ears import EAR_RATE, Sound

AUDIBLE: Final = 0.01
"""RMS of 5 ms, full scale 1, from which a voice counts as having begun (−40 dBFS)."""
TEMPLATE: Final = 0.5
"""Seconds from a voice's beginning on that are looked for."""
LIKENESS: Final = 0.5
"""Correlation below which what was heard is something else."""


def beginning(speech: Sound) -> int:
    """Samples of silence before the voice. Raises ValueError where there is no voice."""
    size = EAR_RATE // 200
    blocks = speech[: len(speech) // size * size].reshape(-1, size).astype(np.float64) / 32768
    loud = np.sqrt(np.mean(blocks**2, axis=1)) > AUDIBLE
    if not loud.any():
        raise ValueError("there is no voice in it")
    return int(np.argmax(loud)) * size


def heard_at(speech: Sound, packets: Iterable[tuple[float, Sound]]) -> float | None:
    """Seconds at which the first audible sample of ``speech`` could be played.

    ``packets``: (arrival, sound) in order, at the rate of ``speech``. A sample can be played once
    its packet is there. Where it was mangled beyond recognition on its way, the first sound of any
    kind stands for it, so that the worst cases count; None where there is none.
    """
    begin = beginning(speech)
    template = speech[begin : begin + round(TEMPLATE * EAR_RATE)].astype(np.float64)
    arrivals, sounds = [], []
    for at, pcm in packets:
        arrivals.append((at, len(pcm)))
        sounds.append(pcm)
    if sum(size for _, size in arrivals) < len(template):
        return None
    sound = np.concatenate(sounds)
    place, likeness = find(template, sound.astype(np.float64))
    if likeness < LIKENESS:
        try:
            place = beginning(sound)
        except ValueError:
            return None
    for at, size in arrivals:
        if place < size:
            return at + place / EAR_RATE
        place -= size
    return None


def find(template: NDArray[np.float64], sound: NDArray[np.float64]) -> tuple[int, float]:
    """(where ``template`` fits best in the longer ``sound``, correlation there)."""
    size = 1 << int(np.ceil(np.log2(len(sound) + len(template))))
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(template, size))
    places = len(sound) - len(template) + 1
    product = np.fft.irfft(spectrum, size)[:places]
    power = np.concatenate([[0.0], np.cumsum(sound**2)])
    energy = power[len(template) :][:places] - power[:places]
    # Silence fits nothing: what is fainter than a hundredth of the loudest place does not compete.
    floor = 1e-4 * max(float(energy.max()), 1.0)
    scores = product / np.sqrt(np.maximum(energy, floor) * float(template @ template))
    best = int(np.argmax(scores))
    return best, float(scores[best])
