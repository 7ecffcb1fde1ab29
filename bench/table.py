"""Reports as a Markdown table: each figure with its baseline of the same run and its target."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.report import Machine, Report
from bench.targets import ROWS, Row


@dataclass(frozen=True)
class Unmeasured:
    """Takes the place of a report that there is none of."""

    bench: str
    """Its name, with its options."""
    why: str
    failed: bool
    """Not merely that something is missing which it needs."""


Outcome = Report | Unmeasured


def to_markdown(outcomes: Sequence[Outcome]) -> str:
    """One table of all ``outcomes``, the machine above it and the reports' notes below."""
    reports = [outcome for outcome in outcomes if isinstance(outcome, Report)]
    lines = list(dict.fromkeys(describe(report.machine) for report in reports))
    if loads := _loads(reports):
        lines.append(f"Cores in use before each began: {loads}")
    lines += [
        "",
        "| | measured | baseline, same run | target | |",
        "|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        if isinstance(outcome, Unmeasured):
            lines.append(_excuse(outcome))
        else:
            lines += [_line(row, outcome) for row in ROWS if _applies(row, outcome)]
    notes = [f"- `{report.bench}`: {note}" for report in reports for note in report.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes]).lstrip("\n")


def describe(machine: Machine) -> str:
    return (
        f"{machine.cores} × {machine.cpu}, {machine.memory_gib:g} GiB, Python {machine.python}, "
        f"livekit {machine.livekit}"
    )


def _loads(reports: Sequence[Report]) -> str:
    return ", ".join(
        f"`{report.bench}` {report.machine.load_before:g}"
        for report in reports
        if report.machine.load_before is not None
    )


def _excuse(outcome: Unmeasured) -> str:
    what = "**failed**" if outcome.failed else "skipped"
    why = " ".join(outcome.why.split()).replace("|", "\\|")
    return f"| `{outcome.bench}` | {what}: {why} | | | |"


def the_rest(report: Report) -> list[str]:
    """``key value`` of every figure that the table does not show."""
    shown = {key for row in ROWS if _applies(row, report) for key in _keys(row)}
    return [
        f"{name:32} {_number(value)}" for name, value in report.metrics.items() if name not in shown
    ]


def _applies(row: Row, report: Report) -> bool:
    metrics = report.metrics
    return row.bench == report.bench and row.key in metrics and row.unless not in metrics


def _keys(row: Row) -> Iterable[str]:
    yield row.key
    yield from (_other(row.key, p) for p in (50, 99))
    yield from (key for _, key in row.baselines)


def _line(row: Row, report: Report) -> str:
    metrics, value = report.metrics, report.metrics[row.key]
    baselines = ", ".join(
        f"{name} {_number(metrics[key])}" for name, key in row.baselines if key in metrics
    )
    target = "" if row.target is None else str(row.target)
    verdict = "" if row.target is None else ("met" if row.target.met(value) else "**missed**")
    cells = (f"`{row.bench}` {row.what}", _spread(row.key, report), baselines, target, verdict)
    return f"| {' | '.join(cells)} |"


def _spread(key: str, report: Report) -> str:
    unit = _unit(key)
    if "_p95_" not in key:
        return f"{_number(report.metrics[key])}{unit} (n {report.runs})"
    parts = [
        f"p{p} {_number(report.metrics[name])}"
        for p in (50, 95, 99)
        if (name := _other(key, p)) in report.metrics
    ]
    return f"{', '.join(parts)}{unit} (n {report.runs})"


def _other(key: str, percentile: int) -> str:
    return key.replace("_p95_", f"_p{percentile}_")


def _unit(key: str) -> str:
    found = re.search(r"_(ms|mb|s)$", key)
    return f" {found[1].replace('mb', 'MB')}" if found else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
