"""All benchmarks in a row: none spoils the others, nothing is lost, nothing is left unsaid."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from bench import series
from bench.__main__ import load
from bench.plan import PLAN, Run, plan
from bench.report import Report
from bench.series import Series, reason, state_of
from bench.table import Unmeasured
from bench.targets import ROWS

FAKES = (sys.executable, "-m", "tests.fake_benchmarks")
AT_ONCE = -1.66
"""Minutes that leave a benchmark a moment."""


class Stage:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "kept"
        self.count = folder / "count"

    def run(self, name: str, minutes: float = 5.0) -> Run:
        return Run(name, ("--count", str(self.count)), minutes)

    def series(self, *, anew: bool = False) -> Series:
        return Series(self.folder, anew=anew, command=FAKES)

    @property
    def measured(self) -> list[str]:
        return self.count.read_text().split()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_what_was_measured_is_lost_with_the_run(stage: Stage) -> None:
    run = stage.run("hop")
    first = stage.series().measure(run)
    assert isinstance(first, Report) and first.metrics == {"hop_p95_ms": 90.0}
    assert first.machine.load_before == 0.5
    assert stage.series().measure(run) == first
    assert stage.measured == ["hop"]
    assert isinstance(stage.series(anew=True).measure(run), Report)
    assert stage.measured == ["hop", "hop"]


def test_other_options_are_taken_for_the_same_measurement(stage: Stage) -> None:
    short, long = (Run("soak", ("--minutes", minutes), 1) for minutes in ("2", "10"))
    assert short.slug != long.slug


@pytest.mark.parametrize(
    ("name", "why", "failed"),
    [
        ("network", "no netem", False),
        ("sync", "ValueError: only 3 clicks were seen", True),
        ("kill", "ended by SIGKILL", True),
    ],
)
def test_nobody_learns_why_there_is_no_figure(
    stage: Stage, name: str, why: str, failed: bool
) -> None:
    outcome = stage.series().measure(stage.run(name))
    assert isinstance(outcome, Unmeasured)
    assert (outcome.why, outcome.failed) == (why, failed)


def test_one_that_hangs_stops_the_others(stage: Stage) -> None:
    outcome = stage.series().measure(stage.run("soak", AT_ONCE))
    assert isinstance(outcome, Unmeasured)
    assert outcome.failed and "took longer" in outcome.why


def test_one_without_a_figure_counts_as_measured(stage: Stage) -> None:
    for _ in range(2):
        stage.series().measure(stage.run("network"))
    assert stage.measured == ["network", "network"]


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (("hop", "network"), 0),
        (("network", "sync", "hop"), "failed: sync"),
    ],
)
def test_one_that_fails_takes_the_others_with_it_or_goes_unnoticed(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    names: tuple[str, ...],
    status: int | str,
) -> None:
    monkeypatch.setattr(series, "plan", lambda **_: [stage.run(name) for name in names])
    monkeypatch.setattr(series, "Series", partial(Series, command=FAKES))
    monkeypatch.setattr(series, "KEPT", stage.folder)
    file = stage.folder.parent / "all.json"
    with pytest.raises(SystemExit) as ended:
        series.run_all(["--json", str(file)])
    code = ended.value.code
    assert code == status or str(code).startswith(f"{status} ")
    table = capsys.readouterr().out
    assert "≤ 120" in table and "skipped: no netem" in table
    assert [found["bench"] for found in json.loads(file.read_text())] == ["hop"]
    [kept] = stage.folder.glob("*/table.md")
    assert kept.read_text() == table


def test_a_reason_is_read_from_somebody_elses_line() -> None:
    log = "sync failed: no\nhop failed: first\nTraceback\nhop failed: second\ncleaning up\n"
    assert reason("hop", log, 1) == "second"
    assert reason("turn", log, 2) == "exit status 2: cleaning up"


def test_a_change_of_the_code_keeps_the_figures_of_before(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        names = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        command = ["git", "-C", str(tmp_path), *names, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    assert state_of(tmp_path) is None
    git("init")
    code = tmp_path / "code.py"
    code.write_text("1")
    git("add", ".")
    git("commit", "-m", "one")
    states = [state_of(tmp_path)]
    assert state_of(tmp_path) == states[0]
    code.write_text("2")
    states.append(state_of(tmp_path))
    (tmp_path / "more.py").write_text("3")
    states.append(state_of(tmp_path))
    (tmp_path / "more.py").write_text("4")
    states.append(state_of(tmp_path))
    git("add", ".")
    git("commit", "-m", "two")
    states.append(state_of(tmp_path))
    assert None not in states and len(set(states)) == len(states)


@pytest.mark.parametrize("quick", [False, True])
def test_a_benchmark_is_planned_with_options_that_it_does_not_know(quick: bool) -> None:
    for run in plan(quick=quick):
        parser = argparse.ArgumentParser(exit_on_error=False)
        load(run.name).add_arguments(parser)
        assert parser.parse_args(run.options)


def test_a_benchmark_shows_nothing_in_the_table() -> None:
    assert {entry.name for entry in PLAN} <= {row.bench for row in ROWS}


def test_a_short_run_is_no_shorter() -> None:
    for entry in PLAN:
        assert entry.run(quick=True).minutes <= entry.run(quick=False).minutes


def test_a_name_that_is_misspelt_measures_nothing() -> None:
    assert [run.name for run in plan(quick=False, only=["kill", "hop"])] == ["hop", "hop", "kill"]
    with pytest.raises(ValueError, match="no benchmark hops: use bargein, "):
        plan(quick=False, only=["hops"])
