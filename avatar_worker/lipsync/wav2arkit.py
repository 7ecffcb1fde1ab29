"""Wav2Arkit, a model that sees whole windows, made to stream without seams and without stalling."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from avatar_worker.lipsync.base import (
    BLOCK,
    FPS,
    SAMPLE_RATE,
    Audio,
    LipSync,
    LipSyncError,
    LipSyncFactory,
    Weights,
    frames_in,
    no_frames,
    sane,
)
from avatar_worker.lipsync.contract import check_contract, infer
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.lipsync.session import LazySession
from avatar_worker.lipsync.silence import SilenceGate
from avatar_worker.lipsync.smoothing import AHEAD, Smoother, symmetric
from avatar_worker.lipsync.turns import InferenceRefused, InferenceTurns
from avatar_worker.lipsync.understudy import Handover, Understudy
from avatar_worker.lipsync.windows import Layout, Windows

logger = logging.getLogger("visavis.lipsync")

_NAME = "wav2arkit"
LAYOUT: Final = Layout(window=15, right=3, first=3, hop=5, long=10, blend=9)
"""The cheapest with half-second hops whose borders do not show (``bench.lips_windows``); all of the
right context is blended. The first frames come after 0.6 s of audio."""
_THREADS: Final = 1
"""Of an inference: it fits its hop twice, and leaves the other cores to pictures and rooms."""
_HANDOVER: Final = 3
"""Frames in which the understudy is faded in."""
_HOP_SECONDS = LAYOUT.hop * BLOCK / SAMPLE_RATE
_LONG_SECONDS = LAYOUT.long * BLOCK / SAMPLE_RATE


class Wav2Arkit:
    """A stream of Wav2Arkit. See :class:`~avatar_worker.lipsync.base.LipSync`.

    Where the machine has no time for an inference, or one fails, ``understudy`` takes over until
    the utterance ends. Before it comes to that, hops grow to ``LAYOUT.long``, and frames come later
    than ``lead`` says: of all that comes out, these two depend on the machine, nothing on how the
    audio was cut. ``lead`` has the time in it that an inference takes at the moment.
    """

    name = _NAME

    def __init__(
        self, session: ort.InferenceSession, turns: InferenceTurns, understudy: LipSync
    ) -> None:
        self._session = session
        self._turns = turns
        self._understudy = Understudy(understudy)
        # A minute's rest makes no inference shorter.
        slowest = min(max(turns.expected, turns.last), _LONG_SECONDS)
        self.lead = max(LAYOUT.lead + slowest, understudy.lead) + AHEAD / FPS
        self.reset()

    def reset(self) -> None:
        self._windows = Windows(self._infer, LAYOUT, self._is_behind)
        self._understudy.reset()
        self._handover: Handover | None = None
        """There from the frame on at which the understudy takes over."""
        self._smoother = Smoother()
        self._gate = SilenceGate()
        self._heard = 0
        self._made = 0
        """Frames that either model has made."""

    def push(self, pcm: Audio) -> Weights:
        pcm = sane(pcm)
        self._heard += len(pcm)
        self._understudy.hear(pcm)
        frames = self._perform(pcm)
        return self._gate.apply(self._smoother.push(frames)) if len(frames) else no_frames()

    def finish(self) -> Weights:
        owed = frames_in(self._heard) - self._made
        frames = no_frames()
        if self._heard:
            self._understudy.finish()
            # Silence, so that even the last sample has its right context and a whole hop.
            rest = np.zeros((2 * LAYOUT.long + LAYOUT.right) * BLOCK, np.float32)
            made = self._perform(rest, owed)
            pending = self._smoother.push(made) if len(made) else no_frames()
            frames = self._gate.apply(np.concatenate([pending, self._smoother.finish()]))
        self.reset()
        return frames

    def _perform(self, pcm: Audio, at_most: int | None = None) -> Weights:
        """The frames (t, 52) that ``pcm`` makes certain, as the models give them."""
        self._gate.hear(pcm)
        made = [no_frames()]
        count = 0
        if self._handover is None:
            try:
                for frames in self._windows.push(pcm) if at_most != 0 else ():
                    self._understudy.skip(len(frames))
                    made.append(symmetric(frames))
                    count += len(frames)
                    if at_most is not None and count >= at_most:
                        break
            except Exception as error:  # ONNX Runtime's own exceptions share no base class
                self._give_up(error)
        if self._handover is not None:
            made.append(self._handover.apply(self._understudy.take()))
        joined = np.concatenate(made)[:at_most]
        self._made += len(joined)
        return joined

    def _give_up(self, error: Exception) -> None:
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        logger.warning(
            "Wav2Arkit cannot go on, the embedded lip-sync model speaks the rest of this "
            "utterance: %s",
            reason,
        )
        self._handover = Handover(symmetric(self._windows.tail[:_HANDOVER]))

    def _infer(self, window: Audio) -> Weights:
        expected = self._turns.expected
        # Even long hops would fall behind for good, and the sound waits for each of them.
        if expected > _LONG_SECONDS:
            raise InferenceRefused(
                f"it takes {expected:.1f} s for {_LONG_SECONDS:.1f} s of audio on this machine"
            )
        return self._turns.run(lambda: infer(self._session, window, LAYOUT.frames))

    def _is_behind(self) -> bool:
        return self._turns.expected > _HOP_SECONDS


class Wav2ArkitModel:
    """Makes :class:`Wav2Arkit` streams that share one session, and take turns at it.

    ``path``: ONNX file; 16 kHz mono float32 (1, N) in, (1, T, 52) at 30 fps out, ARKit weights in
    alphabetical order. ``understudy``: who takes over where there is no time for it.
    """

    name = _NAME

    def __init__(
        self,
        path: Path,
        turns: InferenceTurns | None = None,
        understudy: LipSyncFactory | None = None,
    ) -> None:
        """Raises :class:`LipSyncError` where there is no such file."""
        if not path.is_file():
            raise LipSyncError(
                f"there is no Wav2Arkit model at {path}: set WAV2ARKIT_MODEL to the path of "
                "wav2arkit_cpu.onnx, or unset it to use what download-files fetched, or else the "
                "embedded model"
            )
        self._session = LazySession(path, _THREADS)
        self._turns = turns or InferenceTurns()
        self._understudy = understudy or EmbeddedModel(gated=False)
        self._lock = threading.Lock()
        self._checked = False

    def create(self) -> Wav2Arkit:
        """Raises :class:`LipSyncError` where the file does not keep the contract."""
        session = self._session.get()
        with self._lock:
            if not self._checked:
                check_contract(session, self._session.path, LAYOUT.samples, LAYOUT.frames)
                # Once more: the first run allocates, this one tells what each will take.
                silence = np.zeros(LAYOUT.samples, np.float32)
                self._turns.run(lambda: infer(session, silence, LAYOUT.frames))
                self._checked = True
        return Wav2Arkit(session, self._turns, self._understudy.create())
