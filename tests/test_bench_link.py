"""The bad network is as bad as it says."""

from __future__ import annotations

import random

import pytest

from bench.bad_link import QUEUE_SECONDS, Badness, Direction


def way(loss: float = 0, delay: float = 0.075, rate: float = 1e6) -> Direction:
    return Direction(Badness(loss, delay, rate), random.Random(0))


def test_a_lone_packet_comes_after_its_own_length_and_the_delay() -> None:
    assert way().offer(10.0, 1250) == pytest.approx(10.0 + 0.010 + 0.075)


def test_a_flood_comes_at_the_links_rate_and_what_is_too_much_is_lost() -> None:
    link = way()
    out = [link.offer(0.0, 1250) for _ in range(100)]
    came = [at for at in out if at is not None]
    assert came == sorted(came)
    assert came[-1] - came[0] == pytest.approx((len(came) - 1) * 0.010)
    assert len(came) == pytest.approx(QUEUE_SECONDS / 0.010, abs=2)


def test_the_share_of_lost_packets_is_the_one_asked_for() -> None:
    link = way(loss=0.03)
    lost = sum(link.offer(float(second), 100) is None for second in range(10_000))
    assert 250 < lost < 350


def test_packets_keep_their_order() -> None:
    link = way(loss=0.1)
    out = [link.offer(0.001 * index, 100 + index % 900) for index in range(500)]
    came = [at for at in out if at is not None]
    assert came == sorted(came)
