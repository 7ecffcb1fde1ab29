"""``python -m bench NAME [--json FILE] [options]``; ``all`` runs them one after another."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol, cast

from bench.plan import PLAN
from bench.report import Missing, Report, cores_in_use, this_machine
from bench.series import LACKING, run_all
from bench.table import the_rest, to_markdown

BENCHMARKS: Final = tuple(dict.fromkeys(entry.name for entry in PLAN))
"""Modules of this package."""


class Benchmark(Protocol):
    """What each of those modules has."""

    HELP: str
    """One line."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    async def measure(self, args: argparse.Namespace) -> Report: ...


def load(name: str) -> Benchmark:
    """Only when it is needed: each brings much with it."""
    return cast(Benchmark, importlib.import_module(f"bench.{name}"))


def run(name: str, arguments: Sequence[str]) -> None:
    benchmark = load(name)
    parser = argparse.ArgumentParser(f"python -m bench {name}", description=benchmark.HELP)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    benchmark.add_arguments(parser)
    args = parser.parse_args(arguments)
    machine = this_machine(cores_in_use())
    try:
        report = replace(asyncio.run(benchmark.measure(args)), machine=machine)
    except Exception as error:
        cause = _first_cause(error)
        if isinstance(cause, Missing):
            print(f"{name} not measured: {cause}", file=sys.stderr)
            sys.exit(LACKING)
        traceback.print_exc()
        sys.exit(f"{name} failed: {type(cause).__name__}: {' '.join(str(cause).split())}")
    if args.json is not None:
        args.json.write_text(report.to_json() + "\n")
    print(to_markdown([report]))
    if rest := the_rest(report):
        print("\n" + "\n".join(rest))


def _first_cause(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def usage() -> str:
    lines = [f"  {name:10} {load(name).HELP}" for name in BENCHMARKS]
    lines.append(f"  {'all':10} one after another, and one table; --quick, --only NAME …, --force")
    return "usage: python -m bench NAME [--json FILE] [options]\n\n" + "\n".join(lines)


def main() -> None:
    # A shell that starts it in the background has it ignore the signal that stops it in order.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    name, *arguments = sys.argv[1:] or ["--help"]
    if name == "all":
        run_all(arguments)
    elif name in BENCHMARKS:
        run(name, arguments)
    else:
        print(usage())
        sys.exit(0 if name in ("-h", "--help") else 2)


if __name__ == "__main__":
    main()
