"""A stand-in for Wav2Arkit: its contract, its size and its cost, with weights drawn at random.

The layers are wav2vec 2.0 base's (Baevski et al. 2020, table 6): seven convolutions, twelve
transformer layers of 768, 94 M parameters; then a linear layer to 52 weights at 30 fps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CHANNELS: Final = 512
CONVOLUTIONS: Final = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""(width, stride): 50 frames a second out of 16 kHz."""
WIDTH, HEADS, INNER, LAYERS = 768, 12, 3072, 12
POSITION_WIDTH, POSITION_GROUPS = 128, 16


class _Graph:
    """Nodes and weights in the order in which they are needed."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(0)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, *shape: int) -> str:
        """Scaled so that signals neither grow nor vanish."""
        scale = 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 2 else shape[0])
        return self.constant((scale * self._random.standard_normal(shape)).astype(np.float32))

    def norm(self, value: str, width: int) -> str:
        one = self.constant(np.ones(width, np.float32))
        zero = self.constant(np.zeros(width, np.float32))
        return self.add("LayerNormalization", value, one, zero, axis=-1)

    def linear(self, value: str, width: int, to: int) -> str:
        zero = self.constant(np.zeros(to, np.float32))
        return self.add("Add", self.add("MatMul", value, self.weight(width, to)), zero)

    def gelu(self, value: str) -> str:
        root = self.constant(np.array(np.sqrt(2), np.float32))
        one = self.constant(np.array(1, np.float32))
        half = self.constant(np.array(0.5, np.float32))
        risen = self.add("Add", self.add("Erf", self.add("Div", value, root)), one)
        return self.add("Mul", self.add("Mul", value, risen), half)


def write_standin(path: Path) -> Path:
    """About 380 MB: (1, N) of 16 kHz in, (1, T, 52) at 30 fps out. Answers ``path``."""
    graph = _Graph()
    value = _listen(graph)
    for _ in range(LAYERS):
        value = _attend(graph, value)
    value = graph.linear(value, WIDTH, 52)
    value = graph.add("Sigmoid", _repace(graph, value))
    outputs = [helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, "t", 52])]
    inputs = [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, "n"])]
    made = helper.make_graph(graph.nodes, "stand-in", inputs, outputs, graph.weights)
    onnx.save(
        helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path
    )
    return path


def _listen(graph: _Graph) -> str:
    """Convolutions over the sound, and a convolution for the position: (1, T, 768)."""
    value = graph.add("Unsqueeze", "audio", graph.constant(np.array([1], np.int64)))
    before = 1
    for width, stride in CONVOLUTIONS:
        kernel = graph.weight(CHANNELS, before, width)
        value = graph.gelu(graph.add("Conv", value, kernel, strides=[stride]))
        before = CHANNELS
    value = graph.add("Transpose", value, perm=[0, 2, 1])
    value = graph.linear(graph.norm(value, CHANNELS), CHANNELS, WIDTH)
    kernel = graph.weight(WIDTH, WIDTH // POSITION_GROUPS, POSITION_WIDTH)
    row = graph.add("Transpose", value, perm=[0, 2, 1])
    pads = [POSITION_WIDTH // 2, POSITION_WIDTH // 2 - 1]
    place = graph.gelu(graph.add("Conv", row, kernel, group=POSITION_GROUPS, pads=pads))
    return graph.norm(graph.add("Add", value, graph.add("Transpose", place, perm=[0, 2, 1])), WIDTH)


def _attend(graph: _Graph, value: str) -> str:
    """One transformer layer."""
    split = graph.constant(np.array([1, -1, HEADS, WIDTH // HEADS], np.int64))
    joined = graph.constant(np.array([1, -1, WIDTH], np.int64))
    scale = graph.constant(np.array(np.sqrt(WIDTH // HEADS), np.float32))

    def head(perm: list[int]) -> str:
        parts = graph.add("Reshape", graph.linear(value, WIDTH, WIDTH), split)
        return graph.add("Transpose", parts, perm=perm)

    asked, known, told = head([0, 2, 1, 3]), head([0, 2, 3, 1]), head([0, 2, 1, 3])
    scores = graph.add("Div", graph.add("MatMul", asked, known), scale)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), told)
    mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
    value = graph.norm(graph.add("Add", value, graph.linear(mixed, WIDTH, WIDTH)), WIDTH)
    inner = graph.linear(graph.gelu(graph.linear(value, WIDTH, INNER)), INNER, WIDTH)
    return graph.norm(graph.add("Add", value, inner), WIDTH)


def _repace(graph: _Graph, value: str) -> str:
    """(1, T at 50 fps, 52) → (1, N * 30 // 16000, 52)."""
    length = graph.add("Gather", graph.add("Shape", "audio"), graph.constant(np.array([1])))
    thirty = graph.add("Mul", length, graph.constant(np.array([30], np.int64)))
    frames = graph.add("Div", thirty, graph.constant(np.array([16_000], np.int64)))
    start = graph.constant(np.array([1, 52], np.int64))
    sizes = graph.add("Concat", start, frames, axis=0)
    row = graph.add("Transpose", value, perm=[0, 2, 1])
    paced = graph.add("Resize", row, "", "", sizes, mode="linear")
    return graph.add("Transpose", paced, perm=[0, 2, 1])
