"""Shards of speech → what training reads, small enough to keep whole in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lips.corpus import Pcm, Utterance, read_shard
from lips.features import HISTORY, HOP, LogMel, to_bytes
from lips.mouth import STEPS, make_targets
from lips.quiet import silence_where_quiet

_STEP = 2 * HOP
_PAUSES = (0.05, 0.15, 0.3, 0.8)
_PAUSE_SHARES = (0.3, 0.4, 0.2, 0.1)
"""Seconds of silence after an utterance, and how often."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Utterances end to end. ``mel`` (2 n, 48) uint8 at 100 Hz; the rest at 50 Hz: ``controls``
    (n, 15), ``closed``, ``tucked`` (n,) as uint8 of 1/255, ``classes`` (n,) int8."""

    mel: NDArray[np.uint8]
    controls: NDArray[np.uint8]
    closed: NDArray[np.uint8]
    tucked: NDArray[np.uint8]
    classes: NDArray[np.int8]

    @property
    def hours(self) -> float:
        return len(self.classes) / STEPS / 3600

    def save(self, path: Path) -> None:
        parts = {name: getattr(self, name) for name in self.__slots__}
        # From hop to hop little changes: the differences, which wrap around, pack twice as well.
        parts["mel"] = np.diff(self.mel, axis=0, prepend=np.uint8(0))
        np.savez_compressed(path, **parts)

    @staticmethod
    def load(path: Path) -> Examples:
        with np.load(path, allow_pickle=False) as file:
            parts = {name: file[name] for name in Examples.__slots__}
        parts["mel"] = np.cumsum(parts["mel"], axis=0, dtype=np.uint8)
        return Examples(**parts)


def prepare(shards: list[Path], seed: int) -> Examples:
    """All utterances of ``shards``, each with a pause after it."""
    rng = np.random.default_rng(seed)
    model = LogMel()
    made: list[tuple[NDArray[np.generic], ...]] = []
    for shard in shards:
        for utterance in read_shard(shard):
            made.append(_prepare_one(utterance, model, rng))
    return Examples(*(np.concatenate(column) for column in zip(*made, strict=True)))


def _prepare_one(
    utterance: Utterance, model: LogMel, rng: np.random.Generator
) -> tuple[NDArray[np.generic], ...]:
    pause = rng.choice(_PAUSES, p=_PAUSE_SHARES) * rng.uniform(0.5, 1.5)
    steps = (len(utterance.audio) + int(pause * 16_000)) // _STEP
    audio: Pcm = np.zeros(steps * _STEP, np.int16)
    heard = min(len(audio), len(utterance.audio))
    audio[:heard] = utterance.audio[:heard]
    targets = make_targets(silence_where_quiet(utterance.phones, utterance.audio), audio)
    samples: Tensor = torch.from_numpy(audio.astype(np.float32) / 32_768)
    with torch.no_grad():
        mel = to_bytes(model.power(functional.pad(samples, (HISTORY, 0))[None])[0])
    curves = (targets.controls, targets.closed, targets.tucked)
    return (
        mel,
        *(np.round(np.clip(c, 0, 1) * 255).astype(np.uint8) for c in curves),
        targets.classes,
    )
