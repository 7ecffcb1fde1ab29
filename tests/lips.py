"""Stand-ins for lip-sync models, and what tests do with a stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from avatar_worker.lipsync import LipSync
from avatar_worker.lipsync.base import Audio, Weights, frames_in, no_frames


def write_model(path: Path, *, fps: float = 30, weights: int = 52, jumpy: bool = False) -> Path:
    """A model whose weights follow the loudness; ``jumpy`` ones differ with the window's mean."""
    gains = np.linspace(0.2, 2, weights, dtype=np.float32)[None]
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


def follow(lips: LipSync, *pieces: Audio) -> Weights:
    return np.concatenate([*(lips.push(piece) for piece in pieces), lips.finish()])


class EvenLips:
    """A stream, and its factory, whose every weight is ``level``; each frame waits for the next."""

    name = "even"
    lead = 2 / 30

    def __init__(self, level: float) -> None:
        self._level = level
        self.reset()

    def create(self) -> EvenLips:
        return EvenLips(self._level)

    def push(self, pcm: Audio) -> Weights:
        self._samples += len(pcm)
        return self._up_to(max(0, frames_in(self._samples) - 2))

    def finish(self) -> Weights:
        frames = self._up_to(frames_in(self._samples))
        self.reset()
        return frames

    def reset(self) -> None:
        self._samples = self._given = 0

    def _up_to(self, end: int) -> Weights:
        frames = np.full((end - self._given, no_frames().shape[1]), self._level, np.float32)
        self._given = end
        return frames


def noise(seconds: float) -> NDArray[np.float32]:
    """Noise whose loudness goes up and down."""
    samples = round(seconds * 16_000)
    random = np.random.default_rng(0)
    swell = 0.1 + 0.08 * np.sin(np.arange(samples) / 16_000 * 2 * np.pi * 1.3)
    return (swell * random.uniform(-1, 1, samples)).astype(np.float32)
