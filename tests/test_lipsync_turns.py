"""Streams that take turns at one model."""

from __future__ import annotations

import functools
import threading

import pytest

from avatar_worker.lipsync.turns import InferenceRefused, InferenceTurns


class Clock:
    """Moves on only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float) -> float:
        self.now += seconds
        return seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_two_inferences_run_at_once_or_out_of_order() -> None:
    turns, order = InferenceTurns(patience=60), list[int]()
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go_on.wait()

    threads = [threading.Thread(target=turns.run, args=(hold,), daemon=True)]
    threads[0].start()
    begun.wait()
    for number in range(3):
        note = functools.partial(order.append, number)
        thread = threading.Thread(target=turns.run, args=(note,), daemon=True)
        thread.start()
        threads.append(thread)
        while turns.waiting <= number:
            pass
    assert order == []
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2]


def test_queue_grows_without_end() -> None:
    turns = InferenceTurns(most_waiting=0)
    with pytest.raises(InferenceRefused, match="0 others wait"):
        turns.run(lambda: turns.run(lambda: None))
    assert turns.run(lambda: 7) == 7


def test_request_waits_for_ever() -> None:
    turns = InferenceTurns(patience=0)
    with pytest.raises(InferenceRefused, match=r"not free within 0\.0 s"):
        turns.run(lambda: turns.run(lambda: None))
    assert turns.run(lambda: 7) == 7


def test_request_waits_in_vain(clock: Clock) -> None:
    """Of one that would come too late one knows it at once."""
    turns = InferenceTurns(patience=1, clock=clock)
    turns.run(lambda: clock.spend(1.5))
    assert turns.expected == 1.5
    with pytest.raises(InferenceRefused, match=r"1 before it would take 1\.5 s"):
        turns.run(lambda: turns.run(lambda: None))


def test_slow_inference_is_refused_with_nobody_before_it(clock: Clock) -> None:
    turns = InferenceTurns(patience=1, clock=clock)
    turns.run(lambda: clock.spend(5))
    assert turns.run(lambda: clock.spend(0.1)) == 0.1
    assert turns.expected == pytest.approx(0.1)


def test_failed_inference_keeps_its_turn() -> None:
    turns = InferenceTurns(patience=0)
    with pytest.raises(ZeroDivisionError):
        turns.run(lambda: 1 / 0)
    assert turns.run(lambda: 7) == 7


def test_recording_is_hurried() -> None:
    turns = InferenceTurns.without_hurry()
    for _ in range(3):
        assert turns.run(lambda: 7) == 7
        assert turns.expected == 0


def test_machine_that_was_busy_once_is_slow_for_ever(clock: Clock) -> None:
    turns = InferenceTurns(clock=clock)
    turns.run(lambda: clock.spend(1.5))
    assert turns.expected == 1.5
    clock.spend(61)
    assert turns.expected == 0
