"""What the demo does about a process that dies."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from honcho.printer import Printer

from demo.lasting import LastingManager, LastingProcess


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


def run(
    code: str,
    *arguments: str,
    ready_file: Path | None = None,
    stopped: bool = False,
    ignore_signals: bool = False,
) -> Events:
    stopping = multiprocessing.Event()
    if stopped:
        stopping.set()
    events = Events(stopping)
    env = {} if ready_file is None else {"READY_FILE": str(ready_file)}
    command = shlex.join([sys.executable, "-c", code, *arguments])
    process = LastingProcess(command, name="test", env=env, stopping=stopping)
    process.run(events, ignore_signals)
    return events


@pytest.fixture
def own_signals() -> Iterator[None]:
    """What a test sets is not left to the next."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


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


def test_a_program_that_is_to_end_begins_all_the_same() -> None:
    events = run("pass", stopped=True)
    assert (events.starts, events.returncode) == (0, 0)


@pytest.mark.usefixtures("own_signals")
def test_a_program_is_deaf_until_it_has_handlers_of_its_own() -> None:
    code = (
        "import signal, sys; deaf = {signal.getsignal(signal.SIGINT),"
        "signal.getsignal(signal.SIGTERM)} & {signal.SIG_IGN}; sys.exit(len(deaf))"
    )
    assert run(code, ignore_signals=True).returncode == 0


def test_a_program_that_dies_without_a_word_is_waited_for() -> None:
    """Of Ctrl-C, where each of them is a new interpreter that has not come that far."""
    manager = LastingManager(Printer())
    manager._processes = {
        "silent": {"process": SimpleNamespace(exitcode=-signal.SIGINT)},
        "told": {"pid": 1, "returncode": 0, "process": SimpleNamespace(exitcode=0)},
        "busy": {"process": SimpleNamespace(exitcode=None)},
    }
    assert not manager._all_started()
    manager.terminate()
    assert not manager._all_started(), "one may still begin"
    manager._processes["busy"]["process"].exitcode = 1
    assert manager._all_started() and manager._all_stopped()
    assert [each["returncode"] for each in manager._processes.values()] == [-signal.SIGINT, 0, 1]


class Hasty(LastingManager):
    """Is told to end before it has read what its programs say, or before they were begun."""

    def __init__(self, printer: Printer, early: bool) -> None:
        super().__init__(printer)
        self._early = early

    def _start(self) -> None:
        if self._early:
            signal.raise_signal(signal.SIGINT)
        super()._start()
        if not self._early:
            signal.raise_signal(signal.SIGINT)

    def end(self) -> None:
        """Whatever is left of the processes that wait for the programs."""
        for each in self._processes.values():
            each["process"].kill()
            each["process"].join()


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize("early", [True, False])
def test_ctrl_c_in_the_first_moments_is_never_obeyed(early: bool) -> None:
    with Path(os.devnull).open("w") as output:
        manager = Hasty(Printer(output), early)
        for name in ("one", "two"):
            manager.add_process(name, "exec sleep 60", env=dict(os.environ))
        try:
            manager.loop()
        finally:
            manager.end()
    codes = {each["returncode"] for each in manager._processes.values()}
    assert manager.returncode == 130
    assert codes == {0} if early else codes <= {0, -signal.SIGTERM}
