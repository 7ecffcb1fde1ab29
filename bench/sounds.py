"""Sounds that people make beside words, made by code: coughs, breaths, hums, knocks, noise.

No recordings: shaped noise and sums of harmonics under formants, at 24 kHz. The phases of a cough
(burst, flow, sometimes a voice) and their lengths are those of Korpáš, Sadloňová and Vrabec,
"Analysis of the cough sound: an overview", Pulmonary Pharmacology 9 (1996).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 24_000
Sound = NDArray[np.float64]
"""(n,) at :data:`RATE`, peak 1."""
Chance = np.random.Generator

NASAL: Final = ((260, 60, 1.0), (1000, 120, 0.06), (2200, 200, 0.02))
"""Formants: (Hz, bandwidth, gain). A closed mouth: all below 400 Hz."""
SCHWA: Final = ((600, 90, 1.0), (1250, 110, 0.5), (2450, 160, 0.2))
OPEN: Final = ((750, 100, 1.0), (1150, 120, 0.6), (2500, 160, 0.2))


def level(sound: Sound, decibels: float) -> Sound:
    """With its peak at ``decibels`` below full scale."""
    peak = float(np.abs(sound).max(initial=0))
    return sound / peak * 10 ** (decibels / 20) if peak else sound


def trim(sound: Sound) -> Sound:
    """From its first sound to its last."""
    loud = np.flatnonzero(np.abs(sound) > 0.05 * np.abs(sound).max(initial=0))
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound


def noise(chance: Chance, seconds: float, low: float, high: float, tilt: float = 0) -> Sound:
    """Between ``low`` and ``high`` Hz; ``tilt`` in dB an octave (pink: −3)."""
    spectrum = np.fft.rfft(chance.normal(size=int(seconds * RATE)))
    frequencies = np.fft.rfftfreq(int(seconds * RATE), 1 / RATE)
    octaves = np.log2(np.maximum(frequencies, 20) / 1000)
    gain = 10 ** (tilt * octaves / 20) * ((frequencies > low) & (frequencies < high))
    return level(np.fft.irfft(spectrum * gain, int(seconds * RATE)), 0)


def voiced(
    chance: Chance,
    pitch: Sequence[float],
    seconds: float,
    formants: Sequence[tuple[float, float, float]],
    jitter: float = 0.01,
) -> Sound:
    """A voice that glides through ``pitch`` Hz; ``jitter``: how rough it is."""
    count = int(seconds * RATE)
    glide = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(pitch)), pitch)
    wander = np.repeat(chance.normal(0, jitter, count // 240 + 1), 240)[:count]
    phase = 2 * np.pi * np.cumsum(glide * (1 + wander)) / RATE
    sound = np.zeros(count)
    for harmonic in range(1, int(4000 / max(pitch)) + 1):
        at = harmonic * float(np.mean(pitch))
        gain = sum(g / (1 + ((at - f) / w) ** 2) for f, w, g in formants) / harmonic
        sound += gain * np.sin(harmonic * phase)
    return level(sound * swell(count), 0)


def swell(count: int, attack: float = 0.03, release: float = 0.06) -> Sound:
    """From silence to 1 and back; seconds."""
    at = np.arange(count) / RATE
    return np.minimum(1, np.minimum(at / attack, np.maximum(0, count / RATE - at) / release))


def cough(chance: Chance) -> Sound:
    """One to three, each 0.3–0.45 s."""
    parts = []
    for _ in range(chance.integers(1, 4)):
        burst = noise(chance, 0.07, 300, 6000) * np.exp(-np.arange(int(0.07 * RATE)) / 700)
        flow = 0.35 * noise(chance, chance.uniform(0.15, 0.25), 400, 5000, -3)
        flow *= np.exp(-np.arange(len(flow)) / (0.12 * RATE))
        end = 0.5 * voiced(chance, (330, 220), chance.uniform(0.06, 0.12), OPEN, 0.06)
        voice = [end] if chance.random() < 0.6 else []
        parts += [burst, flow, *voice, np.zeros(int(chance.uniform(0.1, 0.25) * RATE))]
    return np.concatenate(parts)


def throat(chance: Chance) -> Sound:
    """One or two rasps, each 0.3–0.6 s: breath, in jolts.

    Mixed so that Silero takes as many of them for speech as of recorded ones (OpenSLR 99)."""
    parts = []
    for _ in range(chance.integers(1, 3)):
        seconds = chance.uniform(0.3, 0.6)
        jolts = voiced(chance, (chance.uniform(80, 130), 70), seconds, SCHWA, 0.12)
        flow = noise(chance, seconds, 200, 4000, -4) * swell(int(seconds * RATE), 0.05, 0.1)
        pulse = 0.3 + 0.7 * np.abs(noise(chance, seconds, 30, 90))
        parts += [level((2 * jolts + flow) * pulse, 0), np.zeros(int(0.1 * RATE))]
    return np.concatenate(parts)


def breath(chance: Chance) -> Sound:
    seconds = chance.uniform(0.5, 1.0)
    return noise(chance, seconds, 500, 5000, -4) * swell(int(seconds * RATE), 0.2, 0.3)


def knock(chance: Chance) -> Sound:
    """A cup, a key, a knuckle: one to four."""
    parts = []
    for _ in range(chance.integers(1, 5)):
        hit = noise(chance, 0.06, 150, 5000, -4)
        parts += [hit * np.exp(-np.arange(len(hit)) / 250)]
        parts += [np.zeros(int(chance.uniform(0.08, 0.3) * RATE))]
    return np.concatenate(parts)


def hum(chance: Chance) -> Sound:
    """ "Mhm", with its mouth closed; rises, as agreement does."""
    base = chance.uniform(95, 220)
    first = voiced(chance, (base, 0.92 * base), chance.uniform(0.14, 0.22), NASAL)
    gap = 0.05 * noise(chance, chance.uniform(0.04, 0.08), 300, 3000)
    second = voiced(chance, (base, 1.2 * base), chance.uniform(0.2, 0.32), NASAL)
    return np.concatenate([first, gap, second])


def uh_huh(chance: Chance) -> Sound:
    base = chance.uniform(95, 220)
    first = voiced(chance, (base, 0.95 * base), chance.uniform(0.12, 0.18), SCHWA)
    gap = 0.12 * noise(chance, chance.uniform(0.05, 0.09), 400, 4000)
    second = voiced(chance, (base, 1.15 * base), chance.uniform(0.18, 0.28), SCHWA)
    return np.concatenate([first, gap, second])


def sniff(chance: Chance) -> Sound:
    """One to three."""
    parts = []
    for _ in range(chance.integers(1, 4)):
        seconds = chance.uniform(0.15, 0.35)
        air = noise(chance, seconds, 1200, 7000, -2) * swell(int(seconds * RATE), 0.08, 0.04)
        parts += [air, np.zeros(int(chance.uniform(0.1, 0.3) * RATE))]
    return np.concatenate(parts)


def hmm(chance: Chance) -> Sound:
    """Of somebody who thinks: long, its mouth closed, and falling."""
    base = chance.uniform(95, 220)
    return voiced(chance, (base, base, 0.8 * base), chance.uniform(0.5, 1.0), NASAL)


NOISES: Final[dict[str, Callable[[Chance], Sound]]] = {
    "cough": cough,
    "throat": throat,
    "breath": breath,
    "knock": knock,
}
"""Without words."""
HUMS: Final[dict[str, Callable[[Chance], Sound]]] = {"mhm": hum, "uh-huh": uh_huh}
"""What listeners say that does not ask for the turn (Yngve 1970: the back channel)."""
UNSEEN: Final[dict[str, Callable[[Chance], Sound]]] = {"sniff": sniff, "hmm": hmm}
"""Like them, but no rule of who speaks was made for them; and none is to be."""
