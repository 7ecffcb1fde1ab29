"""A hum over the voice is no turn, half a sentence is not yet one, and a faint echo is nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import LanguageCode, stt
from livekit.agents.voice import io

from agent.gate import HOLD, Gate
from agent.listening import breaks_off, is_hum, turns_only

FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT
INTERIM = stt.SpeechEventType.INTERIM_TRANSCRIPT
Said = tuple[stt.SpeechEventType, str] | float
"""What a recogniser writes, or seconds that pass."""
SPEECH, SILENCE = (
    (stt.SpeechEventType.START_OF_SPEECH, ""),
    (stt.SpeechEventType.END_OF_SPEECH, ""),
)


async def listen(*said: Said, talking: bool = False, wait: float = 30.0) -> list[str]:
    """The final texts that come out; those that were waiting come at the end in any case."""

    async def events() -> AsyncIterator[stt.SpeechEvent]:
        for each in said:
            if isinstance(each, float):
                await asyncio.sleep(each)
                continue
            kind, text = each
            data = [stt.SpeechData(language=LanguageCode("en"), text=text)] if text else []
            yield stt.SpeechEvent(kind, alternatives=data)

    texts = []
    async for event in turns_only(events(), lambda: talking, wait):
        if event.type == FINAL:
            texts.append(event.alternatives[0].text)
    return texts


@pytest.mark.parametrize("text", ["Mhm.", "Mm-hmm", "uh huh", "Hmm, hmm.", "Oh!", "Aha."])
def test_a_hum_is_not_taken_for_a_turn(text: str) -> None:
    assert is_hum(text)


@pytest.mark.parametrize("text", ["", "...", "Yeah.", "Okay.", "No.", "Stop!", "Oh no.", "Hum it."])
def test_a_word_is_not_taken_for_a_hum(text: str) -> None:
    assert not is_hum(text)


@pytest.mark.parametrize("text", ["If it rains,", "I would like to go to the.", "Well, um", "So…"])
def test_half_a_sentence_is_not_taken_for_a_whole_one(text: str) -> None:
    assert breaks_off(text)


@pytest.mark.parametrize("text", ["", "Yes.", "What for?", "I do.", "Where is it from?", "Stop!"])
def test_a_whole_sentence_is_not_kept_waiting(text: str) -> None:
    assert not breaks_off(text)


async def test_a_hum_over_the_voice_does_not_stop_it() -> None:
    assert await listen((INTERIM, "Mm"), (FINAL, "Mm-hmm."), talking=True) == [""]


async def test_a_hum_that_answers_is_not_lost() -> None:
    assert await listen((FINAL, "Mm-hmm.")) == ["Mm-hmm."]


@pytest.mark.parametrize("text", ["Stop!", "Stop,", "No, um", "Wait a", "If I may,  then"])
async def test_a_word_over_the_voice_is_not_lost_or_kept_waiting(text: str) -> None:
    assert await listen((FINAL, text), 0.2, talking=True) == [text]


async def test_a_pause_for_thought_does_not_make_two_turns() -> None:
    said = await listen(
        SPEECH,
        SILENCE,
        (FINAL, "If it rains,"),
        SPEECH,
        (INTERIM, "should we"),
        SILENCE,
        (FINAL, "should we stay?"),
    )
    assert said == ["If it rains, should we stay?"]


async def test_half_a_sentence_is_not_lost_when_nothing_follows() -> None:
    assert await listen((FINAL, "I would like to"), 0.2, wait=0.01) == ["I would like to"]


async def test_half_a_sentence_does_not_end_the_turn_while_its_other_half_is_said() -> None:
    said = await listen(
        SPEECH, SILENCE, (FINAL, "If"), SPEECH, (FINAL, "I mean,"), SPEECH, 0.2, wait=0.01
    )
    assert said == ["If I mean,"]


class Microphone(io.AudioInput):
    def __init__(self, *peaks: float) -> None:
        super().__init__(label="microphone")
        self._peaks = iter(peaks)

    async def __anext__(self) -> rtc.AudioFrame:
        try:
            peak = next(self._peaks)
        except StopIteration:
            raise StopAsyncIteration from None
        pcm = np.full(480, round(32767 * peak), np.int16)
        return rtc.AudioFrame(pcm.tobytes(), 24_000, 1, 480)


async def through(*peaks: float, speaking: bool) -> list[bool]:
    return [any(frame.data) async for frame in Gate(Microphone(*peaks), lambda: speaking)]


async def test_a_faint_echo_does_not_pass() -> None:
    assert await through(0.005, speaking=True) == [False]


async def test_a_quiet_person_does_not_vanish_while_nobody_else_speaks() -> None:
    assert await through(0.005, speaking=False) == [True]


async def test_the_end_of_a_word_is_not_cut_off() -> None:
    frames = round(HOLD / 0.02) - 1  # 20 ms each
    passed = await through(0.1, *[0.005] * (frames + 9), speaking=True)
    assert all(passed[:frames])
    assert not passed[-1]
