"""Runs a LiveKit ``AgentServer`` from the command line: ``dev``, ``start``, ``console``, …"""

from __future__ import annotations

import logging
import os
import ssl
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from settings import Settings

if TYPE_CHECKING:
    from livekit.agents import AgentServer

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
LIVEKITS_OWN: Final = ("livekit.agents.ipc._preload", "livekit.agents.ipc._preload_freeze")
"""What LiveKit loads for all jobs, after everything else."""


def load_for_jobs(settings: Settings, *modules: str, hears: bool = True) -> None:
    """Begin to load ``modules`` in the process that jobs are forked from, before LiveKit would.

    This process needs as long to load LiveKit itself; so a worker that died is sooner back. Nothing
    happens where jobs are not forked, or where LiveKit has yet to name the certificates that it
    trusts, which that process would not learn; nor does it learn what LiveKit's command line puts
    into the environment. ``hears``: as for :func:`run_worker`.
    """
    if sys.platform == "linux" and _certificates_are_known():
        from multiprocessing import forkserver

        _set_environment(settings, hears)
        forkserver.set_forkserver_preload([*modules, *LIVEKITS_OWN])
        forkserver.ensure_running()


def _certificates_are_known() -> bool:
    paths = ssl.get_default_verify_paths()
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or paths.cafile
    return bool(named) or (paths.capath is not None and any(Path(paths.capath).iterdir()))


def _set_environment(settings: Settings, hears: bool) -> None:
    for name, value in (ALLOCATOR | LOOP_MONITOR | ({} if hears else NO_EARS)).items():
        os.environ.setdefault(name, value)
    os.environ["LIVEKIT_URL"] = settings.livekit_url
    os.environ["LIVEKIT_API_KEY"] = settings.livekit_api_key
    os.environ["LIVEKIT_API_SECRET"] = settings.livekit_api_secret.get_secret_value()


def run_worker(server: AgentServer, settings: Settings, *, hears: bool = True) -> None:
    """LiveKit's own command line, for the server of the settings. Does not return.

    Once LiveKit has registered the worker, ``settings.ready_file`` appears. ``hears``: its jobs
    listen to people.
    """
    from livekit.agents import cli  # takes seconds, in which others load

    _set_environment(settings, hears)
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
