"""Processes that are started again when they die, as long as the demo runs."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final

from honcho.manager import Manager
from honcho.process import Process

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 8.0
"""Seconds before a new start; the pause doubles each time that it did not help."""
STEADY: Final = 10.0
"""Seconds after which a process counts as running well. One that dies before, and was never ready,
cannot do its work here: it ends the demo, which then says why."""


class LastingManager(Manager):  # type: ignore[misc]
    """Honcho's manager, for processes that last."""

    def __init__(self, printer: Any) -> None:
        super().__init__(printer)
        self._terminating = False
        self._stopping = multiprocessing.Event()
        self._told: set[int] = set()
        """The programs, by their pid, that were told to end."""
        self._process_ctor = self._make

    def _make(self, cmd: str, *, env: dict[str, str], **options: Any) -> LastingProcess:
        return LastingProcess(cmd, env=env, stopping=self._stopping, **options)

    def terminate(self) -> None:
        if self._terminating:  # also of a second Ctrl-C, which may come in the middle of the first
            return
        self._terminating = True
        self._stopping.set()
        self._killall()

    def _killall(self, force: bool = False) -> None:
        """Honcho's own fails where a program has not said its pid yet."""
        for program in self._processes.values():
            pid = program.get("pid")
            if pid is None or "returncode" in program:
                continue
            if force:
                self._procmgr.kill(pid)
            elif pid not in self._told:
                self._told.add(pid)
                self._procmgr.terminate(pid)

    def _all_started(self) -> bool:
        """Honcho asks after each message: a program that has said its pid too late is told now, and
        one that ended without having begun, or without a word, is not waited for."""
        if self._terminating:
            self._killall()
            for each in self._processes.values():
                process = each.get("process")
                if process is not None and process.exitcode is not None:
                    each.setdefault("returncode", process.exitcode)
        return all("pid" in each or "returncode" in each for each in self._processes.values())


class LastingProcess(Process):  # type: ignore[misc]
    """``stopping``: the process is to end, and not to be started again."""

    def __init__(self, cmd: str, *, stopping: Event, env: dict[str, str], **options: Any) -> None:
        super().__init__(cmd, env=env, **options)
        self._stopping = stopping
        ready_file = env.get("READY_FILE")
        self._ready_file = Path(ready_file) if ready_file else None

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Honcho runs this in a process of its own."""
        self._events = events
        if ignore_signals:  # the manager ends the program itself
            signal.signal(signal.SIGINT, _ignore)
            signal.signal(signal.SIGTERM, _ignore)
        pause, ran_well, returncode = FIRST_PAUSE, False, 0
        while not self._stopping.is_set():
            started = time.monotonic()
            returncode = self._run_once()
            steady = time.monotonic() - started > STEADY
            ran_well = ran_well or steady or self._is_ready()
            if self._stopping.is_set() or not ran_well:
                break
            pause = FIRST_PAUSE if steady else min(2 * pause, LONGEST_PAUSE)
            text = f"{self.name} ended unexpectedly ({returncode}); starting it again\n"
            self._send_message(text.encode())
            self._stopping.wait(pause)
        self._send_message({"returncode": returncode}, type="stop")

    def _run_once(self) -> int:
        self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        self._send_message({"pid": self._child.pid}, type="start")
        # Its children may hold the pipe open after it has died.
        reader = threading.Thread(target=self._forward, args=(self._child.stdout,), daemon=True)
        reader.start()
        returncode = int(self._child.wait())
        reader.join(0.5)
        return returncode

    def _forward(self, output: IO[bytes]) -> None:
        with output:
            for line in iter(output.readline, b""):
                self._send_message(line)

    def _is_ready(self) -> bool:
        return self._ready_file is not None and self._ready_file.exists()


def _ignore(signum: int, frame: FrameType | None) -> None:
    """Unlike SIG_IGN it is not inherited: a program would be deaf until it has handlers of its
    own."""
