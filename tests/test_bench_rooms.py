"""Rooms at once: whose CPU is whose, and when one more is too many."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from bench.room_loads import Load, by_part, figures, spent
from bench.rooms_worker import Ledger, read_threads

PARTS = {"render": 0.3, "lips": 0.03, "encode": 0.15, "voice": 0.0, "network": 0.0, "other": 0.02}
ONE = Load(1, 0.55, 300.0, 30.0, 12.0, True, PARTS)
EMPTY = replace(ONE, rooms=0, cores=0.05, megabytes=200.0)


def test_cpu_is_given_to_another_part() -> None:
    before = [Ledger(7, 100.0, {"visavis-draw": 1.0, "VideoEncoderQue": 2.0})]
    after = [
        Ledger(7, 110.0, {"visavis-draw": 4.0, "VideoEncoderQue": 3.0, "visavis-lips_0": 0.5}),
        Ledger(8, 110.0, {"visavis-draw": 9.0}),  # it came in between
    ]
    threads = spent(before, after)
    assert threads == pytest.approx(
        {"visavis-draw": 0.3, "VideoEncoderQue": 0.1, "visavis-lips_0": 0.05}
    )
    parts = by_part(threads | {"MainThread": 0.02})
    assert parts["render"] == pytest.approx(0.3)
    assert parts["lips"] == pytest.approx(0.05)
    assert parts["encode"] == pytest.approx(0.1)
    assert parts["other"] == pytest.approx(0.02)


def test_a_room_too_many_counts() -> None:
    two = replace(
        ONE, rooms=2, cores=1.0, megabytes=380.0, parts={k: 2 * v for k, v in PARTS.items()}
    )
    for bad in (replace(two, rate=25.0), replace(two, is_full=False), replace(two, frame_ms=34.0)):
        found = figures([EMPTY, ONE, bad], [], [], cores=1)
        assert found["rooms_per_core"] == 1
    found = figures([EMPTY, ONE, two], [], [], cores=2)
    assert found["rooms_per_core"] == 1
    assert found["rooms_at_once"] == 2
    assert found["mb_per_room"] == pytest.approx(90)
    assert found["cpu_ms_per_frame_render"] == pytest.approx(10)
    assert found["cpu_share_encoder"] == pytest.approx(0.3)


def test_a_machine_too_slow_for_one_room_breaks_the_report() -> None:
    found = figures([EMPTY, replace(ONE, rate=12.0)], [], [], cores=1)
    assert found["rooms_per_core"] == 0
    assert found["fps_worst_room"] == 12


def test_threads_are_nameless() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="visavis-draw")
    thread.start()
    try:
        assert "visavis-draw" in read_threads().threads
    finally:
        done.set()
        thread.join()


def test_voices_are_not_told_in_rooms() -> None:
    voices = [replace(EMPTY, cores=0.1), replace(ONE, rooms=2, cores=0.3, megabytes=250.0)]
    found = figures([EMPTY, ONE], voices, voices, cores=1)
    assert found["voice_rooms_per_core"] == pytest.approx(10)
    assert found["voice_mb_per_room"] == pytest.approx(25)
    assert found["stock_cores_per_room"] == pytest.approx(0.1)
    assert "stock_rooms_per_core" not in found  # it has no face, and fewer pictures
