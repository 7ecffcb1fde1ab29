"""What windows and hops cost Wav2Arkit, and whether the mouth jumps between two of them.

``python -m bench.lips_windows [MODEL …]``: on real speech, one thread; without a MODEL, random ones
of its size, in 32 bits and in eight.
"""

from __future__ import annotations

import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from avatar_worker.lipsync.base import BLOCK_FRAMES, FPS, Audio, Weights
from avatar_worker.lipsync.contract import infer
from avatar_worker.lipsync.quantize import quantize
from avatar_worker.lipsync.session import open_session
from avatar_worker.lipsync.wav2arkit import LAYOUT
from avatar_worker.lipsync.windows import Layout, Windows
from bench.standin import write_standin

ALONE: Final = Layout(window=5, right=0, first=5, hop=5, long=5, blend=0)
"""Half seconds in isolation: the model's own server."""
_OVERLAPPING: Final = [
    replace(LAYOUT, window=window, hop=hop, long=hop)
    for window in (10, 15, 20)
    for hop in (5, 10)
    if window >= hop + LAYOUT.right
]


@dataclass(frozen=True, slots=True)
class Measured:
    cost: float
    """Seconds of CPU for a second of audio."""
    seam: float
    """How far the mouth moves from frame to frame at a border, over how far inside."""


def seam_ratio(frames: Weights, layout: Layout) -> float:
    """``frames`` (t, 52) that came out of ``layout``; 1 where nothing shows that there are borders.

    Steps at a border are those from the frame before it to the last that is blended.
    """
    steps = np.abs(np.diff(frames, axis=0)).mean(axis=1)
    place = np.arange(1, len(frames)) - layout.first * BLOCK_FRAMES
    at_border = (place >= 0) & (place % (layout.hop * BLOCK_FRAMES) <= layout.blend)
    return float(steps[at_border].mean() / steps[~at_border].mean())


def measure(session: ort.InferenceSession, speech: Audio, layout: Layout) -> Measured:
    windows = Windows(lambda window: infer(session, window, layout.frames), layout)
    infer(session, speech[: layout.samples], layout.frames)  # the first run allocates
    began = time.process_time()
    frames = np.concatenate(list(windows.push(speech)))
    cost = (time.process_time() - began) / (len(frames) / FPS)
    return Measured(cost, seam_ratio(frames, layout))


def real_speech() -> Audio:
    """Ten seconds of a man who reads, 16 kHz."""
    spec = find_spec("moonshine_voice")
    assert spec is not None and spec.origin is not None
    with wave.open(str(Path(spec.origin).parent / "assets" / "beckett.wav")) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return pcm.astype(np.float32) / np.float32(32_768)


def main(argv: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="visavis-windows-") as name:
        models = [Path(path) for path in argv]
        if not models:
            large = write_standin(Path(name) / "fp32.onnx")
            models = [large, quantize(large, Path(name) / "int8.onnx")]
        speech = real_speech()
        print(f"{'model':<16}{'window':>8}{'hop':>6}{'CPU s/s':>9}{'seam':>7}")
        for model in models:
            session = open_session(model)
            for layout in (ALONE, *_OVERLAPPING):
                found = measure(session, speech, layout)
                print(
                    f"{model.stem:<16}{layout.window / 10:>8.1f}{layout.hop / 10:>6.1f}"
                    f"{found.cost:>9.3f}{found.seam:>7.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1:])
