"""Runs a LiveKit ``AgentServer`` from the command line: ``dev``, ``start``, ``console``, …"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Final

from livekit.agents import AgentServer, cli

from settings import Settings

ALLOCATOR: Final = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}
"""How glibc shall keep a job's memory (mallopt(3)); it reads this when a process starts.

By itself it gives every thread a heap of its own, up to eight a core, and each keeps what its
thread once needed: a conversation grew by 77 MB in ten minutes, all of it free. A lower threshold
for mmap would give more back, at a third more CPU for each sentence spoken.
"""
LOOP_MONITOR: Final = {"LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS": "0"}
"""LiveKit's watch for a blocked event loop wakes two threads 50 times a second in every process of
a worker: 0.007 of a core, a fifth of a room that only listens. Off, unless the environment names
the milliseconds from which it shall warn."""

NO_EARS: Final = {"LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE": "0"}
"""LiveKit reads the weights of its own VAD and end of turn, some 240 MB, into every worker."""


def run_worker(server: AgentServer, settings: Settings, *, hears: bool = True) -> None:
    """LiveKit's own command line, for the server of the settings. Does not return.

    Once LiveKit has registered the worker, ``settings.ready_file`` appears. ``hears``: its jobs
    listen to people.
    """
    for name, value in (ALLOCATOR | LOOP_MONITOR | ({} if hears else NO_EARS)).items():
        os.environ.setdefault(name, value)
    os.environ["LIVEKIT_URL"] = settings.livekit_url
    os.environ["LIVEKIT_API_KEY"] = settings.livekit_api_key
    os.environ["LIVEKIT_API_SECRET"] = settings.livekit_api_secret.get_secret_value()
    if settings.ready_file is not None:
        _announce(server, settings.ready_file)
    logging.getLogger().addHandler(Discretion())
    logging.getLogger("livekit.agents").addFilter(_is_news)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        cli.run_app(server)


class Discretion(logging.Handler):
    """Takes what people say, and what a dispatch tells of them, off each record of the log.

    LiveKit puts words beside a message, in fields like ``lk.pii.user_input``, which its formatters
    write. Set before LiveKit's own handler, this one sees each record first: the worker's own, and
    those of its job processes, which all pass through the worker's root logger.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        for name in list(vars(record)):
            if "pii" in name.split(".") or name == "job":
                delattr(record, name)
        return True


def _is_news(record: logging.LogRecord) -> bool:
    """LiveKit would announce at every start that `lk` may replace this command line one day."""
    return "use `lk agent dev`" not in record.getMessage()


def _announce(server: AgentServer, ready_file: Path) -> None:
    ready_file.unlink(missing_ok=True)

    def on_registered(*_: object) -> None:
        ready_file.parent.mkdir(parents=True, exist_ok=True)
        ready_file.touch()

    server.on("worker_registered", on_registered)
