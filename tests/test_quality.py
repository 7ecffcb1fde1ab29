"""Rate, then size: down at once when pictures miss their time, up only when they surely fit."""

from __future__ import annotations

import itertools
import random

import pytest

from avatar_worker.player.quality import (
    LADDER,
    LONGEST_PATIENCE,
    MISSES,
    PATIENCE,
    SETTLE,
    Level,
    Quality,
)

BOTTOM = LADDER[-1]


def record(quality: Quality, seconds: float, draw: float, *, misses: bool = False) -> list[Level]:
    """So many seconds of pictures; answers the levels on the way."""
    levels = [quality.level]
    passed = 0.0
    while passed < seconds - 1e-9:
        passed += quality.level.budget
        quality.record(draw, misses)
        if quality.level != levels[-1]:
            levels.append(quality.level)
    return levels


def machine(quality: Quality, seconds: float, full_draw: float) -> list[Level]:
    """A machine that draws a full picture in ``full_draw`` and misses where that is too slow."""
    levels = [quality.level]
    passed = 0.0
    while passed < seconds - 1e-9:
        level = quality.level
        draw = full_draw * level.scale**2
        passed += level.budget
        quality.record(draw, draw > level.budget)
        if quality.level != levels[-1]:
            levels.append(quality.level)
    return levels


def test_every_level_draws_as_many_pictures_as_it_says_evenly() -> None:
    for level in LADDER:
        drawn = [serial for serial in range(300) if level.draws(serial)]
        assert len(drawn) == 10 * level.rate
        gaps = {b - a for a, b in itertools.pairwise(drawn)}
        assert max(gaps) - min(gaps) <= 1


def test_a_lower_rate_that_was_asked_for_is_never_exceeded() -> None:
    quality = Quality(rate=15)
    assert quality.level == Level(rate=15) and quality.is_full
    record(quality, 1, 0.001, misses=True)
    assert not quality.is_full
    record(quality, 60, 0.001)
    assert quality.level == Level(rate=15) and quality.is_full


def test_a_machine_that_keeps_up_is_left_alone() -> None:
    quality = Quality()
    assert record(quality, 60, 0.010) == [LADDER[0]]
    assert quality.is_full


def test_a_miss_now_and_then_is_no_reason_to_go_down() -> None:
    quality = Quality()
    for second in range(60):
        quality.record(0.01, missed=True)
        quality.record(0.01, missed=second % 2 == 0)
        record(quality, 28 / 30, 0.01)
    assert quality.is_full


def test_a_few_misses_within_a_second_lower_the_rate_before_the_size() -> None:
    quality = Quality()
    for _ in range(MISSES - 1):
        quality.record(0.03, missed=True)
        record(quality, 0.1, 0.03)
    assert quality.is_full
    quality.record(0.03, missed=True)
    assert quality.level == Level(rate=20, scale=1.0)


def test_a_slow_beginning_is_not_held_against_the_machine() -> None:
    quality = Quality(warm_up=3.0)
    record(quality, 3, 0.1, misses=True)
    assert quality.is_full
    record(quality, 1, 0.1, misses=True)
    assert not quality.is_full


def test_steps_go_down_the_rates_and_then_the_sizes() -> None:
    quality = Quality()
    assert record(quality, 6, 0.001, misses=True) == list(LADDER)
    assert [(level.rate, level.scale) for level in LADDER] == [
        (30, 1.0), (20, 1.0), (15, 1.0), (10, 1.0), (10, 0.75), (10, 0.5)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("draw", "level"),
    [
        (0.045, Level(rate=20)),
        (0.060, Level(rate=15)),
        (0.090, Level(rate=10)),
        (0.150, Level(rate=10, scale=0.75)),
        (0.300, Level(rate=10, scale=0.5)),
        (2.000, Level(rate=10, scale=0.5)),
    ],
)
def test_overload_does_not_last_longer_than_a_second(draw: float, level: Level) -> None:
    quality = Quality()
    machine(quality, 1.0, draw)
    assert quality.level == level


def test_a_hitch_is_one_step_and_not_the_whole_ladder() -> None:
    quality = Quality()
    for _ in range(8):
        quality.record(0.02, missed=True)
    assert quality.level == LADDER[1]


def test_pictures_in_flight_during_a_change_are_not_held_against_the_new_level() -> None:
    quality = Quality()
    for _ in range(3):
        quality.record(0.02, missed=True)
    for _ in range(round(SETTLE * 20)):
        quality.record(0.02, missed=True)
    record(quality, 2, 0.02)
    assert quality.level == LADDER[1]


def test_it_comes_back_in_steps_of_some_seconds_when_there_is_room_again() -> None:
    quality = Quality()
    record(quality, 6, 0.001, misses=True)
    assert quality.level == BOTTOM
    assert record(quality, PATIENCE - 0.5, 0.004) == [BOTTOM]
    levels = record(quality, 120, 0.004)
    assert levels == list(reversed(LADDER))


def test_it_stays_down_while_the_level_above_would_not_fit() -> None:
    quality = Quality()
    machine(quality, 3, 0.06)
    assert quality.level.rate == 15
    assert record(quality, 300, 0.045) == [quality.level]  # 20 a second leave 50 ms


def test_a_larger_size_is_judged_by_its_pixels() -> None:
    quality = Quality()
    machine(quality, 3, 0.15)
    assert quality.level.scale == 0.75
    record(quality, 60, 0.05)  # at full size 89 ms of the 100 that there are
    assert quality.level.scale == 0.75
    record(quality, 60, 0.03)
    assert quality.level.scale == 1.0


def test_a_level_that_does_not_hold_is_tried_ever_more_rarely() -> None:
    """The draw time looks fine, and yet pictures are late: something else is in the way."""
    quality = Quality()
    seconds = 0.0
    ups = []
    while seconds < 600:
        before = quality.level
        seconds += before.budget
        quality.record(0.005, missed=before.rate == 30)
        if quality.level.rate > before.rate:
            ups.append(seconds)
    waits = [b - a for a, b in itertools.pairwise(ups)]
    assert all(b > a for a, b in itertools.pairwise(waits[:4]))
    assert len([up for up in ups if up > 300]) <= 300 / LONGEST_PATIENCE + 1


def test_a_level_that_has_held_is_given_back_as_soon_as_the_first_time() -> None:
    quality = Quality()
    for _ in range(5):
        record(quality, 0.2, 0.005, misses=True)
        record(quality, PATIENCE + 1, 0.005)
    record(quality, 120, 0.005)
    assert quality.is_full
    record(quality, 0.2, 0.005, misses=True)
    assert not quality.is_full
    record(quality, PATIENCE + SETTLE + 0.5, 0.005)
    assert quality.is_full


def test_random_timings_never_make_it_flap() -> None:
    chance = random.Random(1)
    for _ in range(20):
        quality = Quality()
        changes, seconds = 0, 0.0
        while seconds < 300:
            before = quality.level
            seconds += before.budget
            draw = chance.lognormvariate(-4, 0.6)
            quality.record(draw, missed=draw > before.budget * 1.5 or chance.random() < 0.02)
            changes += quality.level != before
        assert changes < 60


def test_frame_seconds_forget_what_is_more_than_two_seconds_ago() -> None:
    quality = Quality()
    assert quality.frame_seconds is None
    record(quality, 2, 0.020)
    record(quality, 2, 0.010)
    seconds = quality.frame_seconds
    assert seconds is not None and seconds.p50 == seconds.p95 == pytest.approx(0.010)


def test_a_picture_that_was_never_drawn_does_not_count_as_a_quick_one() -> None:
    quality = Quality()
    quality.record(0.020, missed=False)
    quality.record(0, missed=True)
    seconds = quality.frame_seconds
    assert seconds is not None and seconds.p50 == pytest.approx(0.020)
