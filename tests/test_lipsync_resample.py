"""Any rate and number of channels in, 16 kHz mono out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.lipsync import Resampler


def tone(rate: int, samples: int) -> NDArray[np.int16]:
    wave = 20_000 * np.sin(2 * np.pi * 440 * np.arange(samples) / rate)
    return wave.round().astype(np.int16)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_border_of_two_frames_clicks(rate: int) -> None:
    pcm = tone(rate, rate + 77)
    cuts = np.sort(np.random.default_rng(2).integers(0, len(pcm), 40))
    resampler = Resampler()
    pieces = [resampler.push(piece, rate) for piece in np.split(pcm, list(cuts))]
    heard = np.concatenate([*pieces, resampler.flush()])
    assert len(heard) == pytest.approx(len(pcm) * 16_000 / rate, abs=1)
    assert heard.dtype == np.float32
    ideal = 20_000 / 32_768 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 16_000)
    # Only the very ends, where the tone begins and stops at once, may differ.
    assert np.abs(heard - ideal)[40:-40].max() < 1e-3


def test_channels_are_taken_for_more_time() -> None:
    pcm = tone(24_000, 24_000)
    stereo = np.stack([pcm, np.zeros_like(pcm)], axis=1)
    resampler = Resampler()
    mono = np.concatenate([resampler.push(pcm, 24_000), resampler.flush()])
    mixed = np.concatenate([resampler.push(stereo, 24_000), resampler.flush()])
    np.testing.assert_allclose(mixed, mono / 2, atol=1e-4)


def test_new_rate_loses_what_was_inside() -> None:
    resampler = Resampler()
    parts = [resampler.push(tone(rate, rate), rate) for rate in (24_000, 48_000, 16_000)]
    heard = np.concatenate([*parts, resampler.flush()])
    assert len(heard) == pytest.approx(48_000, abs=3)


@pytest.mark.parametrize(
    ("frame", "rate"),
    [
        (np.zeros(10, np.float32), 24_000),
        (np.zeros((1, 2, 3), np.int16), 24_000),
        (np.zeros(10, np.int16), 0),
    ],
)
def test_wrong_audio_is_taken_for_sound(frame: NDArray[np.int16], rate: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Resampler().push(frame, rate)
