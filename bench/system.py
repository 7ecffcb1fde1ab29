"""The whole demo on ports of its own, for benchmarks and end-to-end tests."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.livekit import LiveKitServer, free_ports, start_livekit

_READY = re.compile(r"ready in \d+ s:\s+(http://\S+)")


class StartError(Exception):
    """The system did not become ready; the text is what it printed."""


@dataclass(frozen=True)
class System:
    """A demo that is ready."""

    gateway: str
    """http URL."""
    livekit: LiveKitServer
    store_url: str
    demo: subprocess.Popen[str]
    output: list[str]
    """Lines that it printed, growing."""

    def processes(self) -> dict[str, list[psutil.Process]]:
        """The demo's processes, by the program that they belong to."""
        programs = {"agent": "-m agent", "avatar": "avatar_worker", "gateway": "-m gateway"}
        found: dict[str, list[psutil.Process]] = {name: [] for name in programs}
        for child in psutil.Process(self.demo.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # one that has just ended
                line = " ".join(child.cmdline())
                for name, mark in programs.items():
                    if mark in line and "sh -c" not in line:
                        found[name] += [child, *child.children(recursive=True)]
        return {name: list(dict.fromkeys(members)) for name, members in found.items()}


@contextmanager
def running_system(
    env: Mapping[str, str] | None = None, *, patience: float = 120
) -> Iterator[System]:
    """``python -m demo`` with a LiveKit of its own; stopped by Ctrl-C at the end.

    It waits longer for agent and face than a person would: a busy machine is not a failure here.
    """
    with (
        tempfile.TemporaryDirectory(prefix="visavis-livekit-") as folder,
        start_livekit(Path(folder)) as livekit,
    ):
        [port] = free_ports(1)
        full_env = os.environ | {
            "LIVEKIT_URL": livekit.url,
            "LIVEKIT_API_KEY": livekit.api_key,
            "LIVEKIT_API_SECRET": livekit.api_secret,
            "PORT": str(port),
            "STORE_URL": f"sqlite:///{folder}/store.sqlite",
            "DISPATCH_TIMEOUT": "30",
            "FACE_TIMEOUT": "30",
            **(env or {}),
        }
        started = time.monotonic()
        demo = subprocess.Popen(
            [sys.executable, "-m", "demo"],
            env=full_env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output: list[str] = []
        ready = threading.Event()
        reader = threading.Thread(target=_read, args=(demo, output, ready), daemon=True)
        reader.start()
        try:
            while not ready.wait(0.1):
                if demo.poll() is not None or time.monotonic() - started > patience:
                    raise StartError("the demo did not become ready:\n" + "".join(output))
            yield System(f"http://127.0.0.1:{port}", livekit, full_env["STORE_URL"], demo, output)
        finally:
            stop(demo)
            reader.join(5)


def stop(demo: subprocess.Popen[str], limit: float = 20) -> None:
    """Ctrl-C, and wait."""
    if demo.poll() is None:
        demo.send_signal(signal.SIGINT)
        try:
            demo.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(demo.pid, signal.SIGKILL)
            raise


def _read(demo: subprocess.Popen[str], output: list[str], ready: threading.Event) -> None:
    assert demo.stdout is not None
    for line in demo.stdout:
        output.append(line)
        if _READY.search(line):
            ready.set()
