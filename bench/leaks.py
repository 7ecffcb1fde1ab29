"""``python -m bench leaks``: what rooms leave in their worker, and segments in their room."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from bench.bot import MIC_RATE, Speech
from bench.livekit import LiveKitServer, start_livekit
from bench.report import Report
from bench.script import AvatarSpeaker, avatar_speaker
from bench.stage import enter, start_worker
from visavis.protocol import AVATAR_NAME

HELP = "rooms one after another on one worker, segments in one room: memory, files, threads left"

WARM_UP_ROOMS: Final = 3
"""Before the first reading: thread pools and caches that fill once."""
WARM_UP_SEGMENTS: Final = 20
SAY_SECONDS: Final = 30.0
CALM: Final = 1.0
"""Seconds that a worker must have no more children than when it was idle to count as idle."""
SETTLE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Footprint:
    """What a process holds."""

    kilobytes: float
    """Of its own: its unique set size."""
    files: int
    """Open file descriptors."""
    threads: int
    children: int

    @classmethod
    def of(cls, process: psutil.Process) -> Footprint:
        with process.oneshot():
            return cls(
                kilobytes=process.memory_full_info().uss / 1e3,
                files=process.num_fds(),
                threads=process.num_threads(),
                children=len(process.children(recursive=True)),
            )


@dataclass(frozen=True)
class Growth:
    """From the first footprint to the last."""

    kilobytes_each: float
    """Slope of a line through all of them."""
    files: int
    threads: int
    children: int

    @classmethod
    def over(cls, footprints: Sequence[Footprint], each: int = 1) -> Growth:
        """``each``: rooms or segments from one footprint to the next."""
        first, last = footprints[0], footprints[-1]
        taken = each * np.arange(len(footprints))
        slope = float(np.polyfit(taken, [f.kilobytes for f in footprints], 1)[0])
        return cls(
            slope,
            last.files - first.files,
            last.threads - first.threads,
            last.children - first.children,
        )

    def metrics(self, per: str) -> dict[str, float]:
        prefix = "" if per == "room" else f"{per}_"
        return {
            f"rss_slope_kb_per_{per}": self.kilobytes_each,
            f"{prefix}files_left": self.files,
            f"{prefix}threads_left": self.threads,
            f"{prefix}children_left": self.children,
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument("--segments", type=int, default=200)


async def measure(args: argparse.Namespace) -> Report:
    with (
        tempfile.TemporaryDirectory(prefix="visavis-leaks-") as name,
        start_livekit(Path(name)) as livekit,
        start_worker(livekit, Path(name)) as worker,
    ):
        rooms = await visit_rooms(livekit, worker, args.rooms)
        segments = await say_segments(livekit, worker, args.segments)
    metrics = rooms.metrics("room") | segments.metrics("segment")
    metrics |= {"rooms": args.rooms, "segments": args.segments}
    notes = ("memory is the worker's own (unique set size); segment_… is the room's process",)
    return Report("leaks", args.rooms + args.segments, metrics, notes)


async def visit_rooms(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes], count: int
) -> Growth:
    """One room after another, each with a sentence in it; what stays in the worker."""
    process = psutil.Process(worker.pid)
    idle = Footprint.of(process).children
    footprints = []
    for number in range(WARM_UP_ROOMS + count + 1):
        await settle(process, idle)
        if number >= WARM_UP_ROOMS:
            footprints.append(Footprint.of(process))
        if number < WARM_UP_ROOMS + count:
            await visit(livekit, f"visit-{number}")
    return Growth.over(footprints)


async def visit(livekit: LiveKitServer, room: str) -> None:
    """Have the avatar say something."""
    async with (
        enter(livekit, room, "person"),
        avatar_speaker(livekit, room, AVATAR_NAME) as speaker,
    ):
        await speaker.say(murmur(0.5))
        await speaker.wait(SAY_SECONDS)


async def say_segments(
    livekit: LiveKitServer,
    worker: subprocess.Popen[bytes],
    count: int,
    *,
    every: int = 20,
    video: bool | None = None,
) -> Growth:
    """Many segments in one room, each second one interrupted; what stays in its process.

    A picture that gets smaller on a busy machine, and large again, moves some megabytes.
    """
    before = {child.pid for child in psutil.Process(worker.pid).children(recursive=True)}
    room = "segments"
    async with (
        enter(livekit, room, "person"),
        avatar_speaker(livekit, room, AVATAR_NAME, video=video) as speaker,
    ):
        await say_some(speaker, WARM_UP_SEGMENTS)
        job = busiest(worker, before)
        footprints = [Footprint.of(job)]
        for _ in range(0, count, every):
            await say_some(speaker, every)
            footprints.append(Footprint.of(job))
    return Growth.over(footprints, every)


async def say_some(speaker: AvatarSpeaker, count: int) -> None:
    for number in range(count):
        await speaker.say(murmur(0.3))
        if number % 2:
            await asyncio.sleep(0.1)
            speaker.interrupt()
        await speaker.wait(SAY_SECONDS)


async def settle(worker: psutil.Process, children: int) -> None:
    """Until the last room's process is gone and a fresh one waits for the next.

    Raises TimeoutError.
    """
    async with asyncio.timeout(SETTLE_SECONDS):
        calm_since = time.monotonic()
        while time.monotonic() - calm_since < CALM:
            await asyncio.sleep(0.1)
            if len(worker.children(recursive=True)) != children:
                calm_since = time.monotonic()


def busiest(worker: subprocess.Popen[bytes], among: set[int]) -> psutil.Process:
    """Of the worker's processes that were idle before: the one that runs the room."""
    found = [
        child for child in psutil.Process(worker.pid).children(recursive=True) if child.pid in among
    ]
    return max(found, key=lambda child: child.num_threads())


def murmur(seconds: float) -> Speech:
    """(n,) at 24 kHz: a hum that rises and falls like syllables."""
    time_line = np.arange(round(seconds * MIC_RATE)) / MIC_RATE
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * 5 * time_line)
    return (6000 * swell * np.sin(2 * np.pi * 180 * time_line)).astype(np.int16)
