"""A real LiveKit server for tests and benchmarks, on free ports of the loopback interface."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from demo.livekit_server import find_server

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 20.0
STOP_SECONDS = 10.0
TRIES = 3
"""Starts, each on ports of its own: another program may take a free port first."""


class EndedError(RuntimeError):
    """A server ended at its start; the text ends with what it said."""


@dataclass(frozen=True)
class LiveKitServer:
    """A running server."""

    url: str
    """``ws://127.0.0.1:PORT``"""
    api_key: str
    api_secret: str
    log: Path
    restart: Callable[[float], None]
    """Kill it, and start it again so many seconds later; blocking."""


@contextmanager
def start_livekit(folder: Path, address: str = "127.0.0.1") -> Iterator[LiveKitServer]:
    """Run LiveKit with ``livekit.yaml``, but on free ports and on one address alone.

    Args:
        folder: Where the configuration and the log go.
        address: Of an interface of this machine.

    Raises:
        FileNotFoundError: there is no LiveKit server on this machine.
        RuntimeError: it did not start; the text ends with what it said.
    """
    binary = find_livekit()
    config = yaml.safe_load((ROOT / "livekit.yaml").read_text())
    config["bind_addresses"] = [address]
    config["rtc"]["node_ip"] = address
    config["rtc"]["ips"] = {"includes": [f"{address}/32"]}
    path = folder / "livekit.yaml"
    log = folder / "livekit.log"
    [(key, secret)] = config["keys"].items()

    def take_ports() -> str:
        config["port"], config["rtc"]["tcp_port"] = free_ports(2)
        config["rtc"]["udp_port"] = _free_udp_port()
        path.write_text(yaml.safe_dump(config))
        return f"{address}:{config['port']}"

    def start() -> subprocess.Popen[bytes]:
        with log.open("a") as output:
            return subprocess.Popen(
                [binary, "--config", path], stdout=output, stderr=subprocess.STDOUT
            )

    url = take_ports()
    server = start()

    def restart(down: float) -> None:
        nonlocal server
        server.kill()
        server.wait()
        time.sleep(down)
        server = start()
        _wait_until_ready(server, url, log)

    try:
        for left in reversed(range(TRIES)):
            try:
                _wait_until_ready(server, url, log)
                break
            except EndedError:
                if not left:
                    raise
                url = take_ports()
                server = start()
        yield LiveKitServer(f"ws://{url}", key, secret, log, restart)
    finally:
        server.terminate()
        server.send_signal(signal.SIGINT)  # A second signal: do not wait for rooms to empty.
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def find_livekit() -> Path:
    """The server that ``LIVEKIT_SERVER_BIN`` names, else the one that ``make demo`` would start."""
    named = os.environ.get("LIVEKIT_SERVER_BIN")
    found = Path(named) if named else find_server()
    if found is None or not found.is_file():
        raise FileNotFoundError(
            "There is no LiveKit server to test with. Run `make setup`, which builds one, or set "
            "LIVEKIT_SERVER_BIN to the path of a livekit-server."
        )
    return found


def free_ports(count: int) -> list[int]:
    """TCP ports that nothing listens on, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise EndedError(f"LiveKit ended at its start: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(
        f"LiveKit did not answer within {START_SECONDS:.0f} s: {log.read_text()[-2000:]}"
    )
