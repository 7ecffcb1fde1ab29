"""When known speech was heard."""

from __future__ import annotations

import numpy as np
import pytest

from bench.ears import EAR_RATE, Sound
from bench.onset import beginning, heard_at

PACKET = EAR_RATE // 100


def voice(silence: float, seconds: float = 1.0) -> Sound:
    """Noise like speech: loud and soft in turn."""
    noise = np.random.default_rng(1).normal(0, 3000, round(seconds * EAR_RATE))
    swell = 0.6 + 0.4 * np.sin(np.arange(len(noise)) / EAR_RATE * 2 * np.pi * 4)
    quiet = np.zeros(round(silence * EAR_RATE))
    return np.concatenate([quiet, noise * swell]).astype(np.int16)


def packets(sound: Sound, start: float = 0.0) -> list[tuple[float, Sound]]:
    whole = np.append(sound, np.zeros(-len(sound) % PACKET, np.int16))
    return [(start + k / 100, piece) for k, piece in enumerate(whole.reshape(-1, PACKET))]


def test_leading_silence_counts_as_delay() -> None:
    speech = voice(0.25)
    assert beginning(speech) == pytest.approx(0.25 * EAR_RATE, abs=PACKET)
    received = np.concatenate([np.zeros(5 * PACKET + 7, np.int16), speech])
    heard = heard_at(speech, packets(received, start=100.0))
    assert heard == pytest.approx(100.05 + 7 / EAR_RATE + 0.25, abs=0.006)


def test_noise_before_the_voice_is_taken_for_it() -> None:
    speech = voice(0.0)
    hiss = np.random.default_rng(2).normal(0, 500, 30 * PACKET).astype(np.int16)
    heard = heard_at(speech, packets(np.concatenate([hiss, speech])))
    assert heard == pytest.approx(0.30, abs=0.001)


def test_a_coded_voice_is_not_recognised() -> None:
    speech = voice(0.1)
    kernel = np.array([0.25, 0.5, 0.25])
    dull = np.convolve(speech.astype(float), kernel, "same")
    dull = (0.7 * dull + np.random.default_rng(3).normal(0, 300, len(dull))).astype(np.int16)
    assert heard_at(speech, packets(dull)) == pytest.approx(beginning(speech) / EAR_RATE, abs=1e-3)


def test_a_mangled_voice_does_not_count_at_all() -> None:
    other = np.random.default_rng(5).normal(0, 3000, EAR_RATE).astype(np.int16)
    late = np.concatenate([np.zeros(50 * PACKET, np.int16), other])
    assert heard_at(voice(0.0), packets(late)) == pytest.approx(0.5, abs=0.01)


def test_silence_is_taken_for_the_voice() -> None:
    assert heard_at(voice(0.0), packets(np.zeros(EAR_RATE, np.int16))) is None
    assert heard_at(voice(0.0), []) is None
    with pytest.raises(ValueError, match="no voice"):
        beginning(np.zeros(EAR_RATE, np.int16))
