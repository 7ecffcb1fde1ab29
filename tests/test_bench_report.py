"""Figures of a benchmark: what is written down, and what the table makes of it."""

from __future__ import annotations

import json

import pytest

from bench.report import Machine, Report, percentiles
from bench.table import Unmeasured, the_rest, to_markdown
from bench.targets import ROWS, Target

MACHINE = Machine("a CPU", 2, 24.0, "Linux", "3.11", "1.1", "1.8", 0.1)


def report(bench: str = "hop", notes: tuple[str, ...] = (), **metrics: float) -> Report:
    return Report(bench, 20, metrics, notes, MACHINE)


def test_percentiles_are_of_other_values_than_those_given() -> None:
    found = percentiles(range(101))
    assert (found.p50, found.p95, found.p99, found.count) == (50, 95, 99, 101)
    assert found.metrics("hop") == {"hop_p50_ms": 50, "hop_p95_ms": 95, "hop_p99_ms": 99}


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_nothing_is_taken_for_a_measurement(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        percentiles(values)


def test_a_figure_that_is_no_number_reaches_the_json() -> None:
    with pytest.raises(ValueError, match="hop_p95_ms is nan"):
        report(hop_p95_ms=float("nan"))


def test_json_lacks_what_was_agreed_on() -> None:
    given = report(hop_p95_ms=101.23456)
    written = json.loads(given.to_json())
    assert set(written) == {"bench", "machine", "runs", "metrics"}
    assert written["metrics"] == {"hop_p95_ms": 101.235}
    assert written["machine"]["cores"] == 2
    assert Report.from_json(given.to_json()).metrics == written["metrics"]


def test_a_missed_target_looks_met() -> None:
    table = to_markdown([report(hop_p95_ms=121.0, hop_over_direct_p95_ms=60.0)])
    first, second = table.splitlines()[-2:]
    assert "**missed**" in first and "≤ 120" in first
    assert "met" in second and "missed" not in second


def test_a_figure_stands_without_its_baseline_of_the_same_run() -> None:
    table = to_markdown([report(hop_p95_ms=90.0, hop_p50_ms=80.0, direct_p95_ms=50.0)])
    assert "p50 80, p95 90 ms (n 20)" in table
    assert "plain track 50" in table
    assert "AvatarRunner" not in table


def test_a_model_is_held_to_the_target_of_the_embedded_one() -> None:
    given = report(hop_p95_ms=300.0, hop_over_direct_p95_ms=250.0, model_hop_p95_ms=300.0)
    table = to_markdown([given])
    assert "≤ 350" in table and "missed" not in table


def test_what_could_not_be_measured_is_passed_over_in_silence() -> None:
    table = to_markdown([report("network", notes=("no netem here",), wedges=0)])
    assert "- `network`: no netem here" in table


def test_the_reader_does_not_see_what_else_ran() -> None:
    table = to_markdown([report(hop_p95_ms=1), report("soak", wedges=0)])
    assert "Cores in use before each began: `hop` 0.1, `soak` 0.1" in table
    assert table.count("a CPU") == 1


def test_a_benchmark_without_figures_is_missing_in_the_table() -> None:
    lacking = Unmeasured("network", "no netem | here\nat all", failed=False)
    table = to_markdown(
        [report(hop_p95_ms=1), lacking, Unmeasured("kill", "it hangs", failed=True)]
    )
    assert table.splitlines()[-2:] == [
        r"| `network` | skipped: no netem \| here at all | | | |",
        "| `kill` | **failed**: it hangs | | | |",
    ]
    assert "a CPU" not in to_markdown([lacking])


def test_a_figure_outside_the_table_is_lost() -> None:
    assert the_rest(report(hop_p95_ms=1, stock_p50_ms=2, lost=0)) == [
        f"{'stock_p50_ms':32} 2",
        f"{'lost':32} 0",
    ]


@pytest.mark.parametrize(
    ("target", "text", "good", "bad"),
    [
        (Target(high=60), "≤ 60", 60, 60.1),
        (Target(low=3), "≥ 3", 3, 2.9),
        (Target(-10, 10), "±10", -10, -10.1),
        (Target(0, 0), "0", 0, 1),
    ],
)
def test_a_target_is_misread(target: Target, text: str, good: float, bad: float) -> None:
    assert str(target) == text
    assert target.met(good) and not target.met(bad)


def test_two_rows_show_the_same_figure() -> None:
    assert len({(row.bench, row.key) for row in ROWS}) == len(ROWS)
