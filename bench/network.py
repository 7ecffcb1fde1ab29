"""``python -m bench network``: the same room through a bad network, on the person's side.

Person's Chromium behind 3 % loss, a round trip of 150 ms and 1 Mbit/s each way
(:mod:`bench.bad_link`); agent, avatar and server on the good side, as they are in life.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from bench import calibrated_worker
from bench.bad_link import Badness, bad_link, missing
from bench.browser import Listener, find_chromium, listen
from bench.livekit import LiveKitServer, start_livekit
from bench.offsets import freezes
from bench.report import Missing, Report
from bench.script import AvatarSpeaker, avatar_speaker
from bench.speech import STORY, speak
from bench.stage import start_worker
from bench.sync import Offsets, describe, watch_clicks
from visavis.protocol import AVATAR_NAME

HELP = "the same room through a bad network: 3 % loss, 150 ms round trip, 1 Mbit/s"

LOUD: Final = 0.004
"""RMS of 10 ms, full scale 1, above which the browser hears somebody."""
PATIENCE: Final = 15.0
"""Seconds until a sentence that is not heard counts as a wedge."""
SETTLE: Final = 2.0
"""Seconds after an interrupt in which the browser's jitter buffer runs empty."""
QUIET: Final = 1.0
"""Seconds that must be silent after that."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=2.0, help="of clicks")
    parser.add_argument("--sentences", type=int, default=20, help="every second one interrupted")
    parser.add_argument("--loss", type=float, default=3.0, metavar="PERCENT")
    parser.add_argument("--round-trip", type=float, default=150.0, metavar="MS")
    parser.add_argument("--rate", type=float, default=1.0, metavar="MBIT/S")
    parser.add_argument("--seed", type=int, default=0)


async def measure(args: argparse.Namespace) -> Report:
    if reason := missing():
        raise Missing(reason)
    badness = Badness(args.loss / 100, args.round_trip / 2000, args.rate * 1e6)
    seconds = 60 * args.minutes
    with (
        tempfile.TemporaryDirectory(prefix="visavis-network-") as name,
        bad_link(badness, args.seed) as link,
        start_livekit(Path(name), link.here) as livekit,
    ):
        folder = Path(name)
        program = link.wrapper(find_chromium(), folder)
        with start_worker(livekit, folder, "bench.calibrated_worker"):
            good = await watch_clicks(
                livekit, "good", calibrated_worker.NAME, max(30.0, seconds / 3), as_page=True
            )
            bad = await watch_clicks(
                livekit, "bad", calibrated_worker.NAME, seconds, program=program, as_page=True
            )
        with start_worker(livekit, folder):
            wedges = await talk(livekit, args.sentences, program)
    metrics = seen(bad) | {f"good_{key}": value for key, value in seen(good).items()}
    notes = (
        f"{args.loss:g} % loss, {args.round_trip:g} ms round trip, {args.rate:g} Mbit/s each way, "
        "between the person's Chromium and everything else",
    )
    return Report(
        "network",
        len(bad.browser),
        metrics | {"wedges": wedges, "sentences": args.sentences},
        notes,
    )


def seen(found: Offsets) -> dict[str, float]:
    """Offsets, and how smooth the picture was."""
    shown = np.array([row[0] for row in found.noted.pictures]) / 1000
    metrics = {
        key: value for key, value in describe(found).items() if not key.startswith("python_")
    }
    if len(shown) > 1:
        metrics["fps_mean"] = float((len(shown) - 1) / (shown[-1] - shown[0]))
        metrics["freezes"] = freezes(shown)
    return metrics


async def talk(livekit: LiveKitServer, count: int, program: Path) -> int:
    """Say ``count`` sentences and interrupt every second; answers how often it wedged."""
    story = speak(STORY)
    short = speak("Here I am again, and I can still be heard.")
    wedges = 0
    async with (
        listen(livekit, "talk", "none", program=program) as listener,
        avatar_speaker(livekit, "talk", AVATAR_NAME) as speaker,
    ):
        await listener.wait_for_picture(60)
        for index in range(count):
            if index % 2:
                failure = await _interrupted(listener, speaker, story)
            else:
                failure = await _heard(listener, speaker, short)
            if failure:
                wedges += 1
                print(f"sentence {index + 1}: {failure}", file=sys.stderr, flush=True)
    return wedges


async def _heard(listener: Listener, speaker: AvatarSpeaker, speech: np.ndarray) -> str | None:
    await listener.forget()
    await speaker.say(speech)
    if not await _sounds(listener, PATIENCE):
        return "it was not heard"
    try:
        await speaker.wait(PATIENCE)
    except TimeoutError:
        return "its end was not reported"
    await asyncio.sleep(SETTLE)
    return None


async def _interrupted(
    listener: Listener, speaker: AvatarSpeaker, speech: np.ndarray
) -> str | None:
    await listener.forget()
    await speaker.say(speech)
    if not await _sounds(listener, PATIENCE):
        return "it was not heard"
    speaker.interrupt()
    try:
        await speaker.wait(PATIENCE)
    except TimeoutError:
        return "its end was not reported"
    await asyncio.sleep(SETTLE)
    await listener.forget()
    if await _sounds(listener, QUIET):
        return "it talked on after the interrupt"
    return None


async def _sounds(listener: Listener, limit: float) -> bool:
    """Is anything heard within ``limit`` seconds?"""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        await asyncio.sleep(0.1)
        await listener.fetch()
        if any(rms > LOUD for _, rms in listener.noted.loudness):
            return True
    return False
