"""Starts LiveKit, agent, avatar worker and gateway, and says when a person can come in."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from honcho.printer import Printer

from demo.lasting import LastingManager
from demo.livekit_server import build_server, find_server
from demo.preflight import check
from demo.problem import Problem
from settings import Settings, load_settings
from visavis.proxies import is_loopback, keep_proxies_outside, open_here

PATIENCE: Final = 120.0
"""Seconds until the demo gives up on becoming ready."""
LOCALHOST: Final = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Program:
    """One process of the demo."""

    name: str
    command: tuple[str, ...]
    ready_file: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    """What it is told beside the environment of the demo."""


def main() -> None:
    settings = load_settings()
    keep_proxies_outside(settings.livekit_url)
    own_livekit = _has_own_livekit(settings)
    try:
        check(settings, own_livekit=own_livekit)
        server = (find_server() or build_server()) if own_livekit else None
    except Problem as problem:
        sys.exit(f"visavis: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    with tempfile.TemporaryDirectory(prefix="visavis-") as folder:
        sys.exit(_run(settings, _programs(settings, server, Path(folder))))


def _has_own_livekit(settings: Settings) -> bool:
    return "livekit_url" not in settings.model_fields_set


def _programs(settings: Settings, server: Path | None, folder: Path) -> list[Program]:
    python = sys.executable
    programs = [
        Program("agent", (python, "-m", "agent", "dev"), folder / "agent"),
        Program("avatar", (python, "-m", "avatar_worker", "dev"), folder / "avatar"),
        Program("gateway", (python, "-m", "gateway")),
    ]
    if server is not None:
        programs.insert(0, _livekit(settings, server))
    return programs


def _livekit(settings: Settings, server: Path) -> Program:
    # Of one's own pair livekit.yaml knows nothing. JSON is YAML whatever the secret is made of.
    pair = {settings.livekit_api_key: settings.livekit_api_secret.get_secret_value()}
    env = {"LIVEKIT_KEYS": json.dumps(pair)}
    return Program("livekit", (str(server), "--config", "livekit.yaml"), env=env)


def _run(settings: Settings, programs: list[Program]) -> int:
    output = _Output(sys.stdout)
    manager = LastingManager(output)
    output.on_lost = manager.terminate
    if hasattr(signal, "SIGHUP"):  # the terminal was closed
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    for program in programs:
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **program.env}
        env.setdefault("LIVEKIT_LOG_LEVEL", "WARN")
        if program.ready_file is not None:
            env["READY_FILE"] = str(program.ready_file)
        manager.add_process(program.name, shlex.join(program.command), env=env)
    over = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(settings, programs, manager, over), daemon=True, name="demo-ready"
    )
    print("starting …", flush=True)
    watcher.start()
    try:
        manager.loop()
    finally:
        over.set()
        watcher.join()
    return int(manager.returncode or 0) if manager.returncode != 130 else 0


def _watch(
    settings: Settings, programs: list[Program], manager: LastingManager, over: threading.Event
) -> None:
    started = time.monotonic()
    while (waiting := _not_ready(settings, programs)) and not over.is_set():
        if time.monotonic() - started > PATIENCE:
            print(f"visavis: not ready after {PATIENCE:.0f} s: {', '.join(waiting)}. ", end="")
            print("Start again with LIVEKIT_LOG_LEVEL=INFO to see more.", flush=True)
            manager.terminate()
            return
        over.wait(0.2)
    if not over.is_set():
        _welcome(settings, time.monotonic() - started)


def _not_ready(settings: Settings, programs: list[Program]) -> list[str]:
    waiting = [p.name for p in programs if p.ready_file is not None and not p.ready_file.exists()]
    return waiting if _answers(settings.url_here) else [*waiting, "gateway"]


def _answers(gateway: str) -> bool:
    for path in ("ready", ""):
        try:
            open_here(f"{gateway}/{path}", timeout=2).close()
        except OSError:
            return False
    return True


def _welcome(settings: Settings, seconds: float) -> None:
    host = settings.host_here
    # Browsers give their microphone to the name, and not to every address that it stands for.
    url = f"http://localhost:{settings.port}" if host in LOCALHOST else settings.url_here
    print(f"\n  ready in {seconds:.0f} s:  {url}\n", flush=True)
    if _has_own_livekit(settings) and not is_loopback(settings.host):
        print("  Other devices see the page, but do not reach this demo's LiveKit: to let them in,")
        print("  docker compose --profile tls up (see compose.yaml).\n")
    print("  Ctrl-C stops everything.\n", flush=True)


class _Output(Printer):  # type: ignore[misc]
    """Honcho's printer, less its own remarks about process numbers, and silent after Ctrl-C.

    Where nobody reads any more, everything is stopped.
    """

    on_lost: Callable[[], None] | None = None
    _stopping = False

    def write(self, message: object) -> None:
        if getattr(message, "name", "") == "system":
            if "received" in str(getattr(message, "data", "")):
                self._stopping = True
                print("\nstopping …", flush=True)
            return
        if self._stopping:
            return
        try:
            super().write(message)
        except OSError:
            if self.on_lost is not None:
                stop, self.on_lost = self.on_lost, None
                stop()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
