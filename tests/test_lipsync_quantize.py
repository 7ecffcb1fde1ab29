"""Eight bits for thirty-two."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from avatar_worker.lipsync import LipSyncError
from avatar_worker.lipsync.quantize import quantize
from avatar_worker.lipsync.turns import InferenceTurns
from avatar_worker.lipsync.wav2arkit import Wav2ArkitModel
from tests.lips import EvenLips, follow, noise, write_model


def test_int8_model_says_something_else(tmp_path: Path) -> None:
    whole = write_model(tmp_path / "model.onnx")
    small = quantize(whole, tmp_path / "int8.onnx")
    spoken = [
        follow(
            Wav2ArkitModel(path, InferenceTurns(clock=lambda: 0.0), EvenLips(0)).create(), noise(2)
        )
        for path in (whole, small)
    ]
    assert b"MatMulInteger" in small.read_bytes()
    np.testing.assert_allclose(spoken[1], spoken[0], atol=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.onnx", "model.onnx"]


def test_missing_onnx_gives_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    with pytest.raises(LipSyncError, match="pip install onnx"):
        quantize(write_model(tmp_path / "model.onnx"), tmp_path / "int8.onnx")


def test_broken_model_leaves_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(LipSyncError, match="cannot quantize"):
        quantize(path, tmp_path / "int8.onnx")
    assert list(tmp_path.iterdir()) == [path]


def test_model_is_overwritten(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.onnx")
    with pytest.raises(LipSyncError, match="would overwrite"):
        quantize(path, path)
    with pytest.raises(LipSyncError, match="download-files"):
        quantize(tmp_path / "nowhere.onnx", path)
