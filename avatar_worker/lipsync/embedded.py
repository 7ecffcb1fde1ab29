"""The model that Visavis brings along: causal, 80 ms of look-ahead, a millisecond for 100 ms."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from avatar_worker.lipsync.base import (
    SAMPLE_RATE,
    Audio,
    LipSyncError,
    Weights,
    frames_in,
    no_frames,
    sane,
)
from avatar_worker.lipsync.session import LazySession
from avatar_worker.lipsync.silence import SilenceGate

EMBEDDED_MODEL = Path(__file__).with_name("lips.onnx")
_NAME = "visavis-lips"
_HISTORY: Final = 240
"""Samples before a step that the model hears again."""
_STEP: Final = 320
"""Samples of a step: the model gives 50 a second, and a frame lies between two of them."""
_FIRST_STEP: Final = (0, 2, 3)
_SECOND_SHARE: Final = (1 / 3, 0.0, 2 / 3)
"""Of five steps and their three frames: the earlier step of each frame's two (the middle of frame
k lies at step 5 k / 3 + 1/3), and how much of the next step is in it."""
_STEPS, _FRAMES = 5, 3
_LONGEST_RUN: Final = 500
"""Steps (10 s) that are taken at once: what a whole film would need has no bound."""
_WARM_STEPS: Final = 50
"""Steps of silence that bring the states to rest: a fresh state speaks."""

States = dict[str, Audio]


@dataclass(frozen=True, slots=True)
class _Model:
    """A checked session, its states at rest, and the steps by which it trails its input."""

    session: ort.InferenceSession
    rest: States
    delay: int

    def run(self, heard: Audio, states: States) -> tuple[Weights, States]:
        """240 samples of history and n steps (m,) → (n, 52), and the states after them."""
        steps, *new = self.session.run(None, {"x": heard[None], **states})
        return steps[0], dict(zip(states, new, strict=True))


class EmbeddedLipSync:
    """A stream of the embedded model. See :class:`~avatar_worker.lipsync.base.LipSync`."""

    name = _NAME

    def __init__(self, model: _Model, *, gated: bool = True) -> None:
        """``gated``: at rest in silence; else somebody else sees to that."""
        self._model = model
        self._gated = gated
        self.lead = (_last_step(0) + 1 + model.delay) * _STEP / SAMPLE_RATE
        self.reset()

    def reset(self) -> None:
        self._states = self._model.rest
        self._pcm = np.zeros(_HISTORY, np.float32)
        """The history, and what was heard after it and is not taken yet."""
        self._taken = 0
        """Steps that the model has heard."""
        self._steps = no_frames()
        """Steps from ``_oldest`` on that frames may still need."""
        self._oldest = -self._model.delay
        self._gate = SilenceGate() if self._gated else None
        self._heard = 0
        self._given = 0

    def push(self, pcm: Audio) -> Weights:
        pcm = sane(pcm)
        self._heard += len(pcm)
        return self._advance(pcm)

    def finish(self) -> Weights:
        owed = frames_in(self._heard) - self._given
        last = _last_step(self._given + owed - 1) if owed else 0
        missing = (last + 1 + self._model.delay - self._taken) * _STEP
        frames = self._advance(np.zeros(max(0, missing), np.float32), owed)
        self.reset()
        return frames

    def _advance(self, pcm: Audio, at_most: int | None = None) -> Weights:
        self._pcm = np.concatenate([self._pcm, pcm])
        if self._gate is not None:
            self._gate.hear(pcm)
        waiting = (len(self._pcm) - _HISTORY) // _STEP
        # Steps are taken together where they complete a frame: a run for each would cost thrice.
        if self._taken + waiting <= _last_step(self._given) + self._model.delay:
            return no_frames()
        made = [self._steps]
        for start in range(0, waiting, _LONGEST_RUN):
            count = min(_LONGEST_RUN, waiting - start)
            heard = self._pcm[: _HISTORY + count * _STEP]
            steps, self._states = self._model.run(heard, self._states)
            self._pcm = self._pcm[count * _STEP :]
            made.append(steps)
        self._steps = np.concatenate(made)
        self._taken += waiting
        known = self._taken - self._model.delay
        end = self._given
        while _last_step(end) < known:
            end += 1
        if at_most is not None:
            end = min(end, self._given + at_most)
        frames = self._between_steps(self._given, end)
        self._given = end
        needed = _first_step(end)
        self._steps = self._steps[needed - self._oldest :]
        self._oldest = needed
        return frames if self._gate is None else self._gate.apply(frames)

    def _between_steps(self, start: int, end: int) -> Weights:
        index = np.arange(start, end)
        first = index // _FRAMES * _STEPS + np.array(_FIRST_STEP)[index % _FRAMES] - self._oldest
        share = np.array(_SECOND_SHARE, np.float32)[index % _FRAMES][:, None]
        # A frame in the middle of a step takes nothing of the next, which may not be known yet.
        second = np.minimum(first + 1, len(self._steps) - 1)
        frames: Weights = self._steps[first] * (1 - share) + self._steps[second] * share
        return frames


class EmbeddedModel:
    """Makes :class:`EmbeddedLipSync` streams that share one session."""

    name = _NAME

    def __init__(self, path: Path = EMBEDDED_MODEL, *, gated: bool = True) -> None:
        """``gated``: whether its streams rest in silence by their own doing."""
        self._gated = gated
        self._session = LazySession(path)
        self._lock = threading.Lock()
        self._model: _Model | None = None

    def create(self) -> EmbeddedLipSync:
        """Raises :class:`LipSyncError` where the file is missing or is another model."""
        session = self._session.get()
        with self._lock:
            if self._model is None:
                self._model = _check(session, self._session.path)
        return EmbeddedLipSync(self._model, gated=self._gated)


def _first_step(frame: int) -> int:
    return frame // _FRAMES * _STEPS + _FIRST_STEP[frame % _FRAMES]


def _last_step(frame: int) -> int:
    return _first_step(frame) + (_SECOND_SHARE[frame % _FRAMES] > 0)


def _check(session: ort.InferenceSession, path: Path) -> _Model:
    facts = session.get_modelmeta().custom_metadata_map
    first, *states = session.get_inputs()
    wanted = {"step": str(_STEP), "history": str(_HISTORY)}
    if first.name != "x" or any(facts.get(k) != v for k, v in wanted.items()):
        raise LipSyncError(
            f"{path} is not Visavis's embedded lip-sync model: its input is {first.name} and its "
            f"metadata {facts}, but x and {wanted} are wanted. Install Visavis again."
        )
    rest = {state.name: np.zeros(state.shape, np.float32) for state in states}
    model = _Model(session, rest, int(facts["delay"]))
    silence = np.zeros(_HISTORY + _WARM_STEPS * _STEP, np.float32)
    weights, rest = model.run(silence, rest)
    if weights.shape != (_WARM_STEPS, 52):
        raise LipSyncError(
            f"{path} is not Visavis's embedded lip-sync model: {_WARM_STEPS} steps gave "
            f"{weights.shape}, not ({_WARM_STEPS}, 52). Install Visavis again."
        )
    return _Model(session, rest, model.delay)
