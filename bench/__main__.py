"""``python -m bench NAME [--json FILE] [options]``; ``all`` runs them one after another."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, cast

from bench.report import Report
from bench.table import the_rest, to_markdown

BENCHMARKS: Final = (
    "hop",
    "sync",
    "drawn",
    "smooth",
    "looks",
    "bargein",
    "turn",
    "turns",
    "kill",
    "network",
    "rooms",
    "leaks",
    "door",
    "render",
    "lips",
    "knowledge",
    "soak",
)
"""Modules of this package, from what a person notices first to what shows after hours."""
ALL: Final[tuple[tuple[str, ...], ...]] = (
    ("hop",),
    ("hop", "--standin"),
    ("sync", "--busy"),
    ("smooth",),
    ("looks",),
    ("bargein",),
    ("turn",),
    ("turns",),
    ("kill",),
    ("network",),
    ("rooms",),
    ("leaks",),
    ("door",),
    ("knowledge",),
    ("render",),
    ("soak", "--minutes", "10"),
)
"""What ``all`` runs: about an hour."""


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
    report = asyncio.run(benchmark.measure(args))
    if args.json is not None:
        args.json.write_text(report.to_json() + "\n")
    print(to_markdown([report]))
    if rest := the_rest(report):
        print("\n" + "\n".join(rest))


def run_all(arguments: Sequence[str]) -> None:
    """Each in a process of its own, so that none meets what another left behind."""
    parser = argparse.ArgumentParser("python -m bench all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a list of all reports")
    args = parser.parse_args(arguments)
    reports, failed = [], []
    with tempfile.TemporaryDirectory(prefix="visavis-bench-") as folder:
        for number, (name, *options) in enumerate(ALL):
            said = " ".join((name, *options))
            print(f"==> {said}", file=sys.stderr, flush=True)
            file = Path(folder) / f"{number}.json"
            command = [sys.executable, "-m", "bench", name, "--json", str(file), *options]
            if subprocess.run(command, stdout=sys.stderr).returncode:
                failed.append(said)
            else:
                reports.append(Report.from_json(file.read_text()))
    if args.json is not None:
        args.json.write_text(
            json.dumps([json.loads(report.to_json()) for report in reports], indent=2) + "\n"
        )
    print(to_markdown(reports))
    if failed:
        sys.exit(f"failed, see above: {', '.join(failed)}")


def usage() -> str:
    lines = [f"  {name:8} {load(name).HELP}" for name in BENCHMARKS]
    lines.append(f"  {'all':8} every one but drawn, and lips, which needs recordings; one table")
    return "usage: python -m bench NAME [--json FILE] [options]\n\n" + "\n".join(lines)


def main() -> None:
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
