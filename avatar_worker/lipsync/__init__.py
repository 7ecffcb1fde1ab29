"""Speech to mouth: audio in, 52 ARKit weights at 30 fps out."""

import logging
from pathlib import Path
from typing import Final

from avatar_worker.download import WAV2ARKIT_FOLDER, fetched_wav2arkit
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
from avatar_worker.lipsync.turns import InferenceTurns
from avatar_worker.lipsync.wav2arkit import Wav2ArkitModel

logger = logging.getLogger("visavis.lipsync")

__all__ = [
    "EMBEDDED",
    "FPS",
    "SAMPLE_RATE",
    "LipSync",
    "LipSyncError",
    "LipSyncFactory",
    "Resampler",
    "frames_in",
    "load_lipsync",
]


EMBEDDED: Final = Path("embedded")
"""Instead of a path: the model that comes along, although another was fetched."""


def load_lipsync(
    wav2arkit_model: Path | None, folder: Path = WAV2ARKIT_FOLDER, *, live: bool = True
) -> LipSyncFactory:
    """Choose the model: Wav2Arkit where there is a path or it was fetched, else the embedded one.

    ``wav2arkit_model``: a file, or :data:`EMBEDDED`. ``folder``: where ``download-files`` puts it.
    ``live``: somebody waits for the mouth, so that the embedded model takes over where Wav2Arkit is
    too slow; else only the audio decides what comes out. Opens nothing yet, so that it may run
    before a fork; the first ``create()`` of a process does.
    Raises :class:`LipSyncError` where there is no file at ``wav2arkit_model``.
    """
    turns = InferenceTurns() if live else InferenceTurns.without_hurry()
    if wav2arkit_model == EMBEDDED:
        return EmbeddedModel()
    if wav2arkit_model is not None:
        return Wav2ArkitModel(wav2arkit_model, turns)
    fetched = fetched_wav2arkit(folder)
    return EmbeddedModel() if fetched is None else _Found(Wav2ArkitModel(fetched, turns))


class _Found:
    """A model that nobody asked for by name: where its file is no good, the embedded one speaks."""

    def __init__(self, model: LipSyncFactory) -> None:
        self._model = model
        self.name = model.name

    def create(self) -> LipSync:
        try:
            return self._model.create()
        except LipSyncError as error:
            logger.error("%s. The embedded lip-sync model speaks instead.", error)
            self._model = EmbeddedModel()
            return self._model.create()
