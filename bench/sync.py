"""``python -m bench sync``: how far the picture is from its sound, as a listener gets them.

A click and its picture each second, through the real avatar worker with a ruler for a face, seen by
a Chromium and by a Python participant at once; then natural speech on the real face.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from livekit import rtc

from bench import calibrated_worker, stock_worker
from bench.bot import MIC_RATE
from bench.browser import Noted, listen
from bench.calibration import ONSET, QUIET, Mark, clicking, read
from bench.ears import EAR_RATE, Ears
from bench.eyes import Eyes
from bench.livekit import LiveKitServer, start_livekit
from bench.offsets import (
    AUDIBLE,
    Floats,
    flashes,
    jaw_lag,
    offsets,
    output_latency,
    slope,
    slope_error,
    unpack,
)
from bench.report import Report
from bench.script import AvatarSpeaker, avatar_speaker
from bench.speech import STORY, speak
from bench.stage import enter, start_worker
from visavis.protocol import AVATAR_NAME

HELP = "how far the picture is from its sound: a click each second, and natural speech"

SETTLE: Final = 15.0
"""Seconds of a browser's stay that are told apart: a browser has to have two reports of the
sender's clock of each track before it can keep them in sync (libwebrtc's ``RtpToNtpEstimator``)."""
NOTES: Final = (
    "a Chromium that keeps the picture with its sound as our page does (frontend/src/media/"
    "lipSync.ts); client_…, busy_… and stock_…: the same with LiveKit's client alone, with every "
    "core busy, and of AvatarRunner (LiveKit's client alone)",
    "picture when it is to be displayed, sound when it leaves the speaker, both as Chromium has it",
    f"beginning_…: the first {SETTLE:.0f} s, which are in no other figure",
)
BESIDE: Final = 300.0
"""Seconds that a baseline, or the busy cores, are given at most."""
SEGMENT: Final = 20
"""Seconds of clicks said at a time, as speech comes in segments."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=3.0, help="of clicks (default 3)")
    parser.add_argument("--busy", action="store_true", help="then again with every core busy")
    parser.add_argument("--no-stock", action="store_true", help="leave AvatarRunner out")
    parser.add_argument("--no-speech", action="store_true", help="leave natural speech out")


@dataclass(frozen=True)
class Offsets:
    """(n, 2): seconds, and picture minus sound in ms."""

    browser: Floats
    python: Floats
    noted: Noted
    beginning: Floats
    """The browser's, of its first :data:`SETTLE` seconds."""


async def measure(args: argparse.Namespace) -> Report:
    seconds = 60 * args.minutes
    client_seconds = min(max(30.0, seconds / 2), BESIDE)
    beside_seconds = min(max(30.0, seconds / 3), BESIDE)
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="visavis-sync-") as name:
        folder = Path(name)
        with start_livekit(folder) as livekit:
            with start_worker(livekit, folder, "bench.calibrated_worker"):

                async def watch(room: str, seconds: float, *, as_page: bool = True) -> Offsets:
                    name = calibrated_worker.NAME
                    return await watch_clicks(livekit, room, name, seconds, as_page=as_page)

                ours = await watch("ours", seconds)
                metrics |= describe(ours)
                client = await watch("client", client_seconds, as_page=False)
                metrics |= {f"client_{k}": v for k, v in describe(client).items()}
                if args.busy:
                    with busy_cores():
                        busy = await watch("busy", beside_seconds)
                    metrics |= {f"busy_{k}": v for k, v in describe(busy).items()}
            if not args.no_stock:
                with start_worker(livekit, folder, "bench.stock_worker"):
                    stock = await watch_clicks(livekit, "stock", stock_worker.NAME, beside_seconds)
                metrics |= {f"stock_{k}": v for k, v in describe(stock).items()}
            if not args.no_speech:
                with start_worker(livekit, folder):
                    metrics |= await watch_speech(livekit, "speech")
    return Report("sync", len(ours.browser), metrics, NOTES)


async def watch_clicks(
    livekit: LiveKitServer,
    room: str,
    worker: str,
    seconds: float,
    *,
    program: Path | None = None,
    as_page: bool = False,
) -> Offsets:
    """``program``, ``as_page``: of the Chromium that listens; see :func:`bench.browser.listen`."""
    async with (
        enter(livekit, room, f"ears-{room}") as joined,
        listen(livekit, room, "marks", program=program, as_page=as_page) as listener,
        avatar_speaker(livekit, room, worker, stock=worker == stock_worker.NAME) as speaker,
        saying_clicks(speaker),
    ):
        ears, eyes = Ears(joined), Eyes(joined, _read_bits)
        await listener.wait_for_picture(60)
        await asyncio.sleep(SETTLE)
        await listener.fetch()
        beginning = browser_offsets(listener.noted)
        await listener.forget()
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            await asyncio.sleep(5)
            await listener.fetch()
        noted = listener.noted
        python = offsets(_python_flashes(eyes, began), _python_clicks(ears, began))
        await eyes.aclose()
        await ears.aclose()
    return Offsets(browser_offsets(noted), python, noted, beginning)


@asynccontextmanager
async def saying_clicks(speaker: AvatarSpeaker) -> AsyncIterator[None]:
    async def say() -> None:
        sound = clicking(SEGMENT, MIC_RATE)
        while True:
            await speaker.say(sound)
            await speaker.wait(SEGMENT + 30)

    async with asyncio.TaskGroup() as tasks:
        saying = tasks.create_task(say())
        yield
        saying.cancel()


def browser_offsets(noted: Noted) -> Floats:
    seen = flashes((row[0] / 1000, unpack(row[2])) for row in noted.pictures)
    return offsets(seen, np.array(noted.onsets) / 1000 + latency(noted))


def latency(noted: Noted) -> float:
    """Seconds from the browser's jitter buffer to the speaker."""
    return output_latency([stats["playout"] for stats in noted.stats if "playout" in stats])


def describe(found: Offsets) -> dict[str, float]:
    """Figures of one run, without a prefix: the browser's, and Python's as ``python_…``."""
    metrics: dict[str, float] = {}
    for prefix, table in (("", found.browser), ("python_", found.python)):
        if len(table) < 10:
            raise RuntimeError(
                f"only {len(table)} clicks were seen and heard; see the worker's log"
            )
        times, values = table.T
        metrics |= {
            f"{prefix}offset_mean_ms": values.mean(),
            f"{prefix}offset_p50_ms": float(np.median(values)),
            f"{prefix}offset_p01_ms": float(np.percentile(values, 1)),
            f"{prefix}offset_p99_ms": float(np.percentile(values, 99)),
            f"{prefix}offset_p99_abs_ms": float(np.percentile(np.abs(values), 99)),
            f"{prefix}drift_ms_per_10min": slope(times, values),
            f"{prefix}drift_error_ms_per_10min": slope_error(times, values),
        }
    metrics["sound_card_ms"] = 1000 * latency(found.noted)
    metrics["clicks"] = len(found.browser)
    if len(found.beginning):
        metrics["beginning_mean_ms"] = found.beginning[:, 1].mean()
        metrics["beginning_max_abs_ms"] = np.abs(found.beginning[:, 1]).max()
    if claims := _claims(found.noted):
        metrics["browsers_own_offset_ms"] = float(np.median(claims))
    metrics |= _buffers(found.noted)
    return metrics


def _claims(noted: Noted) -> list[float]:
    """ms that the browser itself takes the picture to be behind the sound."""
    return [
        stats["audio"]["estimatedPlayoutTimestamp"] - stats["video"]["estimatedPlayoutTimestamp"]
        for stats in noted.stats
        if all(stats.get(kind, {}).get("estimatedPlayoutTimestamp") for kind in ("audio", "video"))
    ]


def _buffers(noted: Noted) -> dict[str, float]:
    found = {}
    for kind in ("audio", "video"):
        rows = [stats[kind] for stats in noted.stats if kind in stats]
        if len(rows) > 1 and (
            emitted := rows[-1]["jitterBufferEmittedCount"] - rows[0]["jitterBufferEmittedCount"]
        ):
            delay = rows[-1]["jitterBufferDelay"] - rows[0]["jitterBufferDelay"]
            found[f"{kind}_buffer_ms"] = 1000 * delay / emitted
    return found


def _read_bits(frame: rtc.VideoFrame) -> float:
    if frame.type != rtc.VideoBufferType.I420:
        frame = frame.convert(rtc.VideoBufferType.I420)
    luma = np.frombuffer(frame.data, np.uint8)[: frame.width * frame.height]
    mark = read(luma.reshape(frame.height, frame.width))
    return -1.0 if mark is None else float(mark.clicks * 64 + mark.since)


def _python_flashes(eyes: Eyes, since: float) -> Floats:
    rows = [row for track in eyes.tracks for row in track.pictures if row[0] > since]
    return flashes(
        (at, None if code < 0 else Mark(int(code) // 64, int(code) % 64)) for at, code in rows
    )


def _python_clicks(ears: Ears, since: float) -> Floats:
    heard: list[float] = []
    for track in ears.tracks:
        for at, pcm in track.packets:
            loud = np.abs(pcm.astype(np.int32)) > ONSET * 32768
            if at > since and loud.any() and (not heard or at - heard[-1] > QUIET):
                heard.append(at + int(np.argmax(loud)) / EAR_RATE)
    return np.array(heard)


async def watch_speech(livekit: LiveKitServer, room: str) -> dict[str, float]:
    """The jaw against the loudness, by the real face on natural speech."""
    story = speak(STORY)
    async with (
        listen(livekit, room, "mouth", as_page=True) as listener,
        avatar_speaker(livekit, room, AVATAR_NAME) as speaker,
    ):
        saying = asyncio.create_task(speaker.say(story))
        await listener.wait_for_picture(60)
        await saying
        await speaker.wait(len(story) / MIC_RATE + 30)
        await listener.fetch()
    noted = listener.noted
    seen = np.array([(row[0] / 1000, row[2]) for row in noted.pictures])
    sound = np.array(noted.loudness) / [1000, 1] + [latency(noted), 0]
    begun = sound[sound[:, 1] > AUDIBLE, 0][0] + 3
    later, correlation = jaw_lag(sound, seen, begun)
    return {"speech_offset_ms": 1000 * later, "speech_correlation": correlation}


@contextmanager
def busy_cores() -> Iterator[None]:
    """A process on each core that never stops computing."""
    context = multiprocessing.get_context("spawn")
    loops = [context.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.join()


def _spin() -> None:
    while True:
        pass
