"""What the page's own drawing is said to be like."""

from __future__ import annotations

import pytest

from bench.drawn import CLEAR, Seen, _describe

TRAFFIC = {"video": 0.0, "audio": 5000.0, "weights": 7000.0, "packets": 30.0}


@pytest.mark.parametrize("correlation", [0.07, CLEAR, 0.6])
def test_an_offset_is_not_read_out_of_noise(correlation: float) -> None:
    found = _describe("drawn_", Seen(-0.4, correlation, 3.0, TRAFFIC, 0.4))
    assert ("drawn_offset_ms" in found) == (correlation >= CLEAR)
    assert found["drawn_correlation"] == correlation and found["drawn_packets"] == 30
