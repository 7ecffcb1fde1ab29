"""Speech to mouth: audio in, 52 ARKit weights at 30 fps out."""

from pathlib import Path

from avatar_worker.lipsync.base import (
    FPS,
    SAMPLE_RATE,
    LipSync,
    LipSyncError,
    LipSyncFactory,
    frames_in,
)
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.lipsync.resample import Resampler
from avatar_worker.lipsync.wav2arkit import Wav2ArkitModel

__all__ = [
    "FPS",
    "SAMPLE_RATE",
    "LipSync",
    "LipSyncError",
    "LipSyncFactory",
    "Resampler",
    "frames_in",
    "load_lipsync",
]


def load_lipsync(wav2arkit_model: Path | None) -> LipSyncFactory:
    """Choose the model: Wav2Arkit where there is a path, else the embedded one.

    Opens nothing yet, so that it may run before a fork; the first ``create()`` of a process does.
    Raises :class:`LipSyncError` where there is no file at ``wav2arkit_model``.
    """
    return EmbeddedModel() if wav2arkit_model is None else Wav2ArkitModel(wav2arkit_model)
