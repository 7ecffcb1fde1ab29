"""A hum over the voice is no turn, half a sentence is not yet one, and a faint echo is nobody."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import LanguageCode, stt
from livekit.agents.voice import io

from agent.assistant import Assistant
from agent.gate import ENOUGH, HOLD, Gate
from agent.listening import WRITING, turns_only
from agent.manner import Manner
from agent.wording import breaks_off, is_assent, is_hum

FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT
INTERIM = stt.SpeechEventType.INTERIM_TRANSCRIPT
Said = tuple[stt.SpeechEventType, str] | float
"""What a recogniser writes, or seconds that pass."""
SPEECH, SILENCE = (
    (stt.SpeechEventType.START_OF_SPEECH, ""),
    (stt.SpeechEventType.END_OF_SPEECH, ""),
)


def event(kind: stt.SpeechEventType, text: str) -> stt.SpeechEvent:
    data = [stt.SpeechData(language=LanguageCode("en"), text=text)] if text else []
    return stt.SpeechEvent(kind, alternatives=data)


async def listen(*said: Said, talking: bool = False, wait: float = 30.0) -> list[str]:
    """The final texts that come out; those that were waiting come at the end in any case."""

    async def events() -> AsyncIterator[stt.SpeechEvent]:
        for each in said:
            if isinstance(each, float):
                await asyncio.sleep(each)
                continue
            yield event(*each)

    texts = []
    async for each in turns_only(events(), lambda: talking, wait=wait):
        if each.type == FINAL:
            texts.append(each.alternatives[0].text)
    return texts


@pytest.mark.parametrize("text", ["Mhm.", "Mm-hmm", "uh huh", "Hmm, hmm.", "Oh!", "Aha."])
def test_a_hum_is_not_taken_for_a_turn(text: str) -> None:
    assert is_hum(text)


@pytest.mark.parametrize("text", ["", "...", "Yeah.", "Okay.", "No.", "Stop!", "Oh no.", "Hum it."])
def test_a_word_is_not_taken_for_a_hum(text: str) -> None:
    assert not is_hum(text)


@pytest.mark.parametrize("text", ["Yeah.", "Okay, right.", "Mhm, I see.", "Uh-huh."])
def test_an_assent_is_not_taken_for_a_turn(text: str) -> None:
    assert is_assent(text)


@pytest.mark.parametrize("text", ["", "Yes.", "No.", "Right, and then?", "Okay, stop.", "See me?"])
def test_an_answer_is_not_taken_for_an_assent(text: str) -> None:
    assert not is_assent(text)


@pytest.mark.parametrize(
    "text",
    [
        "If it rains tomorrow.",
        "I would like to go to the.",
        "Well, um",
        "So…",
        "So?",
        "Could you tell me about?",
        "Do you know where?",
        "What I really want is.",
        "My favourite colour is.",
        "My favourite colour is ah.",
        "Can you tell me, in a few words,",
        "Do you think that we?",
        "I was going to ask you.",
        "Our daughter, who is seven.",
        "My number is 555.",
    ],
)
def test_half_a_sentence_is_not_taken_for_a_whole_one(text: str) -> None:
    assert breaks_off(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "What for?",
        "I do.",
        "Where is it from?",
        "Stop!",
        "Yes, it is.",
        "I know what it is.",
        "Tell me what you are thinking of.",
        "When do you go to bed?",
        "I do not know where.",
        "Who is he?",
        "Because I like it.",
        "If you like.",
        "My name is Anna,",
        "Ah.",
        "So, thank you,",
        "My number is 5551234.",
    ],
)
def test_a_whole_sentence_is_not_kept_waiting(text: str) -> None:
    assert not breaks_off(text)


@pytest.mark.parametrize("text", ["Ich rufe dich an.", "Il y en a.", "Is het dit of?"])
def test_english_grammar_does_not_keep_other_languages_waiting(text: str) -> None:
    assert not breaks_off(text, english=False)
    assert breaks_off(f"{text[:-1]}…", english=False)


def test_an_english_assent_does_not_silence_a_word_of_another_language() -> None:
    assert is_assent("All.") and not is_assent("All.", english=False)
    assert is_assent("Mhm.", english=False)


async def test_a_hum_over_the_voice_does_not_stop_it() -> None:
    assert await listen((INTERIM, "Mm"), (FINAL, "Mm-hmm."), talking=True) == [""]


async def test_an_assent_over_the_voice_does_not_stop_it() -> None:
    assert await listen((INTERIM, "Yeah"), (FINAL, "Yeah."), talking=True) == [""]


async def test_an_assent_is_not_lost_when_the_voice_is_over() -> None:
    talking = True

    async def events() -> AsyncIterator[stt.SpeechEvent]:
        nonlocal talking
        yield event(FINAL, "Yeah.")
        talking = False
        await asyncio.sleep(0.3)

    found = [each.alternatives[0].text async for each in turns_only(events(), lambda: talking)]
    assert found == ["", "Yeah."]


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
        SPEECH, SILENCE, (FINAL, "If the"), SPEECH, (FINAL, "um,"), SPEECH, 0.2, wait=0.01
    )
    assert said == ["If the um,"]


async def test_words_that_did_not_come_out_yet_are_not_taken_for_none() -> None:
    async def events() -> AsyncIterator[stt.SpeechEvent]:
        for kind, text in (SPEECH, SILENCE, (FINAL, "Hello."), (FINAL, "If it rains,")):
            yield event(kind, text)
        await asyncio.sleep(0.2)

    told = [False]

    def withhold(until: float) -> None:
        if (until > 0) != told[-1]:
            told.append(until > 0)

    async for _ in turns_only(events(), lambda: False, wait=0.01, withhold=withhold):
        pass
    assert told == [False, True, False, True, False]


@pytest.mark.parametrize("said", [(SPEECH, SILENCE), (SPEECH, (INTERIM, "Um"), SILENCE)])
async def test_a_cough_is_not_taken_for_words_for_ever(said: tuple[Said, ...]) -> None:
    async def events() -> AsyncIterator[stt.SpeechEvent]:
        for each in said:
            assert not isinstance(each, float)
            yield event(*each)
        await asyncio.sleep(0.1)
        told.append(until)

    now, until, told = asyncio.get_running_loop().time(), 0.0, list[float]()

    def withhold(moment: float) -> None:
        nonlocal until
        until = moment

    async for _ in turns_only(events(), lambda: False, withhold=withhold):
        pass
    assert len(told) == 1 and now + WRITING <= told[0] < math.inf
    assert until == 0.0


async def test_words_that_never_came_are_not_waited_for() -> None:
    assistant = Assistant(Manner.of(None, small=False), small=False)
    assert not assistant.withholds_words
    now = asyncio.get_running_loop().time()
    for assistant._words_due, waits in ((math.inf, True), (now + 60, True), (now, False)):
        assert assistant.withholds_words == waits


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


ROOM, ECHO = [0.002] * ENOUGH, [0.02] * 2 * ENOUGH
"""Peaks: of nobody who speaks, and of the agent's voice as the microphone hears it."""


async def through(*peaks: float, room: list[float] = ROOM) -> list[bool]:
    """Whether the frames that come last pass, while the agent speaks, who was silent before."""
    heard = [*room, *peaks]
    count = 0

    def speaking() -> bool:
        nonlocal count
        count += 1
        return count > len(room)

    return [any(frame.data) async for frame in Gate(Microphone(*heard), speaking)][len(room) :]


async def test_an_echo_does_not_pass() -> None:
    assert not any(await through(*ECHO))


async def test_a_person_who_is_louder_than_the_echo_is_not_silenced() -> None:
    assert (await through(*ECHO, 0.2))[-1]


async def test_a_quiet_person_is_not_silenced_where_there_is_no_echo() -> None:
    assert (await through(*[0.002] * 2 * ENOUGH, 0.01))[-1]


async def test_a_noisy_room_is_not_taken_for_an_echo() -> None:
    noise = [0.008] * 2 * ENOUGH
    assert (await through(*noise, 0.01, room=noise))[-1]


async def test_a_quiet_person_is_not_silenced_while_nobody_else_speaks() -> None:
    frames = [any(frame.data) async for frame in Gate(Microphone(0.001), lambda: False)]
    assert frames == [True]


async def test_the_end_of_a_word_is_not_cut_off() -> None:
    frames = round(HOLD / 0.02) - 1  # 20 ms each
    passed = (await through(*[0.002] * 2 * ENOUGH, 0.1, *[0.002] * (frames + 9)))[2 * ENOUGH :]
    assert all(passed[:frames])
    assert not passed[-1]
