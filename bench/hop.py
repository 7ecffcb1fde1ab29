"""``python -m bench hop``: what having a face costs between the agent's first byte and the ear.

One sentence again and again, in bursts as TTS sends it and at real-time pace: through our avatar,
through LiveKit's ``AvatarRunner``, and as a plain audio track, one after another in one run.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from bench import stock_worker
from bench.bot import MIC_RATE, Speech
from bench.ears import Ears
from bench.eyes import Eyes
from bench.livekit import LiveKitServer, start_livekit
from bench.onset import beginning, heard_at
from bench.report import Report, percentiles
from bench.script import Speaker, avatar_speaker, plain_speaker
from bench.speech import speak
from bench.stage import enter, start_worker
from visavis.protocol import AVATAR_NAME

HELP = "first byte of a voice sent → first sound heard, first movement of the mouth seen"

SENTENCE: Final = "I am always happy to help."
"""It begins with an open mouth."""
FIRST: Final = 60.0
"""Seconds that the first sentence of a room may take, which is not counted."""
PATIENCE: Final = 10.0
REST: Final = 0.9
"""Seconds of silence before each sentence, for the mouth to come to rest; plus up to 0.1."""
MOVED: Final = 4.0
"""Darkness of the mouth's region beyond rest that is a movement; shut to half open is about 30."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=20, help="sentences of each kind (default 20)")
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--model", type=Path, metavar="PATH", help="lips by this Wav2Arkit model")
    model.add_argument(
        "--standin", action="store_true", help="lips by a random model of Wav2Arkit's size"
    )


@dataclass
class Hops:
    """Seconds, without the sentence's own leading silence."""

    heard: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    lost: int = 0
    """Sentences that were not heard."""


Open = Callable[[], AbstractAsyncContextManager[Speaker]]


async def measure(args: argparse.Namespace) -> Report:
    speech = speak(SENTENCE)
    with (
        tempfile.TemporaryDirectory(prefix="visavis-hop-") as name,
        start_livekit(folder := Path(name)) as livekit,
    ):
        model = _model(args, folder)
        env = {"WAV2ARKIT_MODEL": str(model.resolve())} if model else {}
        hear = partial(listen_in, livekit, speech, args.runs)
        direct = await hear("direct", partial(plain_speaker, livekit, "direct"))
        with start_worker(livekit, folder, env=env):
            ours = await hear("ours", partial(avatar_speaker, livekit, "ours", AVATAR_NAME))
        with start_worker(livekit, folder, "bench.stock_worker"):
            stock = await hear(
                "stock", partial(avatar_speaker, livekit, "stock", stock_worker.NAME, stock=True)
            )
    return Report("hop", args.runs, figures(ours, direct, stock, with_model=model is not None))


def _model(args: argparse.Namespace, folder: Path) -> Path | None:
    if args.standin:
        from bench.standin import write_standin

        return write_standin(folder / "standin.onnx")
    model: Path | None = args.model
    return model


Both = dict[bool, Hops]
"""By whether the voice was paced."""


def figures(ours: Both, direct: Both, stock: Both, *, with_model: bool) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for paced, prefix in ((False, ""), (True, "paced_")):
        for name, hops in (("hop", ours), ("direct", direct), ("stock", stock)):
            heard = percentiles(1000 * value for value in hops[paced].heard)
            metrics |= heard.metrics(f"{prefix}{name}")
        for p in (50, 95):
            plain = metrics[f"{prefix}direct_p{p}_ms"]
            metrics[f"{prefix}hop_over_direct_p{p}_ms"] = metrics[f"{prefix}hop_p{p}_ms"] - plain
            metrics[f"{prefix}stock_over_direct_p{p}_ms"] = (
                metrics[f"{prefix}stock_p{p}_ms"] - plain
            )
        if seen := ours[paced].seen:
            metrics |= percentiles(1000 * at for at in seen).metrics(f"{prefix}hop_mouth")
    metrics["lost"] = sum(hops.lost for both in (ours, direct, stock) for hops in both.values())
    if with_model:
        metrics |= {f"model_hop_p{p}_ms": metrics[f"hop_p{p}_ms"] for p in (50, 95, 99)}
    return metrics


async def listen_in(
    livekit: LiveKitServer, speech: Speech, runs: int, room: str, open_speaker: Open
) -> Both:
    """Everything of one way to speak, in a room of its own."""
    both: Both = {False: Hops(), True: Hops()}
    async with enter(livekit, room, f"person-{room}") as joined:
        ears, eyes = Ears(joined), Eyes(joined)
        try:
            async with open_speaker() as speaker:
                await speaker.say(speech)
                await ears.wait_for_sound(0.0, FIRST)
                await speaker.wait(FIRST)
                for _ in range(runs):
                    for paced, hops in both.items():
                        await say_once(speaker, speech, paced, ears, eyes, hops)
        finally:
            await eyes.aclose()
            await ears.aclose()
    return both


async def say_once(
    speaker: Speaker, speech: Speech, paced: bool, ears: Ears, eyes: Eyes, hops: Hops
) -> None:
    await ears.wait_for_quiet(REST, FIRST)
    # Out of step with whatever ticks on the way.
    await asyncio.sleep(random.uniform(0, 0.1))
    silence = beginning(speech) / MIC_RATE
    sent = await speaker.say(speech, paced=paced)
    await speaker.wait(len(speech) / MIC_RATE + PATIENCE)
    await asyncio.sleep(0.5)
    until = time.monotonic()
    packets = [packet for track in ears.tracks for packet in track.packets if packet[0] > sent]
    if (heard := heard_at(speech, packets)) is None:
        hops.lost += 1
        return
    hops.heard.append(heard - sent - silence)
    if (moved := first_movement(eyes, sent, until)) is not None:
        hops.seen.append(moved - sent - silence)
    ears.forget(until)
    eyes.forget(until - 2 * REST)


def first_movement(eyes: Eyes, sent: float, until: float) -> float | None:
    """When the mouth was first seen to open wider than it ever did in the rest before."""
    rest = eyes.mouth(sent - REST, sent)[:, 1]
    if not len(rest):
        return None
    limit = max(float(rest.max()), float(np.median(rest)) + MOVED)
    talk = eyes.mouth(sent, until)
    moved = talk[talk[:, 1] > limit]
    return float(moved[0, 0]) if len(moved) else None
