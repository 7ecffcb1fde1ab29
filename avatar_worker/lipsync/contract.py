"""What a Wav2Arkit file takes and gives: 16 kHz (1, N) in, (1, T, 52) at 30 fps out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

from avatar_worker.lipsync.base import SAMPLE_RATE, Audio, LipSyncError, Weights


def infer(session: ort.InferenceSession, window: Audio, expected: int) -> Weights:
    """The weights of ``window`` (n,): (expected, 52), each 0..1, whatever the model makes of it."""
    frames: Weights = session.run(None, {session.get_inputs()[0].name: window[None]})[0][0]
    # Rounding inside the model may leave it a frame short.
    short = expected - len(frames)
    if short > 0:
        frames = np.concatenate([frames, np.repeat(frames[-1:], short, axis=0)])
    return np.clip(np.nan_to_num(frames[:expected]), 0, 1).astype(np.float32)


def check_contract(session: ort.InferenceSession, path: Path, samples: int, frames: int) -> None:
    """Try the model on a window of silence: ``samples`` that last ``frames``.

    Raises :class:`LipSyncError` where it does not keep the contract.
    """
    wrong = f"{path} is not a Wav2Arkit model: "
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise LipSyncError(f"{wrong}it has {len(inputs)} inputs, not one")
    if inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 2:
        raise LipSyncError(
            f"{wrong}its input is {inputs[0].type} {inputs[0].shape}, not float32 (1, N)"
        )
    try:
        output = session.run(None, {inputs[0].name: np.zeros((1, samples), np.float32)})[0]
    except Exception as error:  # ONNX Runtime's own exceptions share no base class
        reason = str(error).splitlines()[0]
        raise LipSyncError(f"{wrong}it cannot take {samples} samples at once: {reason}") from error
    shape = np.shape(output)
    if len(shape) != 3 or shape[0] != 1 or shape[2] != 52:
        raise LipSyncError(f"{wrong}its output is {shape}, not (1, T, 52)")
    if abs(shape[1] - frames) > 1:
        raise LipSyncError(
            f"{wrong}{samples / SAMPLE_RATE} s of audio gave {shape[1]} frames, "
            f"not {frames} (30 a second)"
        )
    if not np.isfinite(output).all():
        raise LipSyncError(f"{wrong}silence gives weights that are not numbers")
