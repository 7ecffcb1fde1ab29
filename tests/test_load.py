"""What a worker says of itself: full before pictures are late, and not before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avatar_worker.load import FULL, STALE, Board, Fullness, Processor, RoomLoad, measure

NOW = 1000.0
TARGET_LOAD = 0.7
"""LiveKit's server, ``agents.target_load``: a worker above it is not asked."""


def note(
    *, draw: float = 0.008, full_quality: bool = True, cores: float = 0.3, at: float = NOW
) -> RoomLoad:
    return RoomLoad(at, draw, full_quality, cores)


def full(
    count: int, each: RoomLoad, *, cores: float = 2, max_rooms: int = 100, rate: int = 30
) -> Fullness:
    jobs = [f"AJ_{i}" for i in range(count)]
    return measure(
        dict.fromkeys(jobs, 1.0),
        dict.fromkeys(jobs, each),
        max_rooms=max_rooms,
        cores=cores,
        now=NOW,
        rate=rate,
    )


def test_an_empty_worker_is_empty() -> None:
    assert measure({}, {}, max_rooms=6, cores=2, now=NOW).share == 0


def test_a_worker_of_no_rooms_is_full() -> None:
    assert measure({}, {}, max_rooms=0, cores=2, now=NOW).share >= FULL


def test_the_last_room_of_those_that_may_be_is_still_given() -> None:
    assert full(5, note(cores=0.01), max_rooms=6).share < FULL
    assert full(6, note(cores=0.01), max_rooms=6).share >= FULL


@pytest.mark.parametrize(("count", "fits"), [(1, True), (4, True), (5, False), (6, False)])
def test_one_more_room_must_fit_the_processor(count: int, fits: bool) -> None:
    assert (full(count, note(cores=0.35)).share < FULL) is fits


@pytest.mark.parametrize(
    ("count", "draw", "fits"),
    [
        (1, 0.020, True),  # one room a core: one more does not slow it down
        (2, 0.020, True),
        (2, 0.024, False),  # three on two cores take half as long again
        (9, 0.031, False),
    ],
)
def test_one_more_room_must_leave_time_to_draw(count: int, draw: float, fits: bool) -> None:
    assert (full(count, note(draw=draw, cores=0.05)).share < FULL) is fits


def test_drawing_that_takes_all_the_time_there_is_leaves_no_room_even_on_many_cores() -> None:
    assert full(1, note(draw=0.034, cores=0.5), cores=64).share >= FULL


@pytest.mark.parametrize(("rate", "fits"), [(30, False), (20, True), (10, True)])
def test_pictures_that_nobody_asked_for_keep_no_room_out(rate: int, fits: bool) -> None:
    assert (full(1, note(draw=0.040, cores=0.1), rate=rate).share < FULL) is fits


def test_rooms_below_full_quality_get_no_company() -> None:
    assert full(1, note(full_quality=False, cores=0.01)).share >= FULL


def test_a_room_that_is_stuck_does_not_keep_its_successor_out() -> None:
    stuck = note(at=NOW - STALE - 1, full_quality=False, draw=9.0, cores=2.0)
    assert full(1, stuck).share < FULL


def test_rooms_that_have_just_begun_are_counted_before_they_are_measured() -> None:
    weights = {"AJ_old": 1.0, "AJ_new": 1.0, "AJ_newer": 1.0}
    notes = {"AJ_old": note(cores=0.5)}
    assert measure(weights, notes, max_rooms=100, cores=2, now=NOW).share >= FULL
    assert measure({"AJ_old": 1.0}, notes, max_rooms=100, cores=2, now=NOW).share < FULL


def test_livekit_still_asks_a_worker_that_was_full_a_moment_ago() -> None:
    for fullness in (Fullness(0, 0, 0, 0), Fullness(1.0, 2.0, 2.0, 0), Fullness(0.1, 0, 0, 1)):
        assert fullness.reported < TARGET_LOAD


def test_livekit_is_told_which_worker_is_emptier() -> None:
    loads = [Fullness(share, 0, 0, 0).reported for share in (0.0, 0.3, 0.6, 1.0)]
    assert loads == sorted(set(loads))
    assert Fullness(0.1, 0, 0, behind=1).reported == loads[-1]


def test_the_board_tells_what_was_written_last(tmp_path: Path) -> None:
    board = Board(tmp_path)
    assert board.read("AJ_1") is None
    board.write("AJ_1", note(draw=0.1))
    board.write("AJ_1", note(draw=0.2))
    assert Board(tmp_path).read("AJ_1") == note(draw=0.2)
    board.forget("AJ_1")
    board.forget("AJ_1")
    assert board.read("AJ_1") is None


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"at": 1})])
def test_a_damaged_note_is_no_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "AJ_1.json").write_text(text)
    assert Board(tmp_path).read("AJ_1") is None


def test_notes_of_dead_rooms_do_not_pile_up(tmp_path: Path) -> None:
    board = Board(tmp_path)
    for job in ("AJ_1", "AJ_2", "AJ_3"):
        board.write(job, note())
    board.forget_all_but({"AJ_2"})
    assert [path.name for path in tmp_path.iterdir()] == ["AJ_2.json"]


def test_every_room_is_told_that_the_worker_stops(tmp_path: Path) -> None:
    room, worker = Board(tmp_path), Board(tmp_path)
    assert not room.is_draining
    worker.drain()
    worker.drain()
    assert room.is_draining


def test_the_processor_forgets_a_burst_after_some_seconds() -> None:
    now, used = 0.0, 0.0
    processor = Processor(lambda: used, lambda: now)
    assert processor.read() == 0
    for second in range(60):
        now += 1
        used += 2.0 if second < 5 else 0.25
        read = processor.read()
        if second == 4:
            assert read == pytest.approx(2.0)
    assert read == pytest.approx(0.25)
