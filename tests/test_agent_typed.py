"""What is typed, and what a brain has to say at once, while the voice speaks: ``BARGE_IN`` is about
speech alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, llm

from agent.assistant import Assistant
from agent.brains.remote_link import RemoteLink
from agent.brains.remote_llm import RemoteLLM
from agent.brains.remote_protocol import Say
from agent.brains.turns import turn_handling
from agent.brains.words_llm import WordsLLM, read_turn
from agent.manner import Manner
from agent.typed import WAITING, TypedText, answer
from gateway.bridge.wishes import MOST_WAITING
from tests.providers.stage import RATE, Player, until
from visavis.protocol import MESSAGE_LIMIT


class Mind(WordsLLM):
    def __init__(self) -> None:
        super().__init__("test", "test")
        self.asked: list[str] = []

    async def answer(self, chat_ctx: llm.ChatContext) -> AsyncGenerator[str]:
        self.asked.append(read_turn(chat_ctx)[1].text)
        yield "Yes."


async def tone() -> AsyncIterator[rtc.AudioFrame]:
    for _ in range(10):
        yield rtc.AudioFrame(b"\x10\x10" * (RATE // 10), RATE, 1, RATE // 10)


class Stage:
    """A session that is in the middle of a sentence, with ``BARGE_IN=off``."""

    def __init__(self) -> None:
        self.mind, self.player = Mind(), Player()
        self.session: AgentSession[Any] = AgentSession(
            llm=self.mind, turn_handling=turn_handling("off")
        )
        self.session.output.audio = self.player

    async def begin(self) -> None:
        await self.session.start(Assistant(Manner.of(None, small=False), small=False))
        self.speech = self.session.say("A long story.", audio=tone())
        await until(lambda: self.player.whole)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    async with stage.session:
        await stage.begin()
        yield stage
        await stage.session.interrupt(force=True)


async def test_what_is_typed_while_it_speaks_is_lost(stage: Stage) -> None:
    await answer(stage.session, "Is that true?")
    await until(lambda: stage.mind.asked)
    assert stage.mind.asked == ["Is that true?"] and stage.speech.interrupted


async def test_a_brain_that_cuts_its_own_words_short_goes_on_speaking(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = RemoteLLM(RemoteLink("ws://127.0.0.1:1/brain", None), "test")
    said: list[str] = []
    monkeypatch.setattr(remote, "connect", lambda room, instructions, language: None)
    monkeypatch.setattr(stage.session, "say", said.append)
    room = cast(rtc.Room, SimpleNamespace(name="r"))
    remote.attach(stage.session, room, Manner.of(None, small=False))
    remote.link.on_say(Say("Stop!", interrupt=True))
    assert stage.speech.interrupted and said == ["Stop!"]


class Room:
    """Hands over what is typed."""

    def __init__(self) -> None:
        self.listener: Any = None

    def register_text_stream_handler(self, topic: str, listener: Any) -> None:
        assert topic == "lk.chat"
        self.listener = listener

    def unregister_text_stream_handler(self, topic: str) -> None:
        self.listener = None


class Reader:
    """A text on its way: pieces, and then its end or an error."""

    def __init__(self, *pieces: str | Exception) -> None:
        self._pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[str]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def close(self) -> None:
        self.closed = True


class Chat:
    """The chat of a room in which "ann" is the one who is heard, once the session has begun."""

    def __init__(self) -> None:
        self.room = Room()
        self.typed = TypedText(cast(rtc.Room, self.room), Manner.of(None, small=False))
        self.typed._manner.retells = True
        self.said: list[str] = []
        linked = SimpleNamespace(identity="ann")
        self.session: Any = SimpleNamespace(room_io=SimpleNamespace(linked_participant=linked))

    def begin(self) -> None:
        self.typed.begin(self.session, self.said.append)

    def type(self, *pieces: str | Exception, sender: str = "ann") -> Reader:
        reader = Reader(*pieces)
        self.room.listener(reader, sender)
        return reader

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_what_is_typed_before_the_conversation_begins_is_lost() -> None:
    chat = Chat()
    chat.type("First, ", "of two pieces.")
    chat.type("Second.")
    await chat.settle()
    assert chat.said == []
    chat.begin()
    await chat.settle()
    assert chat.said == ["First, of two pieces.", "Second."]
    await chat.typed.aclose()
    assert chat.room.listener is None


async def test_who_is_not_heard_is_answered_all_the_same() -> None:
    chat = Chat()
    early = chat.type("I was here first.", sender="bob")
    chat.begin()
    late = chat.type("I am somebody else.", sender="bob")
    chat.type("   ")
    await chat.settle()
    chat.session.room_io.linked_participant = None  # she reloads her page
    chat.type("Is she gone?", sender="bob")
    chat.type("I am back.")
    await chat.settle()
    assert chat.said == ["I am back."] and early.closed and late.closed
    await chat.typed.aclose()


async def test_texts_that_waited_at_the_gateway_for_the_agent_are_not_dropped_by_it() -> None:
    chat = Chat()
    for n in range(MOST_WAITING):
        chat.type(str(n))
    await chat.settle()
    chat.begin()
    await chat.settle()
    assert chat.said == [str(n) for n in range(MOST_WAITING)]
    await chat.typed.aclose()


async def test_others_who_type_a_lot_shut_the_chat() -> None:
    chat = Chat()
    for n in range(3 * WAITING):
        chat.type(str(n), sender="bob")
    chat.type("Hello?")
    chat.begin()
    for n in range(3 * WAITING):
        chat.type(str(n), sender="bob")
    chat.type("Still there?")
    await chat.settle()
    assert chat.said == ["Hello?", "Still there?"]
    await chat.typed.aclose()


async def test_the_greeting_is_cut_off_by_what_was_typed_before_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = SimpleNamespace(linked_participant=SimpleNamespace(identity="ann"))
    monkeypatch.setattr(AgentSession, "room_io", linked)
    room = Room()
    typed = TypedText(cast(rtc.Room, room), Manner.of(None, small=False))
    room.listener(Reader("Is that true?"), "ann")
    await asyncio.sleep(0)
    typed.begin(stage.session, lambda _: None)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not stage.speech.interrupted
    stage.player.finish()
    await until(lambda: stage.mind.asked)
    assert stage.mind.asked == ["Is that true?"]
    await typed.aclose()


async def test_a_text_without_end_or_a_broken_one_ends_the_chat() -> None:
    chat = Chat()
    chat.begin()
    readers = [
        chat.type(*["x" * 1000] * 1000),
        chat.type("half", ConnectionError("gone")),
        chat.type("whole"),
    ]
    await until(lambda: len(chat.said) == 2)
    assert sorted(map(len, chat.said)) == [5, MESSAGE_LIMIT]
    assert all(reader.closed for reader in readers)
    await chat.typed.aclose()


async def test_a_flood_of_texts_before_the_beginning_is_kept_without_bound() -> None:
    chat = Chat()
    readers = [chat.type(str(n)) for n in range(WAITING + 5)]
    await chat.settle()
    assert all(reader.closed for reader in readers[WAITING:])
    chat.begin()
    await chat.settle()
    assert chat.said == [str(n) for n in range(WAITING)]
    await chat.typed.aclose()
