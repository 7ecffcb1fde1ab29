"""The embedded model on real speech."""

from __future__ import annotations

import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.lipsync import LipSync, LipSyncError, LipSyncFactory, frames_in
from avatar_worker.lipsync.embedded import EmbeddedModel
from visavis.protocol import ARKIT_NAMES

STEP, AHEAD = 320, 1_280
"""Samples of a step of the embedded model, and those that it hears after it."""
ROUNDING = 1e-4
"""Between runs of one step and of many: matrix products are summed in another order."""
JAW = ARKIT_NAMES.index("jawOpen")


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float32]:
    """Ten seconds of a man who reads, 16 kHz."""
    spec = find_spec("moonshine_voice")
    assert spec is not None and spec.origin is not None
    with wave.open(str(Path(spec.origin).parent / "assets" / "beckett.wav")) as file:
        assert file.getframerate() == 16_000
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return pcm.astype(np.float32) / np.float32(32_768)


@pytest.fixture(scope="module")
def model() -> LipSyncFactory:
    return EmbeddedModel()


@pytest.fixture
def lips(model: LipSyncFactory) -> LipSync:
    return model.create()


def follow(lips: LipSync, *pieces: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([*(lips.push(piece) for piece in pieces), lips.finish()])


def test_mouth_shows_nothing_of_the_speech(lips: LipSync, speech: NDArray[np.float32]) -> None:
    jaw = follow(lips, speech)[:, JAW]
    levels = np.array([np.sqrt(np.mean(piece**2)) for piece in np.array_split(speech, len(jaw))])
    loud, quiet = levels > np.quantile(levels, 0.7), levels < np.quantile(levels, 0.15)
    assert jaw[loud].mean() > 3 * jaw[quiet].mean()
    assert jaw[loud].mean() > 0.2


def test_mouth_depends_on_how_the_audio_was_cut(lips: LipSync, speech: NDArray[np.float32]) -> None:
    whole = follow(lips, speech)
    random = np.random.default_rng(1)
    for cuts in (range(160, len(speech), 160), np.sort(random.integers(0, len(speech), 50))):
        pieces = np.split(speech, list(cuts))
        np.testing.assert_allclose(follow(lips, *pieces), whole, atol=ROUNDING)


def test_mouth_runs_ahead_of_or_behind_the_voice(
    lips: LipSync, speech: NDArray[np.float32]
) -> None:
    silence = np.zeros(16_000, np.float32)
    jaw = follow(lips, silence, speech, silence)[:, JAW]
    moved = np.flatnonzero(jaw > 0.15)
    first = int(np.flatnonzero(np.abs(speech) > 0.05)[0]) / 16_000
    assert moved[0] / 30 - 1 == pytest.approx(first, abs=0.15)
    assert moved[-1] / 30 < 1 + len(speech) / 16_000 + 0.1


@pytest.mark.parametrize("samples", [0, 1, 533, 534, 1600, 1601, 4321, 24_000])
def test_finish_owes_or_invents_a_frame(
    lips: LipSync, speech: NDArray[np.float32], samples: int
) -> None:
    expected = int(np.ceil(samples / 16_000 * 30 - 1e-9))
    assert follow(lips, speech[:samples]).shape == (expected, 52)
    assert frames_in(samples) == expected


def test_frames_wait_longer_than_the_look_ahead(lips: LipSync, speech: NDArray[np.float32]) -> None:
    given = 0
    for end in range(160, 16_000, 160):
        given += len(lips.push(speech[end - 160 : end]))
        # A frame's middle lies in a step or between two: the last of them must have been heard.
        middles = (np.arange(60) + 0.5) / 30 * 50 - 0.5
        last_steps = np.ceil(middles - 1e-9)
        assert given == np.count_nonzero((last_steps + 1) * STEP + AHEAD <= end)


def test_reset_remembers_the_voice_that_was_cut(lips: LipSync, speech: NDArray[np.float32]) -> None:
    fresh = follow(lips, speech[:32_000])
    lips.push(speech[40_000:63_210])
    lips.reset()
    np.testing.assert_array_equal(follow(lips, speech[:32_000]), fresh)


def test_finish_remembers_the_segment_before(lips: LipSync, speech: NDArray[np.float32]) -> None:
    first = follow(lips, speech[:32_000])
    np.testing.assert_array_equal(follow(lips, speech[:32_000]), first)


def test_two_streams_of_a_model_hear_each_other(
    model: LipSyncFactory, speech: NDArray[np.float32]
) -> None:
    alone = follow(model.create(), speech[:32_000])
    one, other = model.create(), model.create()
    mixed = []
    for start in range(0, 32_000, 800):
        mixed.append(one.push(speech[start : start + 800]))
        other.push(speech[50_000 + start : 50_800 + start])
    np.testing.assert_allclose(np.concatenate([*mixed, one.finish()]), alone, atol=ROUNDING)


@pytest.mark.parametrize("level", [0.0, 0.0005])
def test_mouth_moves_without_a_voice(lips: LipSync, level: float) -> None:
    noise = np.random.default_rng(0).standard_normal(48_000).astype(np.float32) * np.float32(level)
    assert follow(lips, noise).max() < 0.01


def test_segment_begins_with_an_open_mouth(lips: LipSync) -> None:
    """Room noise that the silence gate lets through, before the first word."""
    noise = np.random.default_rng(0).standard_normal(4_800).astype(np.float32) * np.float32(0.003)
    assert follow(lips, noise)[0, JAW] < 0.08


def test_weights_leave_their_range(lips: LipSync) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 48_000).astype(np.float32)
    weights = follow(lips, noise)
    assert weights.dtype == np.float32
    assert weights.min() >= 0 and weights.max() <= 1


def test_broken_model_file_gives_a_riddle(tmp_path: Path) -> None:
    path = tmp_path / "lips.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(LipSyncError, match=r"cannot load the lip-sync model .*lips\.onnx"):
        EmbeddedModel(path).create()
