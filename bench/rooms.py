"""``python -m bench rooms``: how many faces can talk at once, and what one of them costs.

The worker gets some of the cores for itself; LiveKit, the agents and the listeners, which would run
elsewhere in earnest, get the others. Rooms are added one at a time until pictures come late.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from avatar_worker.load import Board, RoomLoad
from bench import rooms_worker, stock_worker
from bench.eyes import Eyes
from bench.livekit import LiveKitServer, start_livekit
from bench.report import Missing, Report, usable_cores
from bench.room_loads import FPS, Load, by_part, figures, spent
from bench.rooms_worker import CORES, FOLDER, read_ledgers
from bench.script import avatar_speaker
from bench.smooth import telling_stories
from bench.stage import enter, start_worker

HELP = "how many rooms can talk at once; CPU of model, renderer and encoder, memory of a room"

SETTLE: Final = 6.0
"""Seconds after a room has come, before it is measured."""
WINDOW: Final = 10.0
"""Seconds of one measurement."""
FIRST_PICTURE: Final = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    half = max(1, usable_cores() // 2)
    parser.add_argument("--cores", type=int, default=half, help=f"for the worker (default {half})")
    parser.add_argument("--most", type=int, default=6, help="rooms to try a core (default 6)")
    parser.add_argument("--voices", type=int, default=4, help="rooms without picture (default 4)")
    parser.add_argument("--no-stock", action="store_true", help="leave AvatarRunner out")


async def measure(args: argparse.Namespace) -> Report:
    if sys.platform != "linux":
        raise Missing("it reads threads and cores the way Linux shows them")
    own, others = share_cores(args.cores)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, others)
    try:
        with tempfile.TemporaryDirectory(prefix="visavis-rooms-") as name:
            folder = Path(name)
            with start_livekit(folder) as livekit:
                stage = Stage(livekit, folder, own)
                faces = await stage.fill("rooms_worker", args.most * args.cores)
                voices = await stage.fill("rooms_worker", args.voices, video=False)
                stock = [] if args.no_stock else await stage.fill("stock_worker", 2)
    finally:
        os.sched_setaffinity(0, before)
    return Report("rooms", len(faces) - 1, figures(faces, voices, stock, args.cores))


def share_cores(count: int) -> tuple[set[int], set[int]]:
    """(the worker's, the others'); the same ones where there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    own = set(cores[:count])
    return own, set(cores[count:]) or own


@dataclass(frozen=True)
class Stage:
    livekit: LiveKitServer
    folder: Path
    cores: set[int]

    async def fill(self, module: str, most: int, *, video: bool | None = None) -> list[Load]:
        """Add rooms until one more is too many; what it took with 0, 1, 2, … of them."""
        notes = Path(tempfile.mkdtemp(dir=self.folder))
        env = {FOLDER: str(notes), CORES: ",".join(map(str, sorted(self.cores)))}
        loads: list[Load] = []
        with start_worker(self.livekit, self.folder, f"bench.{module}", env) as started:
            worker = psutil.Process(started.pid)
            async with AsyncExitStack() as rooms:
                eyes: list[Eyes] = []
                await asyncio.sleep(SETTLE)
                loads.append(await self._watch(worker, notes, eyes, 0))
                for number in range(1, most + 1):
                    name = f"{notes.name}-{number}"
                    seen = await rooms.enter_async_context(
                        _talking(self.livekit, name, module, video)
                    )
                    if video is not False:
                        await seen.wait_for_picture(0.0, FIRST_PICTURE)
                        eyes.append(seen)
                    await asyncio.sleep(SETTLE)
                    loads.append(await self._watch(worker, notes, eyes, number))
                    if module == "rooms_worker" and video is not False and not loads[-1].is_good:
                        break
        return loads

    async def _watch(
        self, worker: psutil.Process, notes: Path, eyes: list[Eyes], rooms: int
    ) -> Load:
        before, began, used = read_ledgers(notes), time.monotonic(), _cpu(worker)
        await asyncio.sleep(WINDOW)
        seconds, cores = time.monotonic() - began, (_cpu(worker) - used)
        until = time.monotonic()
        rates = [len(each.mouth(began, until)) / seconds for each in eyes]
        loads = read_board(notes)
        threads = spent(before, read_ledgers(notes))
        return Load(
            rooms,
            cores / seconds,
            _megabytes(worker),
            min(rates, default=float(FPS)),
            max((1000 * load.frame_seconds for load in loads), default=0.0),
            all(load.is_full_quality for load in loads),
            by_part(threads),
        )


@asynccontextmanager
async def _talking(
    livekit: LiveKitServer, room: str, module: str, video: bool | None
) -> AsyncIterator[Eyes]:
    """A room with an agent that talks without end, a face, and somebody who looks."""
    name = rooms_worker.NAME if module == "rooms_worker" else stock_worker.NAME
    async with (
        enter(livekit, room, f"person-{room}") as joined,
        avatar_speaker(livekit, room, name, video=video) as speaker,
        telling_stories(speaker),  # of 36 s, sent 2 s ahead: lip-sync works all the time
    ):
        eyes = Eyes(joined, lambda _: 0.0)
        try:
            yield eyes
        finally:
            await eyes.aclose()


def read_board(notes: Path) -> list[RoomLoad]:
    board = Board(notes)
    found = (board.read(path.stem) for path in notes.glob("*.json"))
    return [load for load in found if load is not None]


def _family(worker: psutil.Process) -> list[psutil.Process]:
    return [worker, *worker.children(recursive=True)]


def _cpu(worker: psutil.Process) -> float:
    """Seconds used so far by those that still live."""
    total = 0.0
    for process in _family(worker):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def _megabytes(worker: psutil.Process) -> float:
    total = 0.0
    for process in _family(worker):
        try:
            total += process.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
    return total
