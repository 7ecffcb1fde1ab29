"""``python -m bench smooth``: does the picture flow, in a real Chromium, while the face talks."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np

from bench.bot import MIC_RATE
from bench.browser import Noted, listen
from bench.livekit import start_livekit
from bench.offsets import Floats, freezes
from bench.report import Report, percentiles
from bench.script import Speaker, avatar_speaker
from bench.speech import STORY, speak
from bench.stage import start_worker
from visavis.protocol import AVATAR_NAME

HELP = "pictures a second, gaps and freezes in Chromium while the face talks"

SETTLE: Final = 5.0
"""Seconds until bandwidth and jitter buffer have come to rest."""
PAUSE: Final = 1.5
"""Seconds of silence after each story."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=5.0, help="to watch (default 5)")


async def measure(args: argparse.Namespace) -> Report:
    seconds = 60 * args.minutes
    with tempfile.TemporaryDirectory(prefix="visavis-smooth-") as name:
        folder = Path(name)
        with start_livekit(folder) as livekit, start_worker(livekit, folder):
            async with (
                listen(livekit, "smooth", "none") as listener,
                avatar_speaker(livekit, "smooth", AVATAR_NAME) as speaker,
                telling_stories(speaker),
            ):
                await listener.wait_for_picture(60)
                await asyncio.sleep(SETTLE)
                await listener.forget()
                began = time.monotonic()
                while time.monotonic() < began + seconds:
                    await asyncio.sleep(min(5.0, seconds))
                    await listener.fetch()
                return Report("smooth", len(listener.noted.pictures), figures(listener.noted))


@asynccontextmanager
async def telling_stories(speaker: Speaker) -> AsyncIterator[None]:
    """Talk without end in the background, a story at a time."""

    async def tell() -> None:
        story = speak(STORY)
        while True:
            await speaker.say(story)
            await speaker.wait(len(story) / MIC_RATE + 60)
            await asyncio.sleep(PAUSE)

    async with asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(tell())
        yield
        telling.cancel()


def figures(noted: Noted) -> dict[str, float]:
    """Of what was displayed; ``browser_freezes`` and ``dropped`` are the browser's own counts."""
    rows = noted.pictures
    shown: Floats = np.array([row[0] / 1000 for row in rows])
    presented = rows[-1][1] - rows[0][1]
    lasted = float(shown[-1] - shown[0])
    gaps = percentiles(1000 * np.diff(shown))
    metrics = {
        "fps_mean": presented / lasted,
        "gap_p50_ms": gaps.p50,
        "gap_p95_ms": gaps.p95,
        "gap_p99_ms": gaps.p99,
        "gap_max_ms": 1000 * float(np.diff(shown).max()),
        "freezes": freezes(shown),
        "minutes": lasted / 60,
        "width_min": min(row[3] for row in rows),
    }
    video = [stats["video"] for stats in noted.stats if "video" in stats]
    if len(video) > 1:
        metrics["browser_freezes"] = video[-1]["freezeCount"] - video[0]["freezeCount"]
        metrics["dropped"] = video[-1]["framesDropped"] - video[0]["framesDropped"]
        metrics["kbits_a_second"] = (
            8e-3 * (video[-1]["bytesReceived"] - video[0]["bytesReceived"]) / lasted
        )
    return metrics
