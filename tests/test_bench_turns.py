"""Trials of who gets to speak run in the audio's time, through a conversation's real ears."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from agent.brains.moonshine import Ears
from bench import audio_time
from bench.turn_cases import LEAD, Case, cases, voice
from bench.turn_trial import Outcome, run_trial
from bench.turns import Setting, metrics


def in_audio_time(case: Case, ears: Ears) -> Outcome:
    parts, said = Setting.in_use().parts(ears), voice() if case.speaking else None
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(
            lambda: audio_time.run(lambda: run_trial(parts, case.heard, said, case.echo))
        ).result()


@pytest.fixture(scope="module")
def found() -> dict[str, Case]:
    return {case.kind: case for case in cases(1, np.random.default_rng(0))}


@pytest.fixture(scope="module")
def ears() -> Ears:
    return Ears()


def test_an_hour_of_audio_does_not_take_an_hour() -> None:
    async def wait() -> tuple[float, float]:
        begun = time.time()
        await asyncio.sleep(3600)
        return begun, time.time()

    before = time.monotonic()
    begun, ended = audio_time.run(wait)
    assert ended - begun == pytest.approx(3600)
    assert time.monotonic() - before < 60


def test_the_clock_does_not_run_ahead_of_work() -> None:
    async def work() -> float:
        slow = asyncio.create_task(asyncio.to_thread(time.sleep, 0.05))
        timer = asyncio.create_task(asyncio.sleep(1))
        await asyncio.wait({slow, timer}, return_when=asyncio.FIRST_COMPLETED)
        assert slow.done()
        assert not timer.done()
        timer.cancel()
        return asyncio.get_running_loop().time()

    assert audio_time.run(work) == 0


def test_a_cut_in_does_not_go_unheard(found: dict[str, Case], ears: Ears) -> None:
    outcome = in_audio_time(found["cut_in"], ears)
    assert outcome.stopped is not None
    assert 0 < outcome.pauses[0] - LEAD < 0.45
    assert outcome.heard


def test_a_breath_does_not_stop_the_voice(found: dict[str, Case], ears: Ears) -> None:
    outcome = in_audio_time(found["breath"], ears)
    assert outcome.stopped is None


def test_figures_do_not_count_a_pause_as_a_stop() -> None:
    case = Case("cough", np.zeros(1), 1.4, 1.8, speaking=True)
    paused = Outcome((1.6,), (2.4,), None, (), ())
    stopped = Outcome((1.6,), (), 2.2, (2.2,), ("Hm",))
    of = metrics({"cough": [(case, paused), (case, stopped)]})
    assert (of["false_stop_percent"], of["false_pause_percent"]) == (50, 100)
    assert of["false_pause_p50_ms"] == pytest.approx(800)


def test_a_turn_that_ends_in_a_pause_is_not_called_right() -> None:
    case = Case("clause", np.zeros(1), 0.5, 4.0, speaking=False)
    early, right = Outcome((), (), None, (2.0, 4.4), ()), Outcome((), (), None, (4.6,), ())
    of = metrics({"clause": [(case, early), (case, right)]})
    assert of["clause_false_end_percent"] == 50
    assert of["end_of_turn_p50_ms"] == pytest.approx(500)
