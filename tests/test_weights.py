"""A recording in, the mouth as numbers out."""

from __future__ import annotations

import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.lipsync import LipSyncFactory
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.weights import PACKET_SECONDS, in_packets, main, weigh
from visavis.protocol import ARKIT_NAMES

from .recordings import PIECE, write_changing


@pytest.fixture(scope="module")
def lipsync() -> LipSyncFactory:
    return EmbeddedModel()


@pytest.fixture(scope="module")
def speech() -> NDArray[np.int16]:
    """Three seconds of a man who reads, 16 kHz."""
    spec = find_spec("moonshine_voice")
    assert spec is not None and spec.origin is not None
    with wave.open(str(Path(spec.origin).parent / "assets" / "beckett.wav")) as file:
        return np.frombuffer(file.readframes(48_000), np.int16)


def test_a_recording_that_changes_in_its_midst_does_not_end_in_a_traceback(tmp_path: Path) -> None:
    source = write_changing(tmp_path / "radio.aac")
    assert main([str(source), "--out", str(tmp_path)]) == 0
    seconds = PIECE / 16_000 + PIECE / 48_000
    assert len(read(tmp_path / "radio.npz")) == pytest.approx(30 * seconds, abs=4)


def write(path: Path, pcm: NDArray[np.int16], rate: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return path


def read(path: Path) -> NDArray[np.float32]:
    with np.load(path, allow_pickle=False) as file:
        assert tuple(file["names"]) == ARKIT_NAMES
        assert float(file["fps"]) == 30
        weights: NDArray[np.float32] = file["weights"]
    return weights


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100])
def test_room_and_file_give_another_mouth(
    tmp_path: Path, speech: NDArray[np.int16], rate: int
) -> None:
    source = write(tmp_path / "speech.wav", speech, rate)
    assert main([str(source), "--out", str(tmp_path / "whole")]) == 0
    assert main([str(source), "--out", str(tmp_path / "live"), "--stream"]) == 0
    whole = read(tmp_path / "whole" / "speech.npz")
    assert whole.shape == (-(-len(speech) * 30 // rate), 52)
    assert whole.max() > 0.2
    np.testing.assert_allclose(read(tmp_path / "live" / "speech.npz"), whole, atol=1e-4)


def test_packets_are_not_paced(lipsync: LipSyncFactory, speech: NDArray[np.int16]) -> None:
    waited: list[float] = []
    pieces = list(in_packets(iter([(speech[:, None], 16_000)]), waited.append))
    np.testing.assert_allclose(waited, np.arange(1, 151) * PACKET_SECONDS)
    assert {len(pcm) for pcm, _ in pieces} == {320}


def test_change_of_rate_in_mid_packet_loses_sound(speech: NDArray[np.int16]) -> None:
    pieces = [(speech[:1_000, None], 16_000), (speech[:1_000, None], 24_000)]
    packets = list(in_packets(iter(pieces)))
    for rate in (16_000, 24_000):
        heard = np.concatenate([pcm for pcm, at in packets if at == rate])
        np.testing.assert_array_equal(heard[:, 0], speech[:1_000])


def spoil(kind: str, speech: NDArray[np.int16]) -> tuple[NDArray[np.int16], int, int]:
    """(pcm, rate, channels) of a bad recording."""
    match kind:
        case "silence":
            return np.zeros(16_000, np.int16), 16_000, 1
        case "dc":
            return np.full(16_000, 20_000, np.int16), 16_000, 1
        case "clipping":
            return np.where(speech > 0, 32_767, -32_768).astype(np.int16), 16_000, 1
        case "8 kHz":
            return speech[::2].copy(), 8_000, 1
        case "stereo":
            return np.stack([speech, np.zeros_like(speech)], 1).ravel(), 16_000, 2
        case _:
            return np.zeros(0, np.int16), 16_000, 1


@pytest.mark.parametrize("kind", ["silence", "dc", "clipping", "8 kHz", "stereo", "empty"])
def test_bad_recording_breaks_the_mouth(
    tmp_path: Path, speech: NDArray[np.int16], kind: str
) -> None:
    pcm, rate, channels = spoil(kind, speech)
    source = write(tmp_path / "bad.wav", pcm, rate, channels)
    assert main([str(source), "--out", str(tmp_path)]) == 0
    weights = read(tmp_path / "bad.npz")
    assert len(weights) == -(-len(pcm) // channels * 30 // rate)
    assert np.isfinite(weights).all() and not ((weights < 0) | (weights > 1)).any()
    if kind in ("silence", "dc"):
        assert weights[10:].max() < 0.1


def test_one_unreadable_file_costs_the_others(
    tmp_path: Path, speech: NDArray[np.int16], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    good = write(tmp_path / "good.wav", speech)
    assert main([str(tmp_path / "bad.wav"), str(good), "--out", str(tmp_path)]) == 1
    assert "cannot read" in capsys.readouterr().err
    assert len(read(tmp_path / "good.npz"))


def test_second_file_of_a_name_replaces_the_first(
    tmp_path: Path, speech: NDArray[np.int16], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    sources = [write(folder / "a.wav", speech) for folder in (tmp_path, tmp_path / "other")]
    assert main([*map(str, sources), "--out", str(tmp_path)]) == 1
    assert "another name" in capsys.readouterr().err
    assert not (tmp_path / "a.npz").exists()


def test_hour_at_once_takes_another_way_than_a_second(
    lipsync: LipSyncFactory, speech: NDArray[np.int16]
) -> None:
    """Ten minutes here: one push, and as many frames as in pieces, equal at the end."""
    long = np.tile(speech, 200)
    whole = weigh(iter([(long, 16_000)]), lipsync)
    pieces = weigh(in_packets(iter([(long[-480_000:, None], 16_000)])), lipsync)
    assert len(whole) == 18_000
    assert np.abs(whole[-300:] - pieces[-300:]).max() < 0.05
