"""The model that Visavis brings along: causal, 80 ms of look-ahead, 0.2 ms a run."""

from __future__ import annotations

import threading
from pathlib import Path

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

EMBEDDED_MODEL = Path(__file__).with_name("lips.onnx")
_NAME = "visavis-lips"
_HISTORY = 240
_DELAY = 1_280
"""Samples by which the model's output trails its input."""
_LEAD = BLOCK - _DELAY
"""Samples of silence before the speech: output blocks then begin where input blocks begin."""
_NEEDS = (640, 960, BLOCK)
"""Samples of a block that each of its frames depends on. Inside, the model takes 20 ms a step (two
log-mel hops of 10 ms), and a frame is interpolated between two steps. The silence gate has then
heard as much as it looks ahead, and no more."""
_WARM_BLOCKS = 10
"""Blocks of silence that bring the states to rest (a fresh state speaks: jawOpen .16)."""

States = dict[str, Audio]


class EmbeddedLipSync:
    """A stream of the embedded model. See :class:`~avatar_worker.lipsync.base.LipSync`."""

    name = _NAME
    lead = (_NEEDS[0] + _DELAY) / SAMPLE_RATE

    def __init__(self, session: ort.InferenceSession, rest: States) -> None:
        self._session = session
        self._rest = rest
        self.reset()

    def reset(self) -> None:
        self._states = self._rest
        self._gate = SilenceGate()
        self._history = np.zeros(_HISTORY, np.float32)
        self._waiting = np.zeros(_LEAD, np.float32)
        self._heard = 0
        self._given = 0
        self._skip = BLOCK_FRAMES
        """Frames of the block under way that were given already, or belong to the time before the
        first sample."""

    def push(self, pcm: Audio) -> Weights:
        pcm = np.asarray(pcm, np.float32)
        self._heard += len(pcm)
        return self._advance(pcm)

    def finish(self) -> Weights:
        owed = frames_in(self._heard) - self._given
        # One block to round up the end, one for the look-ahead.
        frames = self._advance(np.zeros(2 * BLOCK, np.float32))[:owed]
        self.reset()
        return frames

    def _advance(self, pcm: Audio) -> Weights:
        self._waiting = np.concatenate([self._waiting, pcm])
        self._gate.hear(pcm)
        made = [no_frames()]
        for block in self._take_blocks():
            frames, self._states = self._run(block)
            self._history = block[-_HISTORY:]
            made.append(frames[self._skip :])
            self._skip = 0
        known = sum(len(self._waiting) >= need for need in _NEEDS)
        if known > self._skip:
            # The model is causal: what is missing of the block changes nothing of these frames.
            frames, _ = self._run(np.pad(self._waiting, (0, BLOCK - len(self._waiting))))
            made.append(frames[self._skip : known])
            self._skip = known
        frames = np.concatenate(made)
        self._given += len(frames)
        return self._gate.apply(frames) if len(frames) else frames

    def _take_blocks(self) -> list[Audio]:
        count = len(self._waiting) // BLOCK
        blocks, self._waiting = self._waiting[: count * BLOCK], self._waiting[count * BLOCK :]
        return list(blocks.reshape(count, BLOCK))

    def _run(self, block: Audio) -> tuple[Weights, States]:
        return _step(self._session, np.concatenate([self._history, block]), self._states)


class EmbeddedModel:
    """Makes :class:`EmbeddedLipSync` streams that share one session."""

    name = _NAME

    def __init__(self, path: Path = EMBEDDED_MODEL) -> None:
        self._session = LazySession(path)
        self._lock = threading.Lock()
        self._rest: States | None = None

    def create(self) -> EmbeddedLipSync:
        """Raises :class:`LipSyncError` where the file is missing or is another model."""
        session = self._session.get()
        with self._lock:
            if self._rest is None:
                self._rest = _states_at_rest(session, self._session.path)
        return EmbeddedLipSync(session, self._rest)


def _step(session: ort.InferenceSession, heard: Audio, states: States) -> tuple[Weights, States]:
    frames, *new = session.run(None, {"x": heard[None], **states})
    return np.clip(frames[0], 0, 1), dict(zip(states, new, strict=True))


def _states_at_rest(session: ort.InferenceSession, path: Path) -> States:
    first, *rest = session.get_inputs()
    output = session.get_outputs()[0]
    wanted = ("x", [1, _HISTORY + BLOCK], [1, BLOCK_FRAMES, 52])
    if (first.name, first.shape, output.shape) != wanted:
        raise LipSyncError(
            f"{path} is not Visavis's embedded lip-sync model: input {first.name} {first.shape} "
            f"gives {output.shape}, but x {wanted[1]} must give {wanted[2]}"
        )
    states = {state.name: np.zeros(state.shape, np.float32) for state in rest}
    for _ in range(_WARM_BLOCKS):
        _, states = _step(session, np.zeros(_HISTORY + BLOCK, np.float32), states)
    return states
