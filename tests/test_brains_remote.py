"""A brain behind a WebSocket, as docs/remote-brain.md has it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from livekit.agents import APIError, llm
from livekit.agents.voice.generation import INSTRUCTIONS_MESSAGE_ID

from agent.brains.choose import choose_llm
from agent.brains.patience import Patience
from agent.brains.remote_llm import RemoteLLM
from agent.brains.remote_protocol import (
    LONGEST_MESSAGE,
    LONGEST_SENT,
    LONGEST_TEXT,
    MOST_HISTORY,
    MOST_OF_FIELD,
    Ready,
    RemoteProtocolError,
    Say,
    Session,
    dump,
    fit,
    parse,
    shorten,
)
from agent.brains.steady_llm import SteadyLLM
from agent.manner import Manner
from tests.providers.server import SECRET, Fake, configure, serve
from tests.providers.stage import until
from visavis.brain import Message

PATIENT = Patience(slow=5, first=20, next=10)
EXAMPLE = Path(__file__).parent.parent / "examples/remote_brain.py"


class Brain(Fake):
    """Repeats each turn, except for ``silent`` ones; ``asked`` has all messages."""

    def __init__(self) -> None:
        super().__init__()
        self.socket: web.WebSocketResponse | None = None
        self.silent = False
        self.ready = True
        self.connections = 0
        self.headers: list[Any] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(request.headers)
        if refusal := self.refuse(self.next_fault()):
            return refusal
        socket = web.WebSocketResponse(protocols=["visavis.brain.v1"])
        await socket.prepare(request)
        self.socket, self.connections = socket, self.connections + 1
        async for frame in socket:
            message = json.loads(frame.data)
            self.asked.append(message)
            if message["type"] == "session.start" and self.ready:
                await self.send(type="session.ready", version=1, wants=["partial"])
            if message["type"] == "turn" and not self.silent:
                turn = message["turn"]
                await self.send(type="delta", turn=turn, text="You said: ")
                await self.send(type="delta", turn=turn, text=message["text"])
                await self.send(type="done", turn=turn)
        return socket

    async def send(self, **message: Any) -> None:
        assert self.socket is not None
        await self.socket.send_json(message)

    def of_type(self, kind: str) -> list[Any]:
        return [message for message in self.asked if message["type"] == kind]


@pytest.fixture
async def brain() -> AsyncIterator[Brain]:
    fake = Brain()
    async with serve({"/brain": fake.answer}) as url:
        fake.url = url.replace("http", "ws") + "/brain"
        yield fake


@asynccontextmanager
async def mind_at(url: str, **given: Any) -> AsyncIterator[tuple[SteadyLLM, RemoteLLM]]:
    settings = configure(
        remote_brain_url=url, agent_trouble="Down.", agent_apology="Lost.", **given
    )
    mind, name = choose_llm(settings, None)
    assert name == "remote"
    assert isinstance(mind, SteadyLLM)
    [remote] = mind.minds
    assert isinstance(remote, RemoteLLM)
    mind.patience = PATIENT
    remote.link._first_delay = 0.05
    async with mind:
        yield mind, remote


async def ask(mind: llm.LLM[Any], text: str, *context: str) -> str:
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content="Be kind.", id=INSTRUCTIONS_MESSAGE_ID)
    for told in context:
        chat_ctx.add_message(role="system", content=told)
    chat_ctx.add_message(role="user", content=text)
    async with mind.chat(chat_ctx=chat_ctx) as answer:
        pieces = [chunk.delta.content async for chunk in answer if chunk.delta]
    return "".join(filter(None, pieces))


async def test_a_turn_is_not_answered(brain: Brain) -> None:
    async with mind_at(brain.url, remote_brain_token="t0k") as (mind, remote):
        remote.connect("room-1", lambda: "Be kind.")
        assert await ask(mind, "Hello.") == "You said: Hello."
        assert await ask(mind, "And again.") == "You said: And again."
    assert brain.headers[0]["Authorization"] == "Bearer t0k"
    assert brain.connections == 1
    [start] = brain.of_type("session.start")
    assert (start["version"], start["room"], start["resume"]) == (1, "room-1", False)
    assert start["instructions"] == "Be kind."


async def test_knowledge_does_not_stay_with_an_agent_whose_brain_is_remote(brain: Brain) -> None:
    async with mind_at(brain.url) as (mind, _):
        assert await ask(mind, "What is it?", "[Handbook]\nIt is a cat.") == "You said: What is it?"
        assert await ask(mind, "Thanks.") == "You said: Thanks."
    first, second = brain.of_type("turn")
    assert first["context"] == "[Handbook]\nIt is a cat." and "context" not in second
    [start] = brain.of_type("session.start")
    assert start["instructions"] == "Be kind.", "what is known for one answer counts for all"


async def test_a_long_text_is_not_cut_short(brain: Brain) -> None:
    text, persona = (
        "Read it to me. " + "語" * 50_000 + " The end.",
        "Be kind. " * 2_000 + "No jokes.",
    )
    async with mind_at(brain.url) as (mind, remote):
        remote.connect("room-1", lambda: persona)
        asking = asyncio.create_task(ask(mind, text))
        await until(lambda: brain.of_type("turn"))
        asking.cancel()
    assert brain.of_type("turn")[0]["text"] == text
    assert brain.of_type("session.start")[0]["instructions"] == persona


@pytest.mark.parametrize("letter", ["a", "語", "\0", '"', "\ud800"])
def test_a_text_that_is_too_long_for_a_message_does_not_cost_the_feelings(
    letter: str, caplog: pytest.LogCaptureFixture
) -> None:
    told = SECRET + letter * LONGEST_SENT + "Mark what you feel."
    history = [Message("user", letter * 1_000)] * 20
    start = dump(Session("s", "r", "de", told).start(history, resume=True))
    turn = dump({"type": "turn", "turn": "t", "text": fit(told), "context": fit(told)})
    assert max(len(start.encode()), len(turn.encode())) < LONGEST_SENT
    assert json.loads(start)["instructions"].endswith("Mark what you feel.")
    cut = json.loads(turn)["text"]
    assert MOST_OF_FIELD - 16 < len(dump(cut).encode()) <= MOST_OF_FIELD
    assert "is cut for the remote brain" in caplog.text and SECRET not in caplog.text


@pytest.mark.parametrize("is_there", [True, False])
async def test_instructions_that_change_do_not_reach_the_brain(
    brain: Brain, is_there: bool
) -> None:
    brain.ready = is_there
    manner = Manner.of("Be kind.", small=False, writes=False)
    session: Any = SimpleNamespace(on=lambda *_: None, history=llm.ChatContext.empty())
    async with mind_at(brain.url) as (mind, remote):
        remote.attach(session, cast(Any, SimpleNamespace(name="room")), manner)
        await until(lambda: brain.of_type("session.start"))
        if is_there:
            await until(lambda: remote.link.wants)
        manner.persona, manner.language = "Be brief.", "de"
        manner.on_change()
        if not is_there:
            await asyncio.sleep(0.1)
            await brain.send(type="session.ready", version=1)
        await until(lambda: brain.of_type("session.update"))
        assert brain.socket is not None
        brain.ready = True
        await brain.socket.close()
        await until(lambda: len(brain.of_type("session.start")) == 2)
        assert await ask(mind, "Hello.") == "You said: Hello."
    [update] = brain.of_type("session.update")
    for told in (update, brain.of_type("session.start")[1]):
        assert told["language"] == "de" and "Be brief." in told["instructions"]


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_person_who_is_quicker_than_the_room_does_not_keep_the_brain_from_knowing_it(
    brain: Brain, is_answered: bool
) -> None:
    manner = Manner.of("Be kind.", small=False, writes=False)
    session: Any = SimpleNamespace(on=lambda *_: None, history=llm.ChatContext.empty())
    brain.silent = not is_answered
    async with mind_at(brain.url) as (mind, remote):
        asking = asyncio.create_task(ask(mind, "Hello."))
        await until(lambda: brain.of_type("turn"))
        if is_answered:
            assert await asking == "You said: Hello."
        remote.attach(session, cast(Any, SimpleNamespace(name="room-1")), manner)
        if not is_answered:
            manner.persona = "Be brief."
            manner.on_change()
            await until(lambda: brain.of_type("session.update"))
            turn = brain.of_type("turn")[0]["turn"]
            await brain.send(type="delta", turn=turn, text="Hello yourself.")
            await brain.send(type="done", turn=turn)
            assert await asking == "Hello yourself."
            brain.silent = False
        await until(lambda: len(brain.of_type("session.start")) == 2)
        assert await ask(mind, "Still there?") == "You said: Still there?"
        manner.language = "de"
        manner.on_change()
        await until(lambda: any(told["language"] for told in brain.of_type("session.update")))
    first, second = brain.of_type("session.start")
    assert (first["room"], first["resume"]) == ("", False)
    assert (second["room"], second["resume"]) == ("room-1", True)
    assert first["session"] == second["session"]
    assert brain.connections == 2


async def test_a_cut_in_is_not_told(brain: Brain) -> None:
    brain.silent = True
    async with mind_at(brain.url) as (mind, _):
        asking = asyncio.create_task(ask(mind, "Hello."))
        await until(lambda: brain.of_type("turn"))
        asking.cancel()
        await until(lambda: brain.of_type("cancel"))
    assert brain.of_type("cancel")[0]["turn"] == brain.of_type("turn")[0]["turn"]


async def test_a_connection_that_breaks_is_not_made_again(brain: Brain) -> None:
    async with mind_at(brain.url) as (mind, remote):
        remote.link.recall.history = lambda: [
            Message("user", "Hello."),
            Message("assistant", "You"),
        ]
        assert await ask(mind, "Hello.") == "You said: Hello."
        assert brain.socket is not None
        await brain.socket.close()
        assert await ask(mind, "Still there?") == "You said: Still there?"
    first, second = brain.of_type("session.start")
    assert second["resume"] is True
    assert second["session"] == first["session"]
    assert second["history"][-1] == {"role": "assistant", "text": "You"}


async def test_a_connection_that_breaks_while_something_is_sent_is_not_made_again(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mind_at(brain.url) as (mind, _):
        assert await ask(mind, "Hello.") == "You said: Hello."
        send = aiohttp.ClientWebSocketResponse.send_str

        async def break_once(*_: Any) -> None:
            monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "send_str", send)
            raise aiohttp.ClientConnectionResetError

        monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "send_str", break_once)
        await brain.send(type="ping")
        await until(lambda: brain.connections == 2)
        assert await ask(mind, "Still there?") == "You said: Still there?"


@pytest.mark.parametrize("has_begun", [False, True])
async def test_an_open_question_is_not_told_twice_after_a_break(
    brain: Brain, has_begun: bool
) -> None:
    brain.silent = True
    async with mind_at(brain.url) as (mind, remote):
        mind.retry_interval = 0.5  # longer than it takes to connect
        question = Message("user", "Still there?")
        remote.link.recall.history = lambda: [Message("assistant", "Hello."), question]
        asking = asyncio.create_task(ask(mind, question.text))
        await until(lambda: brain.of_type("turn"))
        assert brain.socket is not None
        if has_begun:
            turn = brain.of_type("turn")[0]["turn"]
            await brain.send(type="delta", turn=turn, text="Well,")
        brain.silent = False
        await brain.socket.close()
        assert await asking == ("Well, Lost." if has_begun else "You said: Still there?")
        await until(lambda: len(brain.of_type("session.start")) == 2)
    last = brain.of_type("session.start")[1]["history"][-1]
    assert (last["text"] == question.text) == has_begun, "what is not asked again belongs there"


async def test_a_question_that_was_given_up_is_not_kept_from_the_brain(brain: Brain) -> None:
    listeners = dict[str, Any]()
    session = SimpleNamespace(on=listeners.__setitem__, history=llm.ChatContext.empty())
    question = Message("user", "Still there?")
    async with mind_at(brain.url) as (mind, remote):
        manner = Manner.of(None, small=False)
        remote.attach(cast(Any, session), cast(Any, SimpleNamespace(name="room")), manner)
        mind.on("error", lambda error: listeners["error"](SimpleNamespace(error=error)))
        recall = remote.link.recall
        recall.history = lambda: [question]
        with suppress(APIError), recall.asking(question.text):
            raise APIError("it hung up")
        assert list(recall.begin()) == []
        await until(lambda: brain.socket is not None)
        mind.is_down, brain.silent = True, True  # it is tried once
        asking = asyncio.create_task(ask(mind, question.text))
        await until(lambda: brain.of_type("turn"))
        assert brain.socket is not None
        await brain.socket.close()
        await asking
        assert list(recall.begin()) == [question]


async def test_what_was_heard_while_the_brain_began_is_not_kept_from_it(brain: Brain) -> None:
    brain.ready = False
    async with mind_at(brain.url) as (mind, remote):
        remote.connect("room-1", lambda: "Be kind.")
        await until(lambda: brain.of_type("session.start"))
        for number in range(MOST_HISTORY + 1):
            await remote.link.tell({"type": "heard", "text": f"{number}", "interrupted": False})
        await remote.link.tell({"type": "partial", "text": "What is"})
        await brain.send(type="session.ready", version=1)
        assert await ask(mind, "Hello.") == "You said: Hello."
        assert [each["type"] for each in brain.asked[1:]] == ["heard"] * MOST_HISTORY + ["turn"]
        assert brain.socket is not None
        await brain.socket.close()
        await until(lambda: len(brain.of_type("session.start")) == 2)
        await remote.link.tell({"type": "heard", "text": "old", "interrupted": False})
        await brain.socket.close()  # whose next history has it
        await until(lambda: len(brain.of_type("session.start")) == 3)
        await brain.send(type="session.ready", version=1)
        assert await ask(mind, "Hello.") == "You said: Hello."
    assert "old" not in [each["text"] for each in brain.of_type("heard")]


async def test_an_answer_that_breaks_off_stays_without_a_word(brain: Brain) -> None:
    brain.silent = True
    async with mind_at(brain.url) as (mind, _):
        asking = asyncio.create_task(ask(mind, "Hello."))
        await until(lambda: brain.of_type("turn"))
        assert brain.socket is not None
        turn = brain.of_type("turn")[0]["turn"]
        await brain.send(type="delta", turn=turn, text="Well,")
        await brain.socket.close()
        assert await asking == "Well, Lost."


async def test_an_error_of_the_brain_is_not_said(brain: Brain) -> None:
    brain.silent = True
    async with mind_at(brain.url) as (mind, _):
        mind.is_down = True  # one try
        asking = asyncio.create_task(ask(mind, "Hello."))
        await until(lambda: brain.of_type("turn"))
        turn = brain.of_type("turn")[0]["turn"]
        await brain.send(type="error", turn=turn, message="out of memory")
        assert await asking == "Down."


async def test_a_brain_that_chooses_silence_is_taken_for_down(brain: Brain) -> None:
    brain.silent = True
    async with mind_at(brain.url) as (mind, _):
        asking = asyncio.create_task(ask(mind, "Psst."))
        await until(lambda: brain.of_type("turn"))
        await brain.send(type="done", turn=brain.of_type("turn")[0]["turn"])
        assert await asking == ""
    assert len(brain.of_type("turn")) == 1


@pytest.mark.parametrize("fault", ["401", "500"])
async def test_a_brain_that_refuses_once_is_given_up(
    brain: Brain, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    brain.faults = [fault]
    with caplog.at_level(logging.INFO):
        async with mind_at(brain.url) as (mind, _):
            assert await ask(mind, "Hello.") == "You said: Hello."
    assert ("REMOTE_BRAIN_TOKEN" in caplog.text) == (fault == "401")


async def test_a_brain_that_is_away_leaves_silence() -> None:
    async with mind_at("ws://127.0.0.1:1/brain") as (mind, _):
        mind.patience = Patience(slow=0.1, first=0.5, next=0.5)
        assert await ask(mind, "Hello.") == "Down."


@pytest.mark.parametrize(
    "nonsense",
    [
        "{not json",
        "[]",
        "[" * (LONGEST_MESSAGE // 2),
        '{"type": 3}',
        '{"type": "session.ready", "version": 1, "wants": null}',
        "x" * 2 * LONGEST_MESSAGE,
    ],
    ids=range(6),
)
async def test_nonsense_takes_the_conversation_down(
    brain: Brain, nonsense: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with mind_at(brain.url) as (mind, _):
            assert await ask(mind, "Hello.") == "You said: Hello."
            assert brain.socket is not None
            await brain.socket.send_str(nonsense)
            await until(lambda: brain.connections == 2)
            assert await ask(mind, "Hello.") == "You said: Hello."
    assert "xxxx" not in caplog.text


async def test_what_the_brain_wants_of_its_own_accord_is_lost(brain: Brain) -> None:
    said: list[Say] = []
    async with mind_at(brain.url) as (mind, remote):
        remote.link.on_say = said.append
        assert await ask(mind, "Hello.") == "You said: Hello."
        await brain.send(type="something.of.version.2")
        await brain.send(type="ping", id="p1")
        await brain.send(type="say", text="By the way.", interrupt=True)
        await until(lambda: said and brain.of_type("pong"))
        assert remote.link.wants == {"partial"}
    assert said == [Say("By the way.", True)]
    assert brain.of_type("pong") == [{"type": "pong", "id": "p1"}]


async def test_what_is_said_to_a_retelling_agent_does_not_reach_the_brain_in_parts(
    brain: Brain,
) -> None:
    manner, listeners = Manner.of(None, small=False), dict[str, Any]()
    session = SimpleNamespace(on=listeners.__setitem__, history=llm.ChatContext.empty())
    async with mind_at(brain.url) as (_, remote):
        remote.attach(cast(Any, session), cast(Any, SimpleNamespace(name="room")), manner)
        await until(lambda: remote.link.wants)
        for manner.retells, words in ((True, "My card number"), (False, "What is")):
            partial = SimpleNamespace(is_final=False, transcript=words)
            listeners["user_input_transcribed"](partial)
        await until(lambda: brain.of_type("partial"))
    assert [message["text"] for message in brain.of_type("partial")] == ["What is"]


async def test_a_wish_that_cannot_be_fulfilled_ends_the_brain_for_good(
    brain: Brain, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: Say) -> None:
        raise RuntimeError("AgentSession is closing: By the way.")

    async with mind_at(brain.url) as (mind, remote):
        remote.link.on_say = refuse
        assert await ask(mind, "Hello.") == "You said: Hello."
        await brain.send(type="say", text="By the way.", interrupt=True)
        assert await ask(mind, "Still there?") == "You said: Still there?"
        assert brain.connections == 1 and "By the way" not in caplog.text


async def test_a_surprise_in_the_connection_ends_the_brain_for_good(brain: Brain) -> None:
    def fail() -> list[Message]:
        if brain.connections < 2:
            raise KeyError("history")
        return []

    async with mind_at(brain.url) as (mind, remote):
        remote.link.recall.history = fail
        assert await ask(mind, "Hello.") == "You said: Hello."
    assert brain.connections == 2


def test_messages_beyond_their_bounds_are_taken() -> None:
    with pytest.raises(RemoteProtocolError, match="at most"):
        parse(json.dumps({"type": "say", "text": SECRET * LONGEST_TEXT}))
    with pytest.raises(RemoteProtocolError) as refused:
        parse(json.dumps({"type": "delta", "turn": "t", "text": [SECRET]}))
    assert SECRET not in str(refused.value)
    with pytest.raises(RemoteProtocolError, match="version"):
        parse(json.dumps({"type": "session.ready", "version": 2}))
    assert parse(json.dumps({"type": "session.ready", "version": 1})) == Ready(frozenset())
    assert parse(json.dumps({"type": "news"})) is None
    long = [Message("user", "a" * 1_000)] * 100
    assert len(shorten(long)) <= MOST_HISTORY
    assert len(json.dumps(shorten([Message("user", "\u00e4" * 9_000)] * 20))) < LONGEST_MESSAGE


async def test_the_example_does_not_answer() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, EXAMPLE, "0", stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    try:
        assert process.stdout is not None
        port = int((await process.stdout.readline()).split()[-1])
        async with mind_at(f"ws://127.0.0.1:{port}") as (mind, _):
            assert await ask(mind, "Hello.") == "You said: Hello. Tell me more."
    finally:
        process.kill()
        await process.wait()
