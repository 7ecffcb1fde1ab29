"""A worker's word that it is there, said for as long as it takes rooms."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from .database import StoreError, open_store
from .workers import BEAT_SECONDS, Worker, WorkerKind, Workers

if TYPE_CHECKING:
    from livekit.agents import AgentServer

logger = logging.getLogger("visavis.store")

_LOOK_SECONDS: Final = 0.25


def announce(
    server: AgentServer,
    kind: WorkerKind,
    store_url: str,
    about: Mapping[str, Any],
    fullness: Callable[[AgentServer], float],
) -> None:
    """Keep ``server``'s row in the store from its registration on, until it is drained or ends.

    ``fullness``: from 0, nothing to do, to 1 or more, no room fits any more; it may block. A store
    that cannot be used costs the row alone.
    """
    worker = Worker(
        id=f"{os.getpid()}-{secrets.token_hex(8)}",
        kind=kind,
        host=socket.gethostname(),
        version=version("visavis"),
        started_at=time.time(),
        about=about,
    )
    running: list[asyncio.Task[None]] = []

    def now() -> Worker:
        load = round(min(1.0, fullness(server)), 3)
        return replace(worker, rooms=len(server.active_jobs), load=load)

    @server.on("worker_registered")
    def on_registered(*_: object) -> None:
        if not running:  # it registers again after every loss of the connection
            beating = _beat(store_url, worker.id, now, lambda: server.draining)
            running.append(asyncio.create_task(beating, name="heartbeat"))


async def _beat(
    store_url: str, id: str, now: Callable[[], Worker], is_leaving: Callable[[], bool]
) -> None:
    """Until ``is_leaving``, or cancelled."""
    workers: Workers | None = None
    failed = False
    try:
        while not is_leaving():
            try:
                if workers is None:
                    store = await asyncio.to_thread(open_store, store_url)
                    workers = Workers(store, time.time)
                await asyncio.to_thread(lambda w: w.beat(now()), workers)
                failed = False
            except Exception as error:
                if not failed:
                    what = error if isinstance(error, StoreError) else type(error).__name__
                    logger.warning("gateways cannot see this worker: %s", what)
                failed = True
            until = time.monotonic() + BEAT_SECONDS
            while time.monotonic() < until and not is_leaving():
                await asyncio.sleep(_LOOK_SECONDS)
    finally:
        if workers is not None and not failed:
            # To the end, also where the process is about to go and has cancelled this.
            await asyncio.shield(asyncio.to_thread(workers.leave, id))
