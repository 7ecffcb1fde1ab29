"""What a model makes of speech, and where its gates should act."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from bench.lip_mouth import read_mouth
from bench.lip_scores import FPS, Scores, Sentence, Sound, score
from lips.arkit import ARKIT_NAMES
from lips.corpus import SAMPLE_RATE, Utterance, read_shard
from lips.export import STEP, Speaker, Thresholds
from lips.features import HISTORY, LogMel
from lips.mouth import STEPS, make_targets
from lips.network import LipNet, Outputs
from lips.quiet import silence_where_quiet

_WARM: Final = 50
"""Steps of silence before the speech: states at rest."""
_GATES: Final = tuple(
    itertools.product((0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5), (0.25, 0.4, 0.5))
)
"""(threshold, width) that are tried for the closure gate."""


def to_frames(steps: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Weights at 50 Hz → at 30 fps, each at the middle of its step or frame."""
    at = (np.arange(frames) + 0.5) / FPS * STEPS - 0.5
    low = np.clip(np.floor(at).astype(int), 0, len(steps) - 1)
    high = np.minimum(low + 1, len(steps) - 1)
    share = np.clip(at - low, 0, 1)[:, None].astype(np.float32)
    mixed: NDArray[np.float32] = steps[low] * (1 - share) + steps[high] * share
    return mixed


@dataclass(frozen=True, slots=True)
class Heard:
    """What a network made of an utterance: ``outputs`` from the utterance's first step on."""

    outputs: Outputs
    utterance: Utterance

    def weights(self, speaker: Speaker) -> NDArray[np.float32]:
        """(frames, 52) at 30 fps, with the gates of ``speaker``."""
        with torch.no_grad():
            steps = speaker.shape(self.outputs)[0].numpy()
        return to_frames(steps, -(-len(self.utterance.audio) * FPS // SAMPLE_RATE))


def hear(network: LipNet, delay: int, utterance: Utterance) -> Heard:
    """Run ``network`` over an utterance at full scale, with all of its look-ahead."""
    samples = torch.from_numpy(utterance.audio.astype(np.float32) / 32_768)
    steps = -(-len(samples) // STEP) + 2
    before, after = HISTORY + _WARM * STEP, (steps + delay) * STEP - len(samples)
    with torch.no_grad():
        mel = LogMel()(functional.pad(samples, (before, after))[None])
        outputs, _ = network(mel, network.rest(1))
    parts = (getattr(outputs, field.name)[:, _WARM + delay :] for field in fields(Outputs))
    return Heard(Outputs(*parts), utterance)


def read_judges(folder: Path, source: str, most: int = 250) -> list[Utterance]:
    """Up to ``most`` utterances of ``source`` that training did not hear."""
    shards = sorted(folder.glob(f"{source}-judge-*.npz"))
    return list(itertools.islice(itertools.chain(*map(read_shard, shards)), most))


def to_sentence(weights: NDArray[np.float32], utterance: Utterance) -> Sentence:
    """Weights of an utterance beside what its phones ask for."""
    phones = silence_where_quiet(utterance.phones, utterance.audio)
    targets = make_targets(phones, utterance.audio)
    jaw = to_frames(targets.controls, len(weights))[:, 0]
    sounds = tuple(Sound(p.start, p.end, p.name) for p in phones)
    return Sentence(read_mouth(weights, ARKIT_NAMES), jaw.astype(np.float64), sounds)


def judge(speaker: Speaker, heard: Sequence[Heard]) -> Scores:
    """Scores of what ``speaker`` makes of ``heard``."""
    return score([to_sentence(h.weights(speaker), h.utterance) for h in heard])


def choose_thresholds(network: LipNet, heard: Sequence[Heard]) -> tuple[Thresholds, Scores]:
    """The closure gate with the most closures where they belong over those where they do not."""
    tried: list[tuple[Thresholds, Scores]] = []
    for low, width in _GATES:
        thresholds = replace(Thresholds(), closed=(low, low + width))
        tried.append((thresholds, judge(Speaker(network, thresholds), heard)))
    return max(tried, key=lambda t: t[1].pmb_recall - t[1].pmb_false)
