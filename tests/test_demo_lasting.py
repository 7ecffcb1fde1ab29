"""What the demo does about a process that dies."""

from __future__ import annotations

import multiprocessing
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.lasting import LastingProcess


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.lasting.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("demo.lasting.LONGEST_PAUSE", 0.0)


class Events:
    """Honcho's events; ``stopping`` is set after the program's third start."""

    def __init__(self, stopping: Any) -> None:
        self._stopping = stopping
        self.starts = 0
        self.returncode: int | None = None

    def put(self, message: Any, *_: Any, **__: Any) -> None:
        if message.type == "start":
            self.starts += 1
            if self.starts == 3:
                self._stopping.set()
        elif message.type == "stop":
            self.returncode = message.data["returncode"]


def run(code: str, *arguments: str, ready_file: Path | None = None) -> Events:
    stopping = multiprocessing.Event()
    events = Events(stopping)
    env = {} if ready_file is None else {"READY_FILE": str(ready_file)}
    command = shlex.join([sys.executable, "-c", code, *arguments])
    LastingProcess(command, name="test", env=env, stopping=stopping).run(events)
    return events


def test_a_worker_that_dies_stays_dead(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = "import os, sys; open(sys.argv[1], 'w').close(); os.kill(os.getpid(), 9)"
    events = run(code, str(ready), ready_file=ready)
    assert events.starts == 3
    assert events.returncode not in (0, None)


def test_a_wrong_setting_is_tried_for_ever(tmp_path: Path) -> None:
    events = run("raise SystemExit(2)", ready_file=tmp_path / "ready")
    assert (events.starts, events.returncode) == (1, 2)


def test_a_child_that_outlives_it_keeps_it_from_starting_again(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import subprocess, sys; open(sys.argv[1], 'w').close();"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(15)'])"
    )
    assert run(code, str(ready), ready_file=ready).starts == 3
