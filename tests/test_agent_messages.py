"""Texts to say and to ask: in order, whole, each with its end told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc
from livekit.agents import AgentSession, APIStatusError, llm

from agent.assistant import Assistant
from agent.brains.steady_llm import SteadyLLM
from agent.brains.turns import turn_handling
from agent.brains.words_llm import WordsLLM
from agent.controls.messages import CHUNK, WAITING, Message, Messages, chunks
from agent.manner import Manner
from visavis.protocol import MESSAGE_LIMIT
from visavis.talk import MessageNews


@given(st.text(alphabet="ab .!?\n", max_size=4000))
def test_a_long_text_is_not_said_in_part(text: str) -> None:
    pieces = list(chunks(text))
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_chunk_is_not_longer_than_a_few_breaths() -> None:
    pieces = list(chunks("This is a sentence of ordinary length. " * 1000))
    assert max(map(len, pieces)) <= CHUNK
    assert min(map(len, pieces[:-1])) > CHUNK / 2


class Speech(rtc.EventEmitter[str]):
    """Says what it is given, when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.interrupted = False
        self.error: Exception | None = None

    def say(self, text: str) -> Speech:
        if "boom" in text:
            raise RuntimeError(text)
        self.said.append(text)
        return self

    def generate_reply(self, user_input: str) -> Speech:
        self.said.append(f"?{user_input}")
        return self

    async def wait_for_playout(self) -> None:
        await self.may_end.wait()

    def exception(self) -> Exception | None:
        return self.error


class Hall:
    """Messages on a :class:`Speech`, and the news of them."""

    def __init__(self, session: Any = None) -> None:
        self.speech, self.news = Speech(), list[tuple[str, str]]()
        session = session or cast(Any, self.speech)
        self.messages = Messages(session, session.say, self._news)

    async def _news(self, sender: str, news: MessageNews) -> None:
        assert sender == "anna"
        self.news.append((news.id, news.state))

    async def take(self, id: str, text: str, kind: Any = "say") -> None:
        await self.messages.take(Message(id, "anna", kind, text))

    async def settle(self, count: int) -> None:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.messages.run())
            while sum(state in ("done", "interrupted", "failed") for _, state in self.news) < count:
                await asyncio.sleep(0.001)
            running.cancel()


async def test_texts_do_not_overtake_each_other() -> None:
    hall = Hall()
    await hall.take("1", "First. " * 300)
    await hall.take("2", "What is it?", "ask")
    await hall.take("3", "Last.")
    await hall.settle(3)
    assert [text.strip()[:5] for text in hall.speech.said] == ["First"] * 3 + ["?What", "Last."]
    ends = [id for id, state in hall.news if state == "done"]
    assert ends == ["1", "2", "3"]


async def test_what_is_typed_in_a_retelling_does_not_come_between_the_pieces_of_a_text() -> None:
    hall = Hall()
    await hall.take("1", "First. " * 300)
    hall.messages.retell("Typed. " * 300)
    await hall.take("2", "Last.")
    await hall.settle(2)
    said = [text.strip()[:5] for text in hall.speech.said]
    assert said == ["First"] * 3 + ["Typed"] * 3 + ["Last."]
    assert max(map(len, hall.speech.said)) <= CHUNK
    assert {id for id, _ in hall.news} == {"1", "2"}


async def test_news_of_a_text_that_the_gateway_gave_is_not_kept_back() -> None:
    told = list[tuple[str, str]]()

    async def tell(sender: str, news: MessageNews) -> None:
        told.append((sender, news.state))

    speech: Any = Speech()
    messages = Messages(speech, speech.say, tell)
    await messages.take(Message("1", "", "say", "Hello."))
    assert told == [("", "accepted")]


async def test_what_was_typed_is_not_said_when_the_conversation_ends() -> None:
    hall = Hall()
    hall.messages.retell("One.")
    hall.messages.stop()
    hall.messages.retell("Two.")
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(hall.messages.run())
        await hall.messages.all_told()
        running.cancel()
    assert hall.speech.said == []


async def test_an_interrupted_text_does_not_go_on() -> None:
    hall = Hall()
    hall.speech.interrupted = True
    await hall.take("1", "First. " * 300)
    await hall.settle(1)
    assert len(hall.speech.said) == 1
    assert hall.news == [("1", "accepted"), ("1", "begun"), ("1", "interrupted")]


async def test_a_text_that_fails_does_not_silence_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hall = Hall()
    await hall.take("1", "boom secret")
    await hall.take("2", "Fine.")
    await hall.settle(2)
    assert ("1", "failed") in hall.news and hall.speech.said == ["Fine."]
    assert "secret" not in caplog.text


async def test_a_question_that_no_model_answered_is_not_done() -> None:
    hall = Hall()
    hall.speech.error = llm.RealtimeError("generate_reply timed out")
    await hall.take("1", "What is new?", "ask")
    await hall.settle(1)
    assert hall.news == [("1", "accepted"), ("1", "begun"), ("1", "failed")]


class Absent(WordsLLM):
    """Fails for good."""

    async def answer(self, chat_ctx: llm.ChatContext) -> AsyncGenerator[str]:
        raise APIStatusError("nobody pays", status_code=402, retryable=False)
        yield ""


class Distracted(WordsLLM):
    """Fails in mid-sentence."""

    async def answer(self, chat_ctx: llm.ChatContext) -> AsyncGenerator[str]:
        yield "There is"
        raise APIStatusError("nobody pays", status_code=402, retryable=False)


@pytest.mark.parametrize(
    ("minds", "said"),
    [
        ([Absent("a", "b"), Absent("c", "d")], "I cannot think."),
        ([Distracted("a", "b")], "There is I lost my thread."),
    ],
)
async def test_a_question_without_an_answer_or_half_of_one_is_not_done_and_that_is_said(
    minds: list[WordsLLM], said: str
) -> None:
    mind = SteadyLLM(minds, trouble="I cannot think.", apology="I lost my thread.")
    turns = {**turn_handling(), "turn_detection": "manual"}
    async with AgentSession[None](llm=mind, vad=None, turn_handling=cast(Any, turns)) as session:
        await session.start(Assistant(Manner.of(None, small=False), small=False))
        hall = Hall(session)
        await hall.take("1", "What is new?", "ask")
        await hall.settle(1)
        assert session.history.messages()[-1].text_content == said
    assert hall.news[-1] == ("1", "failed")


async def test_a_text_to_say_does_not_fail_with_a_model_that_it_does_not_need() -> None:
    hall = Hall()
    hall.speech.may_end.clear()
    await hall.take("1", "Hello.")
    settling = asyncio.create_task(hall.settle(1))
    while not hall.speech.said:
        await asyncio.sleep(0)
    failed = llm.LLMError(timestamp=0, label="", error=OSError(), recoverable=True)
    hall.speech.emit("error", SimpleNamespace(error=failed))
    hall.speech.may_end.set()
    await settling
    assert hall.news[-1] == ("1", "done")


@pytest.mark.parametrize("text", ["", " \n", "x" * (MESSAGE_LIMIT + 1)])
async def test_a_text_that_cannot_be_said_is_not_accepted(text: str) -> None:
    hall = Hall()
    await hall.take("1", text)
    assert hall.news == [("1", "refused")]


async def test_a_text_that_waits_does_not_begin_when_the_conversation_ends() -> None:
    hall = Hall()
    hall.speech.may_end.clear()
    for id in "123":
        await hall.take(id, "Hello. " * 300)
    running = asyncio.create_task(hall.messages.run())
    await asyncio.sleep(0.01)
    hall.messages.stop()
    hall.speech.may_end.set()
    async with asyncio.timeout(10):
        await hall.messages.all_told()
    await hall.take("4", "Hello.")
    running.cancel()
    assert len(hall.speech.said) == 1
    ends = ["1 begun", "1 interrupted", "2 failed", "3 failed", "4 refused"]
    assert [f"{id} {state}" for id, state in hall.news if state != "accepted"] == ends


async def test_a_flood_of_texts_does_not_pile_up() -> None:
    hall = Hall()
    for number in range(WAITING + 5):
        await hall.take(str(number), "Hello.")
    assert [state for _, state in hall.news].count("refused") == 5
