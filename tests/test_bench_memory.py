"""Memory slopes: of what grows, not of what comes and goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.memory import INTERVAL, Memory, Sample
from bench.soak import drift


def grow(memory: Memory, key: tuple[str, int], start: float, end: float, per_second: float) -> None:
    for at in np.arange(start, end, INTERVAL):
        memory.samples[key].append(Sample(at, 100 + per_second * at, 50 + per_second * at))


def test_growth_is_told_per_ten_minutes_and_by_program() -> None:
    memory = Memory()
    grow(memory, ("agent", 1), 0, 600, 0.01)
    grow(memory, ("avatar", 2), 0, 600, 0.002)
    slopes = memory.slopes(100)
    assert slopes["rss_slope_mb_per_10min"] == pytest.approx(7.2)
    assert slopes["agent_rss_slope_mb_per_10min"] == pytest.approx(6)
    assert slopes["avatar_uss_slope_mb_per_10min"] == pytest.approx(1.2)


def test_a_spare_process_that_appears_is_not_a_leak() -> None:
    memory = Memory()
    grow(memory, ("avatar", 1), 0, 600, 0)
    grow(memory, ("avatar", 2), 300, 600, 0.5)
    grow(memory, ("avatar", 3), 0, 200, 0.5)
    assert memory.slopes(100)["rss_slope_mb_per_10min"] == pytest.approx(0)


def test_too_short_a_time_is_said_and_not_extrapolated() -> None:
    memory = Memory()
    grow(memory, ("agent", 1), 0, 30, 0.01)
    with pytest.raises(ValueError, match="longer"):
        memory.slopes(20)


def test_samples_are_not_lost_with_the_slopes_that_come_of_them(tmp_path: Path) -> None:
    memory = Memory()
    memory.samples["agent", 7].append(Sample(at=12.34, rss=100.0, uss=60.5))
    memory.write(tmp_path / "samples.csv")
    assert (tmp_path / "samples.csv").read_text().splitlines() == [
        "program,pid,seconds,rss_mb,uss_mb",
        "agent,7,12.3,100.0,60.5",
    ]


def test_drift_needs_three_answers() -> None:
    assert drift(np.zeros((2, 2))) == {}
    found = drift(np.array([[0.0, 5.0], [300.0, 6.0], [600.0, 7.0]]))
    assert found["offset_slope_ms_per_10min"] == pytest.approx(2)
