"""``python -m bench door``: what a flood of broken input does to the conversation beside it, and
what a WebSocket's room costs while it listens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

import aiohttp
import psutil

from bench.bot import Bot, join
from bench.ears import Ears
from bench.flood import Flood
from bench.report import Report, percentiles
from bench.system import System, running_system
from visavis.protocol import TOPIC_SAY

HELP = "conversation beside a flood of broken input; crashes; what a WebSocket's room costs"

SLOTS: Final = 8
"""Conversations at once: WebSockets that listen, and the one that is measured."""
PHASES: Final = 4
"""Quiet and flooded by turns, so that what slowly changes touches both alike."""
WINDOW: Final = 15.0
"""Seconds over which CPU is counted."""
SETTLE: Final = 8.0
HEARD_WITHIN: Final = 60.0
PING: Final = 5.0
_NUMBERS: Final = (
    "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
    "Twelve",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inputs", type=int, default=10_500, help="broken ones (default 10500)")
    parser.add_argument("--rate", type=float, default=200.0, help="a second (default 200)")
    parser.add_argument("--sentences", type=int, default=40, help="said in all (default 40)")
    parser.add_argument("--sockets", type=int, default=SLOTS - 1, help="rooms that listen")


async def measure(args: argparse.Namespace) -> Report:
    env = {"LLAMA_SLOTS": str(SLOTS), "SESSION_IDLE_SECONDS": "3600"}
    with running_system(env) as system:
        metrics = await listening(system, args.sockets)
        before = _megabytes(system)
        quiet, flooded, floods = await beside_floods(system, args)
        after = _megabytes(system)
        alive = await _answers(system)
    calm, wet = (percentiles(1000 * each for each in times) for times in (quiet, flooded))
    metrics |= calm.metrics("quiet") | wet.metrics("flooded")
    metrics |= {
        "flood_latency_ratio_p50": wet.p50 / calm.p50,
        "flood_latency_ratio_p95": wet.p95 / calm.p95,
        "bad_inputs": sum(each.sent for each in floods),
        "bad_inputs_accepted": sum(each.accepted for each in floods),
        "bad_inputs_per_second": sum(e.sent for e in floods) / sum(e.seconds for e in floods),
        "crashes": sum(each.crashes for each in floods) + (not alive),
        "gateway_mb_before": before,
        "gateway_mb_grown": after - before,
    }
    notes = tuple(f"answers to the flood: {json.dumps(each.statuses)}" for each in floods[:1])
    return Report("door", len(quiet) + len(flooded), metrics, notes)


async def listening(system: System, count: int) -> dict[str, float]:
    """What ``count`` WebSockets take that are open while nobody speaks, in cores a room."""
    await asyncio.sleep(SETTLE)  # processes that are made ready for the first rooms take more
    idle = await _cores(system)
    async with AsyncExitStack() as sockets:
        for _ in range(count):
            await sockets.enter_async_context(_socket(system))
        await asyncio.sleep(SETTLE)
        busy = await _cores(system)
    per_room = {name: (busy[name] - idle.get(name, 0.0)) / count for name in busy}
    total = sum(per_room.values())
    found = {f"bridge_cores_{name}": share for name, share in per_room.items()}
    return found | {
        "bridge_rooms": count,
        "bridge_cores_per_room": total,
        "bridge_rooms_per_core": 1 / max(total, 1e-3),
        "bridge_rooms_per_gateway_core": 1 / max(per_room["gateway"], 1e-3),
    }


async def beside_floods(
    system: System, args: argparse.Namespace
) -> tuple[list[float], list[float], list[Flood]]:
    """Seconds from a text to its sound, without and with a flood; and the floods."""
    quiet: list[float] = []
    flooded: list[float] = []
    floods: list[Flood] = []
    sentences = Sentences()
    async with join(system.gateway, sensing=False) as bot:
        ears = Ears(bot.room)
        try:
            await ears.wait_for_sound(0, 60)
            for phase in range(PHASES):
                await asyncio.sleep(2)
                times = flooded if phase % 2 else quiet
                async with _flood(system, args, floods) if phase % 2 else nullcontext():
                    for _ in range(args.sentences // PHASES):
                        times.append(await _say(bot, ears, next(sentences)))
        finally:
            await ears.aclose()
    return quiet, flooded, floods


async def _say(bot: Bot, ears: Ears, text: str) -> float:
    with contextlib.suppress(TimeoutError):
        await ears.wait_for_quiet(0.5, 60)
    ears.forget(time.monotonic() - 5)
    sent = time.monotonic()
    await bot.room.local_participant.send_text(text, topic=TOPIC_SAY)
    return await ears.wait_for_sound(sent, HEARD_WITHIN) - sent


@dataclass
class Sentences:
    """Each another one, so that every voice is made anew."""

    said: int = 0

    def __next__(self) -> str:
        self.said += 1
        tens, ones = divmod(self.said, len(_NUMBERS))
        return f"{_NUMBERS[ones]} and {_NUMBERS[tens % len(_NUMBERS)].lower()}."


@asynccontextmanager
async def _flood(
    system: System, args: argparse.Namespace, floods: list[Flood]
) -> AsyncIterator[None]:
    """While the block runs, and until all of it is sent."""
    count = args.inputs // (PHASES // 2)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.flood", system.gateway,
        "--count", str(count), "--rate", str(args.rate),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    if (await process.stdout.readline()).strip() != b"ready":
        raise RuntimeError("the flood could not begin")
    yield
    output, _ = await process.communicate()
    floods.append(Flood(**json.loads(output)))


@asynccontextmanager
async def _socket(system: System) -> AsyncIterator[None]:
    """Open, with its room, and kept awake."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(system.gateway.replace("http", "ws", 1) + "/ws") as socket,
    ):
        started = asyncio.Event()

        async def read() -> None:
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    kind = json.loads(message.data)["type"]
                    if kind == "audio_end":
                        started.set()

        async def ping() -> None:
            while True:
                await socket.send_json({"type": "ping"})
                await asyncio.sleep(PING)

        tasks = [asyncio.create_task(read()), asyncio.create_task(ping())]
        try:
            async with asyncio.timeout(60):
                await started.wait()  # the greeting is over
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _cores(system: System) -> dict[str, float]:
    """That each program takes, over :data:`WINDOW`."""
    before, began = _cpu(system), time.monotonic()
    await asyncio.sleep(WINDOW)
    seconds = time.monotonic() - began
    return {
        name: sum(used - before.get(pid, 0.0) for pid, used in spent.items()) / seconds
        for name, spent in _cpu_by_program(system).items()
    }


def _cpu(system: System) -> dict[int, float]:
    return {pid: used for spent in _cpu_by_program(system).values() for pid, used in spent.items()}


def _cpu_by_program(system: System) -> dict[str, dict[int, float]]:
    programs = {**system.processes(), "livekit": _livekit()}
    found: dict[str, dict[int, float]] = {name: {} for name in programs}
    for name, processes in programs.items():
        for process in processes:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                found[name][process.pid] = times.user + times.system
    return found


def _livekit() -> list[psutil.Process]:
    ours = psutil.Process(os.getpid()).children(recursive=True)
    found = []
    for process in ours:
        with contextlib.suppress(psutil.Error):
            if "livekit-server" in process.name():
                found.append(process)
    return found


def _megabytes(system: System) -> float:
    """Resident, of the gateway."""
    total = 0.0
    for process in system.processes()["gateway"]:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss / 1e6
    return total


async def _answers(system: System) -> bool:
    async with aiohttp.ClientSession() as client:
        try:
            async with client.get(f"{system.gateway}/health") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
