"""Streams that people open into the room: none is left open, however it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc

from agent.controls.desk import open_desk
from agent.controls.messages import Messages
from agent.knowledge.choose import Library
from agent.knowledge.desk import MOST_WAITING, KnowledgeDesk
from agent.knowledge.extract import MOST_BYTES
from agent.knowledge.session import SessionKnowledge
from visavis.protocol import ATTRIBUTE_CONTROL, TOPIC_KNOWLEDGE, TOPIC_SAY

CONTROLS = {ATTRIBUTE_CONTROL: "true"}


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


class Reader:
    """A stream with ``pieces``, whose end never comes."""

    def __init__(self, *pieces: Any) -> None:
        self.info = SimpleNamespace(name="notes.md", stream_id="S1")
        self.pieces = pieces
        self.taken = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        for piece in self.pieces:
            self.taken += 1
            yield piece
        await asyncio.Event().wait()

    def close(self) -> None:
        self.closed = True


class Room:
    """Keeps the handlers, and what is told."""

    def __init__(self, **people: dict[str, str]) -> None:
        self.handlers: dict[str, Callable[[Any, str], None]] = {}
        self.told: list[dict[str, Any]] = []
        self.remote_participants = {
            identity: SimpleNamespace(attributes=attributes)
            for identity, attributes in people.items()
        }
        self.register_byte_stream_handler = self.handlers.__setitem__
        self.register_text_stream_handler = self.handlers.__setitem__
        self.unregister_byte_stream_handler = self.handlers.__delitem__
        self.local_participant = SimpleNamespace(
            register_rpc_method=lambda name, method: None,
            send_text=self._tell,
            publish_data=self._tell,
            set_attributes=self._set,
        )

    async def _tell(self, text: str, **_: Any) -> None:
        self.told.append(json.loads(text))

    async def _set(self, attributes: dict[str, str]) -> None:
        pass


@pytest.fixture
async def documents() -> AsyncIterator[Room]:
    room: Any = Room()
    desk = KnowledgeDesk(room, SessionKnowledge(Library(None, None)))
    yield room
    await desk.aclose()


async def test_documents_that_never_end_keep_all_others_out(
    documents: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.knowledge.desk.SLOWEST", 0.1)
    endless = [Reader(b"x") for _ in range(MOST_WAITING)]
    for each in endless:
        documents.handlers[TOPIC_KNOWLEDGE](each, "zoe")
    await until(lambda: len(documents.told) == MOST_WAITING)
    assert all(each.closed for each in endless)
    assert all("took longer" in each["error"] for each in documents.told)


async def test_a_document_that_is_refused_goes_on_filling_the_memory(documents: Room) -> None:
    big = Reader(b"x" * (MOST_BYTES + 1))
    documents.handlers[TOPIC_KNOWLEDGE](big, "zoe")
    await until(lambda: documents.told)
    assert big.closed and "more than" in documents.told[0]["error"]
    for _ in range(MOST_WAITING):
        documents.handlers[TOPIC_KNOWLEDGE](Reader(b"x"), "zoe")
    documents.handlers[TOPIC_KNOWLEDGE](late := Reader(b"x"), "zoe")
    assert late.closed and late.taken == 0


class Texts:
    """A desk for texts to say."""

    def __init__(self) -> None:
        self.room: Any = Room(zoe=CONTROLS, tom={})
        self.taken: list[str] = []
        messages: Any = SimpleNamespace(take=self._take, run=asyncio.Event().wait)
        self.messages: Messages = messages

    async def _take(self, message: Any) -> None:
        self.taken.append(message.text)

    async def send(self, reader: Reader, sender: str) -> None:
        control: Any = SimpleNamespace(talk=SimpleNamespace(to_json=lambda: "{}"))
        avatar: Any = None
        room: rtc.Room = self.room
        async with await open_desk(room, self.messages, control, avatar):
            self.room.handlers[TOPIC_SAY](reader, sender)
            await until(lambda: reader.closed)


async def test_a_text_that_never_ends_is_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.text_stream.SLOWEST", 0.1)
    texts = Texts()
    await texts.send(Reader("Once upon a time"), "zoe")
    assert texts.taken == []


async def test_who_may_not_say_anything_is_listened_to_before_the_refusal() -> None:
    texts, reader = Texts(), Reader("Once upon a time")
    await texts.send(reader, "tom")
    await until(lambda: texts.room.told)
    assert reader.taken == 0 and texts.taken == []
    assert texts.room.told[0]["state"] == "refused"
