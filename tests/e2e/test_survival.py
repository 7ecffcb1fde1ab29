"""The conversation survives: an absence, LiveKit's restart, an agent's death, a cough."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import urllib.error
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil
from livekit import rtc

from agent.languages import apologise
from bench.bot import MIC_RATE, Bot, join
from bench.kill import in_room
from bench.system import System, running_system
from settings import Settings
from visavis.protocol import ATTRIBUTE_PUBLISH_ON_BEHALF, RPC_HANG_UP, RPC_INTERRUPT

ENOUGH = 40.0
"""Seconds: a slow machine is no failure."""
LONG = "Tell me a long story about the sea."


def agent_of(room: rtc.Room) -> rtc.RemoteParticipant | None:
    agents = [
        each
        for each in room.remote_participants.values()
        if each.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        and ATTRIBUTE_PUBLISH_ON_BEHALF not in each.attributes
    ]
    assert len(agents) <= 1, "two agents in one room"
    return agents[0] if agents else None


async def until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(ENOUGH):
            while not condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {ENOUGH:.0f} s: {what}") from None


class Captions:
    """What the agent is said to have said."""

    def __init__(self, room: rtc.Room) -> None:
        self.lines: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = room
        room.register_text_stream_handler("lk.transcription", self._on_stream)

    def _on_stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        agent = agent_of(self._room)
        if agent is None or identity != agent.identity:
            reader.close()
            return
        self.lines.append("")
        task = asyncio.create_task(self._read(reader, len(self.lines) - 1))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, reader: rtc.TextStreamReader, line: int) -> None:
        async for chunk in reader:
            self.lines[line] += chunk


async def type_to(bot: Bot, text: str) -> float:
    """Answers when."""
    now = time.monotonic()
    await bot.room.local_participant.send_text(text, topic="lk.chat")
    return now


async def call(bot: Bot, method: str) -> str:
    agent = agent_of(bot.room)
    assert agent is not None
    return await bot.room.local_participant.perform_rpc(
        destination_identity=agent.identity, method=method, payload=""
    )


@asynccontextmanager
async def talking(system: System, **body: str) -> AsyncIterator[Bot]:
    """A person whom the agent has greeted, unless they were here before."""
    async with join(system.gateway, body=body) as bot:
        if not body:
            await bot.wait_for_sound(bot.senses.joined, ENOUGH)
            await bot.wait_for_quiet()
        yield bot


async def test_the_agent_talks_to_an_empty_room_or_not_to_the_one_who_returns(
    system: System,
) -> None:
    async with talking(system) as bot:
        room, agent = bot.room.name, agent_of(bot.room)
        assert agent is not None
        asked = await type_to(bot, LONG)
        await bot.wait_for_sound(asked, ENOUGH)
        await bot.room.disconnect()  # without hanging up
    async with talking(system, room_name=room, participant_identity="in-another-guise") as bot:
        await until(lambda: agent_of(bot.room) is not None, "no agent")
        again = agent_of(bot.room)
        assert again is not None and again.identity == agent.identity
        # The sentence goes on where it was left.
        await bot.wait_for_sound(bot.senses.joined, ENOUGH)
        await bot.wait_for_quiet()
        asked = await type_to(bot, "What is the capital of France?")
        await bot.wait_for_sound(asked, ENOUGH)
        assert await call(bot, RPC_HANG_UP) == "ok"
        await until(lambda: agent_of(bot.room) is None, "the agent stays")


async def ask_until_answered(bot: Bot, question: str) -> None:
    """What is typed in the very moment of a reconnection may be lost: one types it again."""
    for _ in range(4):
        asked = await type_to(bot, question)
        with contextlib.suppress(TimeoutError):
            await bot.wait_for_sound(asked, ENOUGH / 4)
            return
    raise AssertionError(f"no answer to {question!r}")


async def test_a_restart_of_livekit_ends_the_conversation() -> None:
    with running_system() as system:
        async with talking(system) as bot:
            agent = agent_of(bot.room)
            assert agent is not None
            identity = agent.identity
            await asyncio.to_thread(system.livekit.restart, 1.0)
            await until(lambda: agent_of(bot.room) is None, "nobody noticed")

            def is_back() -> bool:
                found = agent_of(bot.room)
                return found is not None and found.identity == identity

            await until(is_back, "the same agent is not back")
            await until(lambda: len(bot.room.remote_participants) == 2, "no face")
            await ask_until_answered(bot, "What is the capital of France?")
            assert await call(bot, RPC_INTERRUPT) == "ok"
            await bot.wait_for_quiet()
            assert is_back()
        # And the workers take new conversations.
        async with talking(system):
            pass


def job_of(system: System, name: str) -> psutil.Process:
    """The process of the one conversation."""
    port = urlsplit(system.livekit.url).port
    assert port is not None
    return in_room(system.processes()[name][0], port)


async def test_a_person_is_left_alone_with_a_face_whose_agent_died() -> None:
    with running_system() as system:
        async with talking(system) as bot:
            captions = Captions(bot.room)
            agent = agent_of(bot.room)
            assert agent is not None
            face = next(each for each in bot.room.remote_participants if each != agent.identity)
            killed = time.monotonic()
            job_of(system, "agent").kill()

            def is_replaced() -> bool:
                found = agent_of(bot.room)
                return found is not None and found.identity != agent.identity

            await until(is_replaced, "no other agent came")
            await bot.wait_for_sound(killed + 1, ENOUGH)
            apology = apologise(Settings(_env_file=None))
            await until(lambda: captions.lines[-1:] == [apology], "no apology")
            await until(lambda: face not in bot.room.remote_participants, "the old face stays")


async def test_workers_that_die_are_gone_for_good() -> None:
    with running_system() as system:
        processes = system.processes()
        for name in ("agent", "avatar"):
            processes[name][0].kill()
        async with asyncio.timeout(5 * ENOUGH):
            while True:
                try:
                    async with talking(system) as bot:
                        await bot.wait_for_picture(ENOUGH)
                    return
                except urllib.error.URLError:  # nobody is free yet, and no room is left behind
                    await asyncio.sleep(1)


async def test_a_cough_ends_the_sentence(system: System) -> None:
    random = np.random.default_rng(0)
    size = round(0.45 * MIC_RATE)
    envelope = np.exp(-np.linspace(0, 5, size)) * np.minimum(1, np.linspace(0, 60, size))
    cough: Any = (random.normal(0, 9000, size) * envelope).clip(-32768, 32767).astype(np.int16)
    async with talking(system) as bot:
        captions = Captions(bot.room)
        asked = await type_to(bot, "Count slowly from one to ten, please.")
        heard = await bot.wait_for_sound(asked, ENOUGH)
        await asyncio.sleep(max(0.0, heard + 1.2 - time.monotonic()))
        before = list(captions.lines)
        await bot.say(cough)
        await bot.wait_for_quiet(4.0)
        after = captions.lines
    assert after[: len(before)] != before or len(after) > len(before), "nothing more was said"
    assert re.search(r"[.!?]\s*$", after[-1]), after
