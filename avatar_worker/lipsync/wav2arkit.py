"""Wav2Arkit, a model that sees whole windows, made to stream without seams.

Windows overlap: each begins well before the frames that are taken from it and ends a little after
them, and two or three frames at a border are blended from both sides. (Windows in isolation, as the
model's own server runs them, make the mouth jump twice a second.)
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from avatar_worker.lipsync.base import (
    BLOCK,
    BLOCK_FRAMES,
    SAMPLE_RATE,
    Audio,
    LipSyncError,
    Weights,
    frames_in,
    no_frames,
)
from avatar_worker.lipsync.session import LazySession
from avatar_worker.lipsync.silence import SilenceGate

_NAME = "wav2arkit"
WINDOW: Final = 15 * BLOCK
"""Samples that the model sees at once (1.5 s): silence stands in for what was before the speech."""
_RIGHT = 2 * BLOCK
"""Samples after the last frame taken from a window."""
_FIRST_HOP, _HOP = 3, 5
"""Blocks of new frames from the first window (lips start after 0.5 s) and from each later one."""
_BLEND = 3
"""Frames that are blended with the window before."""
_THREADS = 2

_WINDOW_FRAMES = WINDOW * BLOCK_FRAMES // BLOCK
_RIGHT_FRAMES = _RIGHT * BLOCK_FRAMES // BLOCK
_FADE = (np.arange(1, _BLEND + 1, dtype=np.float32) / (_BLEND + 1))[:, None]


class Wav2Arkit:
    """A stream of Wav2Arkit. See :class:`~avatar_worker.lipsync.base.LipSync`."""

    name = _NAME
    lead = (_HOP * BLOCK + _RIGHT) / SAMPLE_RATE

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.reset()

    def reset(self) -> None:
        self._gate = SilenceGate()
        # The audio from (WINDOW - hop - right) before the next frame on.
        self._audio = np.zeros(WINDOW - _FIRST_HOP * BLOCK - _RIGHT, np.float32)
        self._hop = _FIRST_HOP
        self._tail = no_frames()
        self._heard = 0
        self._given = 0

    def push(self, pcm: Audio) -> Weights:
        pcm = np.asarray(pcm, np.float32)
        self._heard += len(pcm)
        return self._advance(pcm)

    def finish(self) -> Weights:
        owed = frames_in(self._heard) - self._given
        # Enough silence that even the last sample has its right context and a whole hop.
        padding = np.zeros(_HOP * BLOCK + _RIGHT, np.float32)
        frames = self._advance(padding, at_most=owed)[:owed]
        self.reset()
        return frames

    def _advance(self, pcm: Audio, at_most: int | None = None) -> Weights:
        self._audio = np.concatenate([self._audio, pcm])
        self._gate.hear(pcm)
        made: list[Weights] = []
        while len(self._audio) >= WINDOW and (at_most is None or sum(map(len, made)) < at_most):
            made.append(self._take_hop())
        if not made:
            return no_frames()
        frames = self._gate.apply(np.concatenate(made))
        self._given += len(frames)
        return frames

    def _take_hop(self) -> Weights:
        seen = _infer(self._session, self._audio[:WINDOW])
        end = _WINDOW_FRAMES - _RIGHT_FRAMES
        frames = seen[end - self._hop * BLOCK_FRAMES : end].copy()
        if len(self._tail):
            frames[:_BLEND] = self._tail * (1 - _FADE) + frames[:_BLEND] * _FADE
        self._tail = seen[end : end + _BLEND]
        self._audio = self._audio[_HOP * BLOCK :]
        self._hop = _HOP
        return frames


class Wav2ArkitModel:
    """Makes :class:`Wav2Arkit` streams that share one session.

    ``path``: ONNX file; 16 kHz mono float32 (1, N) in, (1, T, 52) at 30 fps out, ARKit weights in
    alphabetical order.
    """

    name = _NAME

    def __init__(self, path: Path) -> None:
        """Raises :class:`LipSyncError` where there is no such file."""
        if not path.is_file():
            raise LipSyncError(
                f"there is no Wav2Arkit model at {path}: set WAV2ARKIT_MODEL to the path of "
                "wav2arkit_cpu.onnx, or unset it to use the embedded model"
            )
        self._session = LazySession(path, _THREADS)
        self._lock = threading.Lock()
        self._checked = False

    def create(self) -> Wav2Arkit:
        """Raises :class:`LipSyncError` where the file does not keep the contract."""
        session = self._session.get()
        with self._lock:
            if not self._checked:
                _check_contract(session, self._session.path)
                self._checked = True
        return Wav2Arkit(session)


def _infer(session: ort.InferenceSession, window: Audio) -> Weights:
    frames: Weights = session.run(None, {session.get_inputs()[0].name: window[None]})[0][0]
    # Rounding inside the model may leave it a frame short.
    short = _WINDOW_FRAMES - len(frames)
    if short > 0:
        frames = np.concatenate([frames, np.repeat(frames[-1:], short, axis=0)])
    return np.clip(frames[:_WINDOW_FRAMES], 0, 1).astype(np.float32)


def _check_contract(session: ort.InferenceSession, path: Path) -> None:
    wrong = f"{path} is not a Wav2Arkit model: "
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise LipSyncError(f"{wrong}it has {len(inputs)} inputs, not one")
    if inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 2:
        raise LipSyncError(
            f"{wrong}its input is {inputs[0].type} {inputs[0].shape}, not float32 (1, N)"
        )
    try:
        output = session.run(None, {inputs[0].name: np.zeros((1, WINDOW), np.float32)})[0]
    except Exception as error:  # ONNX Runtime's own exceptions share no base class
        reason = str(error).splitlines()[0]
        raise LipSyncError(f"{wrong}it cannot take {WINDOW} samples at once: {reason}") from error
    shape = np.shape(output)
    if len(shape) != 3 or shape[0] != 1 or shape[2] != 52:
        raise LipSyncError(f"{wrong}its output is {shape}, not (1, T, 52)")
    if abs(shape[1] - _WINDOW_FRAMES) > 1:
        raise LipSyncError(
            f"{wrong}{WINDOW / 16_000} s of audio gave {shape[1]} frames, "
            f"not {_WINDOW_FRAMES} (30 a second)"
        )
    if not np.isfinite(output).all():
        raise LipSyncError(f"{wrong}silence gives weights that are not numbers")
