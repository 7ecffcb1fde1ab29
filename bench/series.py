"""Benchmarks one after another, each in a process of its own: none meets what another left behind.

What is measured is kept at once, by the state of the working tree that it was measured in, so that
a run that is cut short goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from bench.livekit import ROOT
from bench.plan import Run, plan
from bench.report import Report
from bench.table import Outcome, Unmeasured, to_markdown

KEPT: Final = Path("build/bench")
"""Under the root: a folder for each state of the working tree."""
LACKING: Final = 77
"""Exit status of a benchmark that could not begin for want of something, as GNU Automake's tests
have it."""
SLACK: Final = 3
"""A benchmark may take so many times its minutes, and five minutes more."""
STOP_SECONDS: Final = 30.0
"""For one that is told to stop: it has servers and workers to end."""


def run_all(arguments: Sequence[str]) -> None:
    """``python -m bench all``. Exits with 1 if a benchmark failed, 130 if it was interrupted."""
    parser = argparse.ArgumentParser("python -m bench all")
    parser.add_argument("--quick", action="store_true", help="shortened, about 45 minutes in all")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these alone")
    parser.add_argument("--force", action="store_true", help="measure anew what is measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a list of all reports")
    args = parser.parse_args(arguments)
    try:
        runs = plan(quick=args.quick, only=args.only)
    except ValueError as error:
        parser.error(str(error))
    version = state_of(ROOT)
    series = Series(ROOT / KEPT / (version or "unversioned"), anew=args.force or version is None)
    status: str | int = 0
    outcomes: list[Outcome] = []
    with _ended_like_an_interrupt():
        try:
            series.announce(runs)
            for number, run in enumerate(runs, 1):
                outcomes.append(series.measure(run, f"{number}/{len(runs)} "))
                (series.folder / "table.md").write_text(to_markdown(outcomes) + "\n")
        except KeyboardInterrupt:
            say("interrupted: the same command goes on from here")
            status = 130
    if args.json is not None:
        reports = [each for each in outcomes if isinstance(each, Report)]
        args.json.write_text(
            json.dumps([json.loads(r.to_json()) for r in reports], indent=2) + "\n"
        )
    print(to_markdown(outcomes))
    failed = [each.bench for each in outcomes if isinstance(each, Unmeasured) and each.failed]
    sys.exit(status or (f"failed: {', '.join(failed)}" if failed else 0))


class Series:
    """Measures, or remembers having measured.

    Args:
        folder: Of this state of the working tree. A run's report goes to ``SLUG.json``, what it
            says to ``SLUG.log``.
        anew: Remember nothing.
        command: What begins each command line, before the benchmark's name.
    """

    def __init__(
        self,
        folder: Path,
        *,
        anew: bool = False,
        command: Sequence[str] = (sys.executable, "-m", "bench"),
    ) -> None:
        self.folder = folder
        self._anew = anew
        self._command = command

    def announce(self, runs: Sequence[Run]) -> None:
        """What is to come, and for how long."""
        left = [run for run in runs if self._kept(run) is None]
        for run in runs:
            say(f"{run!s:44} {f'about {run.minutes:g} min' if run in left else 'measured already'}")
        say(f"about {sum(run.minutes for run in left):g} minutes on two cores; {self.folder}")

    def measure(self, run: Run, prefix: str = "") -> Outcome:
        """Never raises for what the benchmark does; KeyboardInterrupt ends it, too."""
        if (kept := self._kept(run)) is not None:
            return Report.from_json(kept.read_text())
        self.folder.mkdir(parents=True, exist_ok=True)
        log, part = (self._file(run, kind) for kind in ("log", "part"))
        say(f"==> {prefix}{run}, about {run.minutes:g} min; it says more in {log.name}")
        report = self._file(run, "json")
        for old in (report, part):
            old.unlink(missing_ok=True)
        began = time.monotonic()
        status = self._run(run, log, part)
        if status == 0 and part.exists():
            say(f"    measured in {(time.monotonic() - began) / 60:.1f} min")
            return Report.from_json(part.replace(report).read_text())
        why = (
            f"it took longer than {_limit(run) / 60:g} minutes"
            if status is None
            else reason(run.name, log.read_text(errors="replace"), status)
        )
        outcome = Unmeasured(str(run), why, failed=status != LACKING)
        say(f"    {'failed' if outcome.failed else 'skipped'}: {why}")
        return outcome

    def _file(self, run: Run, kind: str) -> Path:
        return self.folder / f"{run.slug}.{kind}"

    def _kept(self, run: Run) -> Path | None:
        file = self._file(run, "json")
        return file if file.exists() and not self._anew else None

    def _run(self, run: Run, log: Path, report: Path) -> int | None:
        """Its exit status; None: it took too long."""
        command = [*self._command, run.name, "--json", str(report), *run.options]
        with log.open("w") as output:
            child = subprocess.Popen(
                command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                return child.wait(_limit(run))
            except subprocess.TimeoutExpired:
                return None
            finally:
                stop(child)


def stop(child: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, so that it ends what it started; then by force."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def reason(name: str, log: str, status: int) -> str:
    """Why a benchmark has no report, of what it wrote and its exit status; one line."""
    told = re.findall(rf"^{name} (?:failed|not measured): (.+)$", log, re.MULTILINE)
    if told:
        return str(told[-1])
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    lines = log.split("\n")
    return f"exit status {status}: {next((line for line in reversed(lines) if line.strip()), '')}"


def state_of(root: Path) -> str | None:
    """Names the commit and what differs from it, files that git does not know included; None where
    git tells nothing."""
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD").decode().strip()
        changed = _git(root, "diff", "HEAD", "--binary")
        strangers = _git(root, "ls-files", "--others", "--exclude-standard", "-z").split(b"\0")
    except (OSError, subprocess.CalledProcessError):
        return None
    digest = hashlib.sha256(changed)
    for name in filter(None, strangers):
        path = root / name.decode(errors="surrogateescape")
        digest.update(name + (path.read_bytes() if path.is_file() else b""))
    return f"{commit}-{digest.hexdigest()[:8]}" if changed or any(strangers) else commit


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _limit(run: Run) -> float:
    """Seconds."""
    return 60 * (SLACK * run.minutes + 5)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


@contextmanager
def _ended_like_an_interrupt() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
