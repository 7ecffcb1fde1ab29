"""``python -m bench lips --data DIR``: how well each model's mouth fits speech of known phones.

DIR holds pairs NAME.wav and NAME.json; the JSON gives ``target_jaw``, 30 a second, and
``classes``: [start s, end s, class]. The recordings of the project's own evaluation have licences
that are not ours to pass on, so none come along.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.lipsync import SAMPLE_RATE, LipSyncFactory, Resampler, load_lipsync
from avatar_worker.lipsync.base import Audio
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.recording import open_recording, pcm_of
from bench.lip_mouth import read_mouth
from bench.lip_scores import Scores, Sentence, Sound, bootstrap, score
from bench.lips_chart import draw_chart
from bench.lips_peers import peers
from bench.report import Missing, Report
from visavis.protocol import ARKIT_NAMES

HELP = "lip-sync models and peers on speech whose phones are known (needs --data)"

Animate = Callable[[Audio], NDArray[np.float32]]
"""Mono at 16 kHz, (n,) → ARKit weights (t, 52) at 30 fps."""

TELEPHONE: Final = (300.0, 3_400.0)
"""Hertz that a narrow-band telephone lets through (ITU-T G.712)."""
_SEED: Final = 1


@dataclass(frozen=True)
class Recording:
    """``audio`` (n,) at 16 kHz with its implied jaw (t,) and its sounds."""

    audio: Audio
    target_jaw: NDArray[np.float64]
    sounds: tuple[Sound, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="recordings with their phones")
    parser.add_argument("--model", type=Path, help="wav2arkit_cpu.onnx, to be scored as well")
    parser.add_argument("--only", default="", metavar="PREFIX", help="recordings named so alone")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw the table there")


async def measure(args: argparse.Namespace) -> Report:
    return await asyncio.to_thread(_measure, args)


def _measure(args: argparse.Namespace) -> Report:
    if args.data is None:
        raise Missing("it needs recordings whose phones are known: python -m bench lips --data DIR")
    recordings = read_recordings(args.data, args.only)
    ours: dict[str, Animate] = {"visavis": partial(animate, EmbeddedModel())}
    if args.model is not None:
        ours["wav2arkit"] = partial(animate, load_lipsync(args.model, live=False))
    others: dict[str, Animate] = {"loudness": peers.loudness, "ulipsync": peers.ulipsync}
    missing = peers.missing()
    if missing is None:
        others |= {"headaudio": peers.headaudio, "wawa": peers.wawa}
    shown = {name: _show(recordings, model) for name, model in (ours | others).items()}
    table = {name: score(sentences) for name, sentences in shown.items()}
    metrics: dict[str, float] = {}
    for name, scores in table.items():
        metrics |= {f"{name}_{key}": value for key, value in _finite(scores).items()}
    for name, model in ours.items():
        for key, (low, high) in bootstrap(shown[name], np.random.default_rng(_SEED)).items():
            metrics |= {f"{name}_{key}_low": low, f"{name}_{key}_high": high}
        for condition, change in CONDITIONS.items():
            worse = score(_show(recordings, model, change))
            metrics |= {f"{name}_{condition}_{k}": v for k, v in _finite(worse).items()}
    if args.chart is not None:
        args.chart.write_text(draw_chart(table))
    notes = [f"{len(recordings)} recordings; *_low and *_high: 95 % by bootstrap over recordings"]
    if missing is not None:
        notes.append(f"HeadAudio and wawa-lipsync were not run: {missing}")
    known = {key: value for key, value in metrics.items() if np.isfinite(value)}
    return Report("lips", len(recordings), known, tuple(notes))


def read_recordings(folder: Path, prefix: str = "") -> list[Recording]:
    """All pairs of ``folder`` whose name begins with ``prefix``. Raises Missing without any."""
    found = [_read(path) for path in sorted(folder.glob(f"{prefix}*.json"))]
    if not found:
        raise Missing(
            f"no {prefix}*.json with its .wav in {folder}: --data names a folder of "
            "recordings with the times of their phones, see bench/lips.py"
        )
    return found


def _read(path: Path) -> Recording:
    truth = json.loads(path.read_text())
    resampler = Resampler()
    with open_recording(path.with_suffix(".wav")) as recording:
        pieces = [resampler.push(pcm, rate) for pcm, rate in pcm_of(recording)]
    return Recording(
        np.concatenate([*pieces, resampler.flush()]),
        np.array(truth["target_jaw"]),
        tuple(Sound(*sound) for sound in truth["classes"]),
    )


def animate(lipsync: LipSyncFactory, audio: Audio) -> NDArray[np.float32]:
    """Weights (t, 52) of a model of ours."""
    lips = lipsync.create()
    return np.concatenate([lips.push(audio), lips.finish()])


def _show(
    recordings: Sequence[Recording],
    model: Animate,
    change: Callable[[Audio], Audio] = lambda audio: audio,
) -> list[Sentence]:
    return [
        Sentence(
            read_mouth(model(change(recording.audio)), ARKIT_NAMES),
            recording.target_jaw,
            recording.sounds,
        )
        for recording in recordings
    ]


def _finite(scores: Scores) -> dict[str, float]:
    values = {field.name: float(getattr(scores, field.name)) for field in fields(Scores)}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _telephone(audio: Audio) -> Audio:
    spectrum = np.fft.rfft(audio)
    hertz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    spectrum[(hertz < TELEPHONE[0]) | (hertz > TELEPHONE[1])] = 0
    return np.fft.irfft(spectrum, len(audio)).astype(np.float32)


def _noisy(audio: Audio) -> Audio:
    """White noise, 10 dB under the voice."""
    noise = np.random.default_rng(_SEED).standard_normal(len(audio))
    loud = np.sqrt(np.mean(np.square(audio)))
    noisy: Audio = (audio + noise * loud * 10 ** (-10 / 20)).astype(np.float32)
    return noisy


def _quiet(audio: Audio) -> Audio:
    return audio * np.float32(0.1)


CONDITIONS: Final[dict[str, Callable[[Audio], Audio]]] = {
    "quiet_20db": _quiet,
    "telephone": _telephone,
    "noise_10db": _noisy,
}
"""Ways in which a voice arrives worse."""
