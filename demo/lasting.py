"""Processes that are started again when they die, as long as the demo runs."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
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
        self._stopping = multiprocessing.Event()
        self._process_ctor = self._make

    def _make(self, cmd: str, *, env: dict[str, str], **options: Any) -> LastingProcess:
        return LastingProcess(cmd, env=env, stopping=self._stopping, **options)

    def terminate(self) -> None:
        self._stopping.set()
        super().terminate()


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
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pause, ran_well = FIRST_PAUSE, False
        while True:
            started = time.monotonic()
            returncode = self._run_once()
            steady = time.monotonic() - started > STEADY
            ran_well = ran_well or steady or self._is_ready()
            if self._stopping.is_set() or not ran_well:
                break
            pause = FIRST_PAUSE if steady else min(2 * pause, LONGEST_PAUSE)
            text = f"{self.name} ended unexpectedly ({returncode}); starting it again\n"
            self._send_message(text.encode())
            if self._stopping.wait(pause):
                break
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
