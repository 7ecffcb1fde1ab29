"""Speech with the times of its phones: what voices make and training reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from lips.phones import CLASSES, Phone

SAMPLE_RATE: Final = 16_000
PEAK: Final = 20_000
"""int16 peak that every utterance is scaled to; training varies the level by itself."""

Pcm = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence as one voice said it. ``audio``: (n,) int16 at 16 kHz."""

    source: str
    voice: str
    language: str
    text: str
    audio: Pcm
    phones: tuple[Phone, ...]

    @property
    def seconds(self) -> float:
        return len(self.audio) / SAMPLE_RATE


def to_pcm(audio: NDArray[np.float32], rate: int) -> Pcm:
    """Any mono float audio of ``rate`` Hz as 16 kHz int16 at :data:`PEAK`."""
    if rate != SAMPLE_RATE:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(audio, np.float32)[None], format="flt", layout="mono"
        )
        frame.sample_rate = rate
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        audio = np.concatenate([f.to_ndarray()[0] for f in frames])
    peak = float(np.abs(audio).max(initial=0.0))
    return np.round(audio * (PEAK / peak if peak > 0 else 0)).astype(np.int16)


def write_shard(path: Path, utterances: Sequence[Utterance]) -> None:
    """One compressed NPZ: audio end to end, phones end to end, the rest as JSON."""
    phones = [(u, p) for u, each in enumerate(utterances) for p in each.phones]
    facts = [[u.source, u.voice, u.language, u.text] for u in utterances]
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(
            file,
            audio=np.concatenate([u.audio for u in utterances]),
            lengths=np.array([len(u.audio) for u in utterances], np.int64),
            owner=np.array([u for u, _ in phones], np.int32),
            times=np.array([(p.start, p.end) for _, p in phones], np.float32),
            names=np.array([CLASSES.index(p.name) for _, p in phones], np.int8),
            facts=np.array(json.dumps(facts, ensure_ascii=False)),
        )
    unfinished.rename(path)


def read_shard(path: Path) -> Iterator[Utterance]:
    with np.load(path, allow_pickle=False) as shard:
        audio, ends = shard["audio"], np.cumsum(shard["lengths"])
        owner, times, names = shard["owner"], shard["times"], shard["names"]
        facts = json.loads(str(shard["facts"]))
    first = np.searchsorted(owner, np.arange(len(facts) + 1))
    for u, (source, voice, language, text) in enumerate(facts):
        own = slice(first[u], first[u + 1])
        phones = tuple(
            Phone(float(start), float(end), CLASSES[name])
            for (start, end), name in zip(times[own], names[own], strict=True)
        )
        begin = ends[u - 1] if u else 0
        yield Utterance(source, voice, language, text, audio[begin : ends[u]], phones)
