"""Our avatar worker, taking every room: ``python -m bench.rooms_worker dev``.

The product's own worker refuses what would not fit; here it is found out what fits. Every room
writes down each second what its threads have used.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from livekit.agents import AgentServer, JobContext

from avatar_worker import server as product
from bench.calibrated_worker import accept
from settings import load_settings
from worker_cli import run_worker

NAME: Final = "bench-rooms"
"""Dispatch name; the metadata is an :class:`~visavis.protocol.AvatarDispatch`."""
FOLDER: Final = "BENCH_FOLDER"
"""Environment variable: where the worker's board and the rooms' ledgers are."""
CORES: Final = "BENCH_CORES"
"""Environment variable: the cores to run on, separated by commas."""
LEDGER: Final = ".ledger"


@dataclass(frozen=True)
class Ledger:
    """What one room's process has used since its start."""

    pid: int
    at: float
    """``time.monotonic()``"""
    threads: dict[str, float]
    """Seconds of CPU by the name of the thread, where Python knows it the one it has there."""


async def run_job(ctx: JobContext) -> None:
    await product.run_job(ctx)
    path = Path(os.environ[FOLDER]) / f"{ctx.job.id}{LEDGER}"
    keeping = asyncio.create_task(_keep(path))

    async def stop() -> None:
        keeping.cancel()

    ctx.add_shutdown_callback(stop)


async def _keep(path: Path) -> None:
    while True:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(read_threads())))
        draft.replace(path)
        await asyncio.sleep(1)


def read_threads() -> Ledger:
    """Of this process (Linux)."""
    named = {thread.native_id: thread.name for thread in threading.enumerate()}
    tick = os.sysconf("SC_CLK_TCK")
    used: dict[str, float] = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            comm, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:  # it has just ended
            continue
        name = named.get(int(task.name), comm)
        fields = rest.split()
        used[name] = used.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / tick
    return Ledger(os.getpid(), time.monotonic(), used)


def read_ledgers(folder: Path) -> list[Ledger]:
    return [Ledger(**json.loads(path.read_text())) for path in folder.glob(f"*{LEDGER}")]


def take_cores() -> None:
    """Run on those of :data:`CORES` alone, and so do all children."""
    if cores := os.environ.get(CORES):
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})


def main() -> None:
    take_cores()
    folder = Path(os.environ[FOLDER])
    server = AgentServer(
        setup_fnc=functools.partial(product.warm_up, board_folder=folder),
        load_fnc=lambda: 0.0,
        port=0,
        num_idle_processes=1,
        initialize_process_timeout=60,
        drain_timeout=0,
        preload_modules=["avatar_worker.preload"],
    )
    server.rtc_session(run_job, agent_name=NAME, on_request=accept)
    run_worker(server, load_settings(), hears=False)


if __name__ == "__main__":
    main()
