"""The whole demo on ports of its own, for benchmarks and end-to-end tests."""

from __future__ import annotations

import os
import re
import signal
import socket
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

from demo.livekit_server import find_server
from settings import DEV_API_KEY, DEV_API_SECRET

_READY = re.compile(r"ready in \d+ s:\s+(http://\S+)")


class StartError(Exception):
    """The system did not become ready; the text is what it printed."""


@dataclass(frozen=True)
class LiveKit:
    """A LiveKit server that is up."""

    url: str
    api_key: str
    api_secret: str


@dataclass(frozen=True)
class System:
    """A demo that is ready."""

    gateway: str
    """http URL."""
    livekit: LiveKit
    demo: subprocess.Popen[str]
    seconds_to_ready: float
    output: list[str]
    """Lines that it printed, growing."""

    def processes(self) -> dict[str, list[psutil.Process]]:
        """The demo's processes, by the program that they belong to."""
        programs = {"agent": "-m agent", "avatar": "avatar_worker", "gateway": "-m gateway"}
        found: dict[str, list[psutil.Process]] = {name: [] for name in programs}
        for child in psutil.Process(self.demo.pid).children(recursive=True):
            line = " ".join(child.cmdline())
            for name, mark in programs.items():
                if mark in line and "sh -c" not in line:
                    found[name] += [child, *child.children(recursive=True)]
        return {name: list(dict.fromkeys(members)) for name, members in found.items()}


@contextmanager
def running_livekit() -> Iterator[LiveKit]:
    """A LiveKit server on free ports of the loopback interface, with the rooms' usual settings."""
    binary = find_server()
    if binary is None:
        raise StartError("there is no LiveKit server: run `make setup`")
    http, tcp, udp = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
    config = f"""
port: {http}
bind_addresses: ["127.0.0.1"]
rtc:
  tcp_port: {tcp}
  udp_port: {udp}
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{includes: [lo, lo0]}}
keys: {{{DEV_API_KEY}: {DEV_API_SECRET}}}
logging: {{level: warn}}
"""
    with tempfile.TemporaryDirectory(prefix="visavis-livekit-") as folder:
        path = Path(folder) / "livekit.yaml"
        path.write_text(config)
        server = subprocess.Popen(
            [str(binary), "--config", str(path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for_port(http, 15)
            yield LiveKit(f"ws://127.0.0.1:{http}", DEV_API_KEY, DEV_API_SECRET)
        finally:
            server.kill()  # asked kindly, it would wait for its participants to leave
            server.wait()


@contextmanager
def running_system(
    env: Mapping[str, str] | None = None, *, patience: float = 120
) -> Iterator[System]:
    """``python -m demo`` with a LiveKit of its own; stopped by Ctrl-C at the end.

    It waits longer for agent and face than a person would: a busy machine is not a failure here.
    """
    with running_livekit() as livekit:
        port = free_port()
        full_env = os.environ | {
            "LIVEKIT_URL": livekit.url,
            "LIVEKIT_API_KEY": livekit.api_key,
            "LIVEKIT_API_SECRET": livekit.api_secret,
            "PORT": str(port),
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
            yield System(
                f"http://127.0.0.1:{port}", livekit, demo, time.monotonic() - started, output
            )
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


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _read(demo: subprocess.Popen[str], output: list[str], ready: threading.Event) -> None:
    assert demo.stdout is not None
    for line in demo.stdout:
        output.append(line)
        if _READY.search(line):
            ready.set()


def _wait_for_port(port: int, limit: float) -> None:
    until = time.monotonic() + limit
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise StartError(f"the LiveKit server does not answer on port {port}")
