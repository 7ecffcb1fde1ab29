"""A stage for scripted benchmarks: our avatar worker, an agent without a mind, and a listener."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from livekit import api, rtc

from bench.livekit import ROOT, LiveKitServer
from visavis.native_log import keep_native_log_out

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 10.0


@contextmanager
def start_worker(
    livekit: LiveKitServer,
    folder: Path,
    module: str = "avatar_worker",
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """``python -m MODULE dev``, registered with ``livekit``; its log is ``folder/MODULE.log``.

    Raises:
        RuntimeError: it did not start.

    Whatever is raised while it runs gets the end of that log as a note.
    """
    ready = folder / f"{module}.ready"
    ready.unlink(missing_ok=True)
    log = folder / f"{module}.log"
    with log.open("a") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", module, "dev"],
            cwd=ROOT,
            env=os.environ
            | {
                "LIVEKIT_URL": livekit.url,
                "LIVEKIT_API_KEY": livekit.api_key,
                "LIVEKIT_API_SECRET": livekit.api_secret,
                "READY_FILE": str(ready),
                # Whatever was downloaded: a benchmark says by itself which lips it wants.
                "WAV2ARKIT_MODEL": "embedded",
                **(env or {}),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            if worker.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{module} did not start")
            time.sleep(0.05)
        yield worker
    except Exception as error:
        error.add_note(f"{module} said at last:\n{log.read_text()[-2000:]}")
        raise
    finally:
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(STOP_SECONDS)
        kill_group(worker)


def kill_group(worker: subprocess.Popen[bytes]) -> None:
    """SIGKILL for a worker and all its children."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@asynccontextmanager
async def enter(
    livekit: LiveKitServer, room: str, identity: str, *, agent: bool = False
) -> AsyncIterator[rtc.Room]:
    """Join a room by a token of one's own, as a person or as an agent."""
    keep_native_log_out()  # as our workers do
    access = (
        api.AccessToken(livekit.api_key, livekit.api_secret)
        .with_identity(identity)
        .with_grants(api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True))
    )
    if agent:
        access = access.with_kind("agent")
    joined = rtc.Room()
    await joined.connect(livekit.url, access.to_jwt())
    try:
        yield joined
    finally:
        await joined.disconnect()


async def dispatch(livekit: LiveKitServer, room: str, agent_name: str, metadata: str = "") -> None:
    """Ask a worker into a room."""
    async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lk:
        await lk.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=agent_name, room=room, metadata=metadata)
        )
