"""A pause that sounds as if more were to come is waited out, and nobody waits for the judge."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import LanguageCode, stt
from numpy.typing import NDArray

from agent import tone as tones
from agent.brains import smart_turn
from agent.brains.hibari import Voice
from agent.listening import turns_only
from agent.tone import Tone
from bench.sounds import RATE

FINAL, PREFLIGHT = stt.SpeechEventType.FINAL_TRANSCRIPT, stt.SpeechEventType.PREFLIGHT_TRANSCRIPT
TEXT = "We bought a red car."
"""No rule of words takes it for half a sentence."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine judges, too."""
    monkeypatch.setattr(tones, "LATEST", 60.0)


def event(kind: stt.SpeechEventType, text: str = "") -> stt.SpeechEvent:
    data = [stt.SpeechData(language=LanguageCode("en"), text=text)] if text else []
    return stt.SpeechEvent(kind, alternatives=data)


async def frames(count: int = 3, rate: int = 16_000) -> AsyncIterator[rtc.AudioFrame]:
    for _ in range(count):
        yield rtc.AudioFrame(bytes(rate // 50 * 2), rate, 1, rate // 50)


async def heard(tone: Tone, *, rate: int = 16_000, count: int = 3) -> Tone:
    async for _ in tone.passing(frames(count, rate)):
        pass
    return tone


async def pause(tone: Tone) -> None:
    """One that a recogniser took for one, and that was judged."""
    tone.follow(event(PREFLIGHT, TEXT))
    assert tone._judging is not None
    await asyncio.wait({tone._judging})


async def finals(tone: Tone, text: str, wait: float, talking: bool = False) -> list[float]:
    """Seconds after which final texts come out that were said at once."""
    clock, over = asyncio.get_running_loop().time, asyncio.Event()
    begun, after = clock(), list[float]()

    async def events() -> AsyncIterator[stt.SpeechEvent]:
        yield event(FINAL, text)
        await over.wait()

    async for each in turns_only(events(), lambda: talking, wait=wait, tone=tone):
        if each.type == FINAL:
            after.append(clock() - begun)
            over.set()
    return after


async def test_a_pause_that_sounds_open_does_not_end_the_turn() -> None:
    tone = await heard(Tone(lambda _: 0.1))
    (after,) = await finals(tone, TEXT, wait=0.3)
    assert after >= 0.3


async def test_a_pause_that_sounds_like_an_end_is_not_waited_out() -> None:
    tone = await heard(Tone(lambda _: 0.9))
    (after,) = await finals(tone, TEXT, wait=30)
    assert after < 30


async def test_a_comma_makes_a_doubtful_pause_an_open_one() -> None:
    tone = await heard(Tone(lambda _: 0.4))
    assert (await finals(tone, TEXT, wait=30))[0] < 30
    assert (await finals(tone, TEXT.replace(".", ","), wait=0.3))[0] >= 0.3


async def test_a_short_answer_is_not_kept_waiting_by_its_sound() -> None:
    tone = await heard(Tone(lambda _: 0.0))
    assert (await finals(tone, "I think so.", wait=30))[0] < 30


async def test_who_cuts_in_is_not_kept_waiting_by_the_sound() -> None:
    tone = await heard(Tone(lambda _: 0.0))
    assert (await finals(tone, TEXT, wait=30, talking=True))[0] < 30


async def test_a_slow_judge_does_not_keep_the_answer_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tones, "LATEST", 0.05)
    over = threading.Event()
    tone = await heard(Tone(lambda _: float(over.wait(30)) * 0))
    is_open = await tone.is_open(TEXT, 0.5)
    over.set()
    assert not is_open


async def test_a_judge_that_fails_does_not_deafen_the_agent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: NDArray[np.int16]) -> float:
        raise FileNotFoundError("no weights")

    tone = await heard(Tone(broken))
    assert not await tone.is_open(TEXT, 0.5)
    assert not await tone.is_open(TEXT, 0.5)
    assert caplog.text.count("no weights") == 1


async def test_a_judgement_of_a_pause_does_not_outlive_it() -> None:
    chance = 0.1
    tone = await heard(Tone(lambda _: chance))
    await pause(tone)
    chance = 0.9
    assert not await tone.is_open(f"{TEXT} It was cheap.", 0.5)
    chance = 0.1
    await pause(tone)
    chance = 0.9
    tone.follow(event(stt.SpeechEventType.START_OF_SPEECH))
    assert not await tone.is_open(TEXT, 0.5)


async def test_a_judgement_that_was_begun_in_time_is_not_made_again() -> None:
    chance = 0.1
    tone = await heard(Tone(lambda _: chance))
    await pause(tone)
    chance = 0.9
    assert await tone.is_open(TEXT, 0.5)


async def test_it_remembers_no_more_than_it_judges_and_in_its_rate() -> None:
    judged: list[int] = []

    def judge(pcm: NDArray[np.int16]) -> float:
        judged.append(len(pcm))
        return 1.0

    tone = await heard(Tone(judge), rate=48_000, count=500)
    await tone.is_open(TEXT, 0.5)
    assert max(judged) / smart_turn.RATE == pytest.approx(
        smart_turn.SECONDS + tones.SILENCE, abs=0.1
    )


def test_a_sentence_cut_off_does_not_sound_like_a_whole_one() -> None:
    said = Voice().say("I met an old friend, and we talked for hours.")
    silence = np.zeros(smart_turn.RATE // 5)

    def chance(seconds: float) -> float:
        times = np.arange(0, seconds, 1 / smart_turn.RATE)
        pcm = np.interp(times, np.arange(len(said.pcm)) / RATE, said.pcm)
        return smart_turn.load().chance_of_end(np.concatenate([pcm, silence]).astype(np.int16))

    assert chance(said.words[4].end) < 0.5 < chance(len(said.pcm) / RATE)


def test_two_pauses_judged_at_once_do_not_take_the_process_down() -> None:
    """LiveKit's resampler does, where nothing of LiveKit was used before: a process of its own."""
    script = """
import threading
from livekit import rtc
from agent.tone import Tone
meet = threading.Barrier(2)
tone = Tone(lambda pcm: float(meet.wait() * 0))
def ask():
    tone._ask([rtc.AudioFrame(bytes(960), 24_000, 1, 480)])
threads = [threading.Thread(target=ask) for _ in range(2)]
for each in threads: each.start()
for each in threads: each.join()
print(rtc._ffi_client.FfiClient._instance)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert (ran.returncode, ran.stdout) == (0, "None\n"), ran.stderr
