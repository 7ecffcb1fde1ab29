"""``python -m tests.fake_benchmarks NAME``: as ``python -m bench``, but each is over at once."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from bench import __main__ as program
from bench.report import Missing, Report


@dataclass(frozen=True)
class Fake:
    """Its name says what becomes of it."""

    name: str
    HELP: str = ""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--count", type=Path, help="grows by a line each time")

    async def measure(self, args: argparse.Namespace) -> Report:
        with args.count.open("a") as file:
            file.write(f"{self.name}\n")
        match self.name:
            case "hop":
                return Report("hop", 1, {"hop_p95_ms": 90.0})
            case "network":
                raise Missing("no netem")
            case "sync":
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._break())
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(3600)
        raise AssertionError

    async def _break(self) -> None:
        error = ValueError("only 3 clicks\nwere seen")
        error.add_note("the worker said at last: nothing")
        raise error


if __name__ == "__main__":
    with patch.multiple(program, load=Fake, cores_in_use=lambda: 0.5):
        program.run(sys.argv[1], sys.argv[2:])
