"""Trials of who gets to speak run in the audio's time, through a conversation's real ears."""

from __future__ import annotations

import asyncio
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from agent.brains.moonshine import Ears
from bench import audio_time
from bench.recorded import recordings
from bench.sounds import RATE
from bench.turn_cases import LEAD, Case, cases
from bench.turn_figures import by_kind, metrics, share
from bench.turn_trial import Outcome, run_trial
from bench.turns import Setting


def in_audio_time(case: Case, ears: Ears) -> Outcome:
    parts = Setting.in_use().parts(ears)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(
            lambda: audio_time.run(lambda: run_trial(parts, case.heard, case.voice, case.echo))
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


CASE = Case("cough", np.zeros(1), 0.5, 4.0)


def test_figures_do_not_count_a_pause_as_a_stop() -> None:
    paused = Outcome((1.6,), (2.4,), None, (), ())
    stopped = Outcome((1.6,), (), 2.2, (2.2,), ("Hm",))
    of = metrics({"cough": [(CASE, paused), (CASE, stopped)]})
    assert (of["false_stop_percent"], of["false_pause_percent"]) == (50, 100)
    assert of["false_pause_p50_ms"] == pytest.approx(800)


def test_a_voice_that_never_goes_on_is_not_called_paused() -> None:
    stuck = Outcome((1.6, 3.0), (2.4,), None, (), ())
    assert metrics({"recorded cough": [(CASE, stuck)]})["false_stop_percent"] == 100


def test_a_turn_that_ends_in_a_pause_is_not_called_right() -> None:
    early, right = Outcome((), (), None, (2.0, 4.4), ()), Outcome((), (), None, (4.6,), ())
    of = metrics({"open": [(CASE, early), (CASE, right)], "whole": [(CASE, right)]})
    assert of["open_false_end_percent"] == 50
    assert of["end_of_turn_p50_ms"] == pytest.approx(600)


def test_a_share_of_few_trials_is_not_given_as_certain() -> None:
    assert share(0, 30) == "0 % (0–11)"
    assert share(15, 30) == "50 % (33–67)"
    early = Outcome((), (), None, (2.0, 4.4), ())
    assert "| open | 1 | 100 % (21–100) | 0.40 s | 0.40 s |" in by_kind({"open": [(CASE, early)]})


def test_a_recording_does_not_change_its_length_with_its_rate(tmp_path: Path) -> None:
    (tmp_path / "cough").mkdir()
    with wave.open(str(tmp_path / "cough" / "one.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.full(8000, 3000, np.int16).tobytes())
    ((kind, sound),) = recordings(tmp_path, 3)
    assert kind == "recorded cough"
    assert len(sound) == pytest.approx(12_000, abs=3)
    assert sound.max() == pytest.approx(1)


def test_a_pause_is_not_where_the_sentence_ends(found: dict[str, Case]) -> None:
    heard, end = found["open"].heard, round(found["open"].end * RATE)
    frames = np.abs(heard[: end // 480 * 480]).reshape(-1, 480).max(axis=1)
    loud = np.flatnonzero(frames > 0.1 * frames.max())
    assert np.diff(loud).max() * 0.02 >= 0.3
    assert len(heard) / RATE - found["open"].end > 2
