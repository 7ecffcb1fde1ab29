"""The process behind the face is killed in mid-sentence: the conversation does not notice."""

from __future__ import annotations

import asyncio
import contextlib
import time

import psutil

from bench.bot import Bot, join
from bench.kill import in_room
from bench.speech import STORY
from bench.system import System
from visavis.protocol import ATTRIBUTE_FACE, ATTRIBUTE_PUBLISH_ON_BEHALF, TOPIC_SAY

AGENT_STATE = "lk.agent.state"
PATIENCE = 90.0
"""Seconds: longer than a first word waits for its face, and than the story."""


def agent_says(bot: Bot, attribute: str) -> str | None:
    found = [p.attributes.get(attribute) for p in bot.room.remote_participants.values()]
    return next(filter(None, found), None)


def faces(bot: Bot) -> set[str]:
    return {
        participant.identity
        for participant in bot.room.remote_participants.values()
        if ATTRIBUTE_PUBLISH_ON_BEHALF in participant.attributes
    }


async def until(bot: Bot, attribute: str, value: str, limit: float) -> None:
    async with asyncio.timeout(limit):
        while agent_says(bot, attribute) != value:
            await asyncio.sleep(0.01)


def face_process(system: System) -> psutil.Process:
    worker = system.processes()["avatar"][0]
    return in_room(worker, int(system.livekit.url.rpartition(":")[2]))


async def until_faces_rest(system: System) -> None:
    """Wait for the room of an earlier test: its face is not the one to be killed."""
    async with asyncio.timeout(120):
        with contextlib.suppress(LookupError):
            while face_process(system):
                await asyncio.sleep(0.5)


async def test_a_face_that_is_killed_in_mid_sentence_leaves_the_voice_and_comes_back(
    system: System,
) -> None:
    await until_faces_rest(system)
    async with join(system.gateway) as bot:
        await bot.wait_for_sound(bot.senses.joined, limit=PATIENCE)
        await until(bot, ATTRIBUTE_FACE, "present", limit=PATIENCE)
        await bot.wait_for_picture(limit=PATIENCE)
        await bot.wait_for_quiet()
        [first] = faces(bot)
        process = face_process(system)

        told = time.monotonic()
        await bot.room.local_participant.send_text(STORY, topic=TOPIC_SAY)
        await bot.wait_for_sound(told, limit=PATIENCE)
        process.kill()
        killed = time.monotonic()
        await until(bot, ATTRIBUTE_FACE, "absent", limit=10)
        await bot.wait_for_sound(time.monotonic(), limit=10)
        assert agent_says(bot, AGENT_STATE) == "speaking"

        # Another face takes over, and the story ends, once.
        await until(bot, ATTRIBUTE_FACE, "present", limit=PATIENCE)
        async with asyncio.timeout(30):
            while bot.senses.pictures[-1] < killed + 3:
                await asyncio.sleep(0.05)
        [second] = faces(bot)
        assert second != first
        await until(bot, AGENT_STATE, "listening", limit=PATIENCE)
        await bot.wait_for_quiet()

        # It goes on with the new one.
        asked = time.monotonic()
        await bot.room.local_participant.send_text("Hello again!", topic="lk.chat")
        await bot.wait_for_sound(asked, limit=PATIENCE)
        await until(bot, AGENT_STATE, "listening", limit=PATIENCE)
