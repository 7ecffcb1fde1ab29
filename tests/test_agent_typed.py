"""What is typed, and what a brain has to say at once, while the voice speaks: ``BARGE_IN`` is about
speech alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, llm, room_io

from agent.assistant import Assistant
from agent.brains.remote_link import RemoteLink
from agent.brains.remote_llm import RemoteLLM
from agent.brains.remote_protocol import Say
from agent.brains.turns import turn_handling
from agent.brains.words_llm import WordsLLM, read_turn
from agent.manner import Manner
from agent.typed import take_typed
from tests.providers.stage import RATE, Player, until


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
    event: Any = SimpleNamespace(text="Is that true?")
    await take_typed(
        Manner.of(None, small=False), stage.session, cast(room_io.TextInputEvent, event)
    )
    await until(lambda: stage.mind.asked)
    assert stage.mind.asked == ["Is that true?"] and stage.speech.interrupted


async def test_a_brain_that_cuts_its_own_words_short_goes_on_speaking(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = RemoteLLM(RemoteLink("ws://127.0.0.1:1/brain", None), "test")
    said: list[str] = []
    monkeypatch.setattr(remote, "connect", lambda room, instructions: None)
    monkeypatch.setattr(stage.session, "say", said.append)
    room = cast(rtc.Room, SimpleNamespace(name="r"))
    remote.attach(stage.session, room, Manner.of(None, small=False))
    remote.link.on_say(Say("Stop!", interrupt=True))
    assert stage.speech.interrupted and said == ["Stop!"]
