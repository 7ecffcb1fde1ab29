"""Wav2Arkit's windows, over a small model that keeps its contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from avatar_worker.lipsync import LipSync, LipSyncError, frames_in, load_lipsync
from avatar_worker.lipsync.embedded import EMBEDDED_MODEL


def write_model(path: Path, *, fps: float = 30, weights: int = 52, jumpy: bool = False) -> Path:
    """A model whose weights follow the loudness; ``jumpy`` ones differ with the window's mean."""
    gains = np.linspace(0.2, 2, weights, dtype=np.float32)[None, None]
    zoom = np.array([1, 1, fps / 100], np.float32)
    nodes = [
        helper.make_node("Abs", ["audio"], ["loud"]),
        helper.make_node("Unsqueeze", ["loud", "one"], ["row"]),
        helper.make_node("AveragePool", ["row"], ["slow"], kernel_shape=[160], strides=[160]),
        helper.make_node("Resize", ["slow", "", "zoom"], ["paced"], mode="linear"),
        helper.make_node("Transpose", ["paced"], ["column"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["column", "gains"], ["scaled"]),
        helper.make_node("ReduceMean", ["row"], ["mean"], keepdims=1),
        helper.make_node("Add" if jumpy else "Identity", ["scaled", "mean"][: 1 + jumpy], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, "n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "t", weights])],
        [
            numpy_helper.from_array(np.array([1], np.int64), "one"),
            numpy_helper.from_array(zoom, "zoom"),
            numpy_helper.from_array(gains, "gains"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


def follow(lips: LipSync, *pieces: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([*(lips.push(piece) for piece in pieces), lips.finish()])


@pytest.fixture(scope="module")
def voice() -> NDArray[np.float32]:
    """Noise whose loudness goes up and down, 6.2 s."""
    random = np.random.default_rng(0)
    swell = 0.1 + 0.08 * np.sin(np.arange(99_321) / 16_000 * 2 * np.pi * 1.3)
    return (swell * random.uniform(-1, 1, 99_321)).astype(np.float32)


@pytest.fixture
def lips(tmp_path: Path) -> LipSync:
    return load_lipsync(write_model(tmp_path / "model.onnx")).create()


def test_mouth_depends_on_how_the_audio_was_cut(lips: LipSync, voice: NDArray[np.float32]) -> None:
    whole = follow(lips, voice)
    for step in (160, 7_777):
        pieces = np.split(voice, list(range(step, len(voice), step)))
        np.testing.assert_array_equal(follow(lips, *pieces), whole)


def test_windows_are_laid_out_of_step(lips: LipSync, voice: NDArray[np.float32]) -> None:
    frames = follow(lips, voice)
    at_once = [np.abs(voice[k * 1600 // 3 : (k + 1) * 1600 // 3]).mean() for k in range(186)]
    np.testing.assert_allclose(frames[:186, 0], 0.2 * np.array(at_once), atol=0.004)


@pytest.mark.parametrize("samples", [0, 1, 534, 1600, 4_800, 8_000, 8_001, 16_001, 40_000])
def test_finish_owes_or_invents_a_frame(
    lips: LipSync, voice: NDArray[np.float32], samples: int
) -> None:
    assert follow(lips, voice[:samples]).shape == (frames_in(samples), 52)
    # Forgotten afterwards: a second segment comes out as the first.
    again = follow(lips, voice[:samples])
    np.testing.assert_array_equal(again, follow(lips, voice[:samples]))


def test_first_frames_wait_for_a_whole_window(lips: LipSync, voice: NDArray[np.float32]) -> None:
    assert len(lips.push(voice[:7_999])) == 0
    assert len(lips.push(voice[7_999:8_000])) == 9
    assert len(lips.push(voice[8_000:16_000])) == 15


def test_mouth_jumps_at_the_border_of_two_windows(tmp_path: Path) -> None:
    lips = load_lipsync(write_model(tmp_path / "model.onnx", jumpy=True)).create()
    # One long rise of loudness: each window's mean differs from the last one's.
    ramp = np.linspace(0, 0.5, 64_000, dtype=np.float32)
    ramp[::2] *= -1
    steps = np.abs(np.diff(follow(lips, ramp)[:-6, 0]))
    cut = 0.5 / 8  # how far the mean moves in half a second
    assert 0.2 * cut < steps.max() < 0.3 * cut


def test_silence_opens_the_mouth(lips: LipSync) -> None:
    assert follow(lips, np.zeros(48_000, np.float32)).max() == 0


def test_missing_model_is_noticed_only_in_the_first_conversation(tmp_path: Path) -> None:
    with pytest.raises(LipSyncError, match=r"no Wav2Arkit model at .*nowhere\.onnx.*WAV2ARKIT"):
        load_lipsync(tmp_path / "nowhere.onnx")


@pytest.mark.parametrize(
    ("fps", "weights", "complaint"),
    [(25, 52, "30 a second"), (30, 51, r"\(1, 45, 51\)")],
)
def test_model_with_another_contract_is_used(
    tmp_path: Path, fps: float, weights: int, complaint: str
) -> None:
    model = load_lipsync(write_model(tmp_path / "model.onnx", fps=fps, weights=weights))
    with pytest.raises(LipSyncError, match=complaint):
        model.create()


def test_embedded_model_is_taken_for_wav2arkit() -> None:
    with pytest.raises(LipSyncError, match="6 inputs"):
        load_lipsync(EMBEDDED_MODEL).create()
