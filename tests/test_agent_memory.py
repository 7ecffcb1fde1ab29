"""What the agent remembers of a person: theirs, if they want it, and not a word in a log."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import ConversationItemAddedEvent, llm
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from sqlalchemy import text

from agent.job_store import JobStore
from agent.manner import Manner
from agent.memory import LETTERS_TOLD, Recorder, read_facts, remember, tell
from agent.replacement import hand_on
from agent.session.casual import Casual
from settings import Settings
from store import Memories, Memory, Turn, open_store
from visavis.protocol import ATTRIBUTE_PERSON

ANNA = "anna"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class Notes(llm.LLM[Any]):
    """A model that answers with one text, and keeps what it was asked."""

    def __init__(self, answer: str | Exception) -> None:
        super().__init__()
        self.answer, self.asked = answer, ""

    def chat(self, *, chat_ctx: llm.ChatContext, **_: Any) -> llm.LLMStream:
        self.asked = "\n".join(message.text_content or "" for message in chat_ctx.messages())
        return _Stream(self, chat_ctx, self.answer)


class _Stream(llm.LLMStream):
    def __init__(self, model: Notes, chat_ctx: llm.ChatContext, answer: str | Exception) -> None:
        super().__init__(
            model, chat_ctx=chat_ctx, tools=[], conn_options=DEFAULT_API_CONNECT_OPTIONS
        )
        self._answer = answer

    async def _run(self) -> None:
        if isinstance(self._answer, Exception):
            raise self._answer
        delta = llm.ChoiceDelta(role="assistant", content=self._answer)
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))


class Session:
    """What a recorder hears of an AgentSession."""

    def on(self, name: str, listener: Any) -> None:
        assert name == "conversation_item_added"
        self.hear = listener

    def say(self, role: Any, words: str) -> None:
        message = llm.ChatMessage(role=role, content=[words])
        self.hear(ConversationItemAddedEvent(item=message))


@pytest.fixture
def memories(tmp_path: Path) -> Memories:
    return Memories(open_store(f"sqlite:///{tmp_path}/visavis.sqlite3"), Clock())


async def talk(
    memories: Memories,
    kind: Any,
    gatherer: llm.LLM[Any] | None,
    *words: str,
    began: float = 0.0,
) -> None:
    recorder, session = Recorder(memories, ANNA, kind, gatherer, began, Clock()), Session()
    await recorder.recall()
    recorder.attach(session)  # type: ignore[arg-type]
    for number, each in enumerate(words):
        session.say("assistant" if number % 2 == 0 else "user", each)
    await recorder.save()


async def test_facts_of_an_earlier_conversation_are_not_lost(memories: Memories) -> None:
    notes = Notes('Here you are: ["Is called Anna.", "Likes tea."]')
    await talk(memories, "facts", notes, "Hi!", "I am Anna and I like tea.")
    assert memories.recall(ANNA) == Memory(("Is called Anna.", "Likes tea."), ())
    again = Notes('["Is called Anna.", "Likes coffee."]')
    await talk(memories, "facts", again, "Hi!", "I like coffee now.")
    assert "Likes tea." in again.asked and "I like coffee now." in again.asked
    assert memories.recall(ANNA).facts == ("Is called Anna.", "Likes coffee.")


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot do that.",
        "[1, 2",
        "[]",
        "Nothing new: []",
        '[{"fact": {"en": "Likes coffee."}}]',
        RuntimeError("down"),
    ],
)
async def test_a_model_that_gathers_nothing_does_not_cost_what_was_known(
    memories: Memories, answer: str | Exception
) -> None:
    memories.keep(ANNA, since=0, turns=[], facts=["Likes tea."])
    await talk(memories, "facts", Notes(answer), "Hi!", "My cat is ill.")
    known = memories.recall(ANNA)
    assert known.facts == ("Likes tea.",)
    assert [turn.text for turn in known.turns] == ["Hi!", "My cat is ill."]


class NoteTaker(Notes):
    """Adds what the person said to the notes, and lets something happen while it writes."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__("")
        self.meanwhile, self.times = meanwhile, 0

    def chat(self, *, chat_ctx: llm.ChatContext, **given: Any) -> llm.LLMStream:
        self.times += 1
        self.meanwhile()
        asked = chat_ctx.messages()[-1].text_content or ""
        notes = re.search(r"Notes:\n(.*)", asked)
        assert notes is not None
        self.answer = json.dumps(json.loads(notes[1]) + re.findall(r"user: (.*)", asked))
        return super().chat(chat_ctx=chat_ctx, **given)


async def test_two_conversations_at_once_do_not_lose_each_others_facts(memories: Memories) -> None:
    def begin() -> tuple[Recorder, Session]:
        return Recorder(memories, ANNA, "facts", NoteTaker(), 0.0, Clock()), Session()

    (first, one), (second, two) = begin(), begin()
    for recorder, session in ((first, one), (second, two)):
        await recorder.recall()
        recorder.attach(session)  # type: ignore[arg-type]
    one.say("user", "I am Anna.")
    two.say("user", "I like tea.")
    await first.save()
    await second.save()
    assert memories.recall(ANNA).facts == ("I am Anna.", "I like tea.")


async def test_facts_kept_while_others_are_gathered_are_not_lost(memories: Memories) -> None:
    def end_another() -> None:
        if gatherer.times == 1:
            memories.keep(ANNA, since=0, turns=[], facts=["I am Anna."])

    gatherer = NoteTaker(end_another)
    await talk(memories, "facts", gatherer, "Hi!", "I like tea.")
    assert memories.recall(ANNA).facts == ("I am Anna.", "I like tea.")


async def test_conversations_that_end_without_pause_do_not_keep_one_from_ending(
    memories: Memories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.memory.GATHERING", 0.2)

    def end_another() -> None:
        memories.keep(ANNA, since=0, turns=[], facts=[f"Number {gatherer.times}."])

    gatherer = NoteTaker(end_another)
    async with asyncio.timeout(20):
        await talk(memories, "facts", gatherer, "Hi!", "I like tea.")
    known = memories.recall(ANNA)
    assert known.facts == (f"Number {gatherer.times}.",)
    assert [turn.text for turn in known.turns] == ["Hi!", "I like tea."]


async def test_what_could_not_be_gathered_is_not_the_last_conversation_for_ever(
    memories: Memories,
) -> None:
    await talk(memories, "facts", Notes(RuntimeError("down")), "Hi!", "My cat is ill.")
    await talk(memories, "facts", NoteTaker(), "Hi again!", "I like tea.")
    assert memories.recall(ANNA) == Memory(("My cat is ill.", "I like tea."), ())


@pytest.mark.parametrize("gatherer", [NoteTaker(), None])
async def test_who_asks_to_be_forgotten_is_not_remembered_by_the_agent_that_comes_next(
    memories: Memories, gatherer: NoteTaker | None
) -> None:
    began = Clock.now
    memories.forget(ANNA)
    await talk(memories, "facts", gatherer, "Sorry, where were we?", "I am Anna.", began=began)
    assert memories.recall(ANNA) == Memory()


@pytest.mark.parametrize("replacing", [False, True])
async def test_who_was_forgotten_once_is_not_a_stranger_for_ever_in_a_room_that_lives_on(
    memories: Memories, replacing: bool
) -> None:
    memories.forget(ANNA)
    metadata = hand_on("", "agent-1", 1) if replacing else ""
    room = SimpleNamespace(creation_time=int(Clock.now))
    ctx: Any = SimpleNamespace(job=SimpleNamespace(room=room, metadata=metadata))
    now = Clock.now + 50
    casual = Casual(ctx, lambda: now)
    recorder = Recorder(memories, ANNA, "history", None, casual.began, lambda: now)
    session = Session()
    recorder.attach(session)  # type: ignore[arg-type]
    session.say("user", "I am Anna.")
    await recorder.save()
    known = [turn.text for turn in memories.recall(ANNA).turns]
    assert known == ([] if replacing else ["I am Anna."])


async def test_a_clock_that_is_ahead_does_not_hide_that_somebody_asked_to_be_forgotten(
    memories: Memories,
) -> None:
    recorder, session = Recorder(memories, ANNA, "history", None, 1e9, Clock()), Session()
    recorder.attach(session)  # type: ignore[arg-type]
    session.say("user", "I am Anna.")
    memories._clock = lambda: Clock.now + 50
    memories.forget(ANNA)
    await recorder.save()
    assert memories.recall(ANNA) == Memory()


async def test_a_small_model_is_not_asked_for_facts(memories: Memories) -> None:
    await talk(memories, "facts", None, "Hi!", "I am Anna.")
    assert [turn.role for turn in memories.recall(ANNA).turns] == ["assistant", "user"]


async def test_a_greeting_nobody_answered_is_not_kept(memories: Memories) -> None:
    await talk(memories, "history", None, "Hi!")
    assert memories.recall(ANNA) == Memory()


async def test_a_store_that_fails_does_not_log_what_was_said(
    memories: Memories, caplog: pytest.LogCaptureFixture
) -> None:
    with memories._store.begin() as connection:
        connection.execute(text("DROP TABLE visavis_turns"))
    recorder, session = Recorder(memories, ANNA, "history", None, 0.0, Clock()), Session()
    recorder.attach(session)  # type: ignore[arg-type]
    session.say("user", "my secret")
    with caplog.at_level(logging.DEBUG, "visavis"):
        await recorder.save()
    assert "could not be remembered" in caplog.text
    assert "my secret" not in caplog.text


def test_what_is_told_to_a_model_is_not_endless() -> None:
    turns = tuple(
        Turn(1.0, "user" if n % 2 else "assistant", f"{n} " + "x" * 5000) for n in range(100)
    )
    told = tell(Memory(("Likes tea.",), turns), small=False)
    assert "Likes tea." in told and len(told) < 14 * (LETTERS_TOLD + 20)
    small = tell(Memory((), turns), small=True)
    assert "You: " not in small and small.count("Person: ") == 2
    assert tell(Memory(), small=False) == ""


async def test_a_large_model_that_gathers_nothing_is_not_told_as_little_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.memory.RECALLING", 60)
    url = f"sqlite:///{tmp_path}/visavis.sqlite3"
    Memories(open_store(url), Clock()).keep(
        ANNA,
        since=0,
        turns=[Turn(1.0, "user", "My cat is ill."), Turn(2.0, "assistant", "Poor thing!")],
        facts=None,
    )
    told: list[str] = []

    async def update_instructions(text: str) -> None:
        told.append(text)

    agent = SimpleNamespace(update_instructions=update_instructions)
    session: Any = SimpleNamespace(current_agent=agent, on=lambda *_: None)
    person: Any = SimpleNamespace(attributes={ATTRIBUTE_PERSON: ANNA})
    settings = Settings(_env_file=None)
    store = JobStore(url)
    manner = Manner.of(None, small=False)
    await remember(store, session, manner, person, settings, None, began=0.0, small=False)
    await store.aclose()
    assert "Person: My cat is ill.\nYou: Poor thing!" in told[0]


async def test_what_is_known_of_one_is_not_for_the_next_who_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.memory.RECALLING", 60)
    url, said = f"sqlite:///{tmp_path}/visavis.sqlite3", Session()
    memories = Memories(open_store(url), Clock())
    memories.keep(ANNA, since=0, turns=[Turn(1.0, "user", "My cat is ill.")], facts=None)
    told = [""]

    async def update_instructions(text: str) -> None:
        told.append(text)

    agent = SimpleNamespace(update_instructions=update_instructions)
    session: Any = SimpleNamespace(current_agent=agent, on=said.on)
    anna: Any = SimpleNamespace(attributes={ATTRIBUTE_PERSON: ANNA})
    ben: Any = SimpleNamespace(attributes={ATTRIBUTE_PERSON: "ben"})
    nobody: Any = SimpleNamespace(attributes={})
    settings, store = Settings(_env_file=None, agent_memory="history"), JobStore(url)
    manner = Manner.of(None, small=False)
    meet = await remember(store, session, manner, anna, settings, None, began=0.0, small=False)
    for heard, words in (
        (anna, "Hello."),
        (ben, "I am Ben."),
        (nobody, "Hi."),
        (anna, "Again."),
    ):
        meet(heard)
        await asyncio.sleep(0.01)
        assert ("My cat is ill." in told[-1]) == (heard is anna)
        said.say("user", words)
    await store.aclose()
    kept = [turn.text for turn in memories.recall(ANNA).turns]
    assert kept == ["My cat is ill.", "Hello.", "Again."]


def test_facts_are_not_made_of_what_is_no_sentence() -> None:
    assert read_facts('```json\n["A.", 5, "", "  B. "]\n```') == ["A.", "B."]
    assert read_facts("none") is None
    assert read_facts("[5]") is None
    assert read_facts('["A.", {"name": "Anna"}]') is None


def test_facts_in_objects_are_not_lost() -> None:
    assert read_facts('[{"fact": "A.", "id": 1}, {"note": " B. "}, "C."]') == ["A.", "B.", "C."]


async def test_small_talk_with_somebody_unknown_is_not_kept(memories: Memories) -> None:
    await talk(memories, "facts", Notes("[]"), "Hi!", "Nice weather.")
    assert memories.recall(ANNA) == Memory()


async def test_a_store_that_hangs_keeps_the_first_word_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agent.memory.RECALLING", 0.05)
    over = threading.Event()
    store: Any = SimpleNamespace(open=lambda: over.wait(20))
    person: Any = SimpleNamespace(attributes={ATTRIBUTE_PERSON: ANNA})
    nothing: Any = None
    settings = Settings(_env_file=None, agent_memory="history")
    try:
        async with asyncio.timeout(5):
            await remember(store, nothing, nothing, person, settings, None, began=0.0, small=False)
    finally:
        over.set()
    assert "TimeoutError" in caplog.text
