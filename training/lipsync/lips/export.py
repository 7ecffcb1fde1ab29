"""A checkpoint as ``lips.onnx``: samples and states in, 52 ARKit weights and states out."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from lips.arkit import ARKIT_NAMES
from lips.features import HISTORY, HOP, LogMel
from lips.mouth import CONTROLS
from lips.network import Gates, LipNet, Outputs

STEP: Final = 2 * HOP
"""Samples of one step."""
_HALVED: Final = 1_024
"""Initializers with more numbers than this are stored as float16."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities where each gate begins to act and where it has acted in full."""

    closed: tuple[float, float] = (0.15, 0.5)
    tucked: tuple[float, float] = (0.15, 0.5)
    silent: tuple[float, float] = (0.5, 0.9)


class Speaker(nn.Module):
    """Everything between samples and ARKit weights, with the states as arguments."""

    def __init__(self, network: LipNet, thresholds: Thresholds) -> None:
        super().__init__()
        self.mel = LogMel()
        self.network = network
        self.gates = Gates()
        self.thresholds = thresholds
        spread = torch.zeros(len(CONTROLS), len(ARKIT_NAMES))
        for row, name in enumerate(CONTROLS):
            for side in ("", "Left", "Right"):
                if name + side in ARKIT_NAMES:
                    spread[row, ARKIT_NAMES.index(name + side)] = 1
        self.register_buffer("spread", spread)

    def forward(self, samples: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """``samples`` (1, 240 + 320 n) → weights (1, n, 52) at 50 Hz, and the new states."""
        outputs, new = self.network(self.mel(samples), list(states))
        return self.shape(outputs), *new

    def shape(self, outputs: Outputs) -> Tensor:
        """The network's outputs as weights (1, n, 52)."""
        gates = (
            _act(torch.sigmoid(logit), between)
            for logit, between in (
                (outputs.closed, self.thresholds.closed),
                (outputs.tucked, self.thresholds.tucked),
                (outputs.silent, self.thresholds.silent),
            )
        )
        weights = torch.matmul(self.gates(outputs.controls, *gates), self.spread)
        return torch.clamp(weights, 0, 1)


def _act(probability: Tensor, between: tuple[float, float]) -> Tensor:
    low, high = between
    return torch.clamp((probability - low) / (high - low), 0, 1)


def export(network: LipNet, delay: int, thresholds: Thresholds, path: Path) -> str:
    """Write the graph to ``path``; return its SHA-256.

    Input ``x`` (1, 240 + 320 n) float32 at 16 kHz: 240 samples of history and n steps of 20 ms.
    Inputs ``s0``… are the states, zeros at first; outputs ``r0``… go back there. Output ``y``
    (1, n, 52). The metadata say by how many steps ``y`` trails ``x`` (``delay``).
    """
    states = network.rest(1)
    names = [f"s{i}" for i in range(len(states))]
    buffer = io.BytesIO()
    torch.onnx.export(
        Speaker(network, thresholds).eval(),
        (torch.zeros(1, HISTORY + 5 * STEP), *states),
        buffer,
        input_names=["x", *names],
        output_names=["y", *(f"r{i}" for i in range(len(states)))],
        dynamic_axes={"x": {1: "samples"}, "y": {1: "steps"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load_model_from_string(buffer.getvalue())
    _halve(model.graph)
    helper.set_model_props(model, {"delay": str(delay), "step": str(STEP), "history": str(HISTORY)})
    model.producer_name, model.producer_version = "visavis", ""
    model.doc_string = ""
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _halve(graph: onnx.GraphProto) -> None:
    """Store big weights as float16, cast back when the model is loaded: half the file."""
    casts = []
    for initializer in graph.initializer:
        if initializer.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(initializer)
        if values.size <= _HALVED:
            continue
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
