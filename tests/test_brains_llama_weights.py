"""The embedded language model's weights: written anew once, and the same as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

from agent.brains import llama_weights
from agent.brains.llama_weights import quick_weights, rewrite

SHAPE = (64, 96)


def small_model(path: Path) -> dict[str, np.ndarray]:
    """Two tensors, of which one is Q4_1; answers what they hold."""
    chance = np.random.default_rng(0)
    plain = chance.normal(size=SHAPE).astype(np.float32)
    coarse = quantize(plain, GGMLQuantizationType.Q4_1)
    writer = GGUFWriter(path, "llama")
    writer.add_uint32("llama.block_count", 1)
    writer.add_array("tokenizer.ggml.tokens", ["<s>", "ä", "b"])
    writer.add_tensor("coarse", coarse, raw_dtype=GGMLQuantizationType.Q4_1)
    writer.add_tensor("plain", plain)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return {"coarse": dequantize(coarse, GGMLQuantizationType.Q4_1), "plain": plain}


def test_another_model_speaks(tmp_path: Path) -> None:
    before = small_model(tmp_path / "before.gguf")
    rewrite(tmp_path / "before.gguf", tmp_path / "after.gguf")
    after = GGUFReader(tmp_path / "after.gguf")
    assert after.fields["llama.block_count"].contents() == 1
    assert after.fields["tokenizer.ggml.tokens"].contents() == ["<s>", "ä", "b"]
    assert {tensor.name: tensor.tensor_type.name for tensor in after.tensors} == {
        "coarse": "Q8_0", "plain": "F32",
    }  # fmt: skip
    for tensor in after.tensors:
        now = dequantize(tensor.data, tensor.tensor_type)
        off = np.linalg.norm(now - before[tensor.name]) / np.linalg.norm(before[tensor.name])
        assert off < 0.006


def test_every_start_of_the_worker_writes_the_weights_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_model(tmp_path / "wheel.gguf")
    monkeypatch.setattr(llama_weights, "find_weights", lambda: tmp_path / "wheel.gguf")
    folder = tmp_path / "cache"
    first = quick_weights(folder)
    written = first.stat().st_mtime_ns
    assert quick_weights(folder) == first
    assert first.stat().st_mtime_ns == written
    (folder / "of-another-wheel.gguf").touch()
    first.unlink()
    assert quick_weights(folder) == first
    assert list(folder.iterdir()) == [first]


def test_a_folder_that_cannot_be_written_keeps_the_worker_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small_model(tmp_path / "wheel.gguf")
    monkeypatch.setattr(llama_weights, "find_weights", lambda: tmp_path / "wheel.gguf")
    (tmp_path / "cache").write_text("a file")
    assert quick_weights(tmp_path / "cache") == tmp_path / "wheel.gguf"
    assert "a little slower" in caplog.text
