"""An agent worker that only joins the room, for tests: ``python -m tests.plain_agent start``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from livekit.agents import AgentServer, JobContext

from bench.livekit import ROOT, LiveKitServer
from settings import load_settings
from worker_cli import run_worker

START_SECONDS = 120.0
STOP_SECONDS = 3.0


async def join(ctx: JobContext) -> None:
    await ctx.connect()


@contextmanager
def start_agent(livekit: LiveKitServer, folder: Path) -> Iterator[None]:
    """Run this worker in a process of its own, registered with ``livekit``."""
    ready = folder / "agent.ready"
    env = os.environ | {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
        "READY_FILE": str(ready),
    }
    ready.unlink(missing_ok=True)
    log = folder / "agent.log"
    with log.open("w") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.plain_agent", "start"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            if worker.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the agent worker did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def main() -> None:
    settings = load_settings()
    server = AgentServer(
        load_fnc=lambda: 0.0,
        port=0,
        num_idle_processes=1,
        initialize_process_timeout=60.0,
        drain_timeout=0,
    )
    server.rtc_session(join, agent_name=settings.agent_name)
    run_worker(server, settings)


if __name__ == "__main__":
    main()
