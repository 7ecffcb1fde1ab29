"""What an agent says through ``AvatarSession``: held, interrupted, and outliving its face."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit import api, rtc
from livekit.agents import AgentSession
from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent

from bench.bot import MIC_RATE, Bot, Speech
from bench.livekit import LiveKitServer
from bench.speech import speak
from bench.system import System
from tests.e2e.test_kill import face_process
from tests.e2e.test_rooms import enter, token
from visavis import AvatarSession

near: Any = pytest.approx

SENTENCE = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve."


@asynccontextmanager
async def our_agent(
    livekit: LiveKitServer, room_name: str
) -> AsyncIterator[tuple[AudioOutput, list[PlaybackFinishedEvent], Bot]]:
    """An agent without a mind, its output behind our face, and a person who listens."""
    grants = api.VideoGrants(room_join=True, room=room_name, can_update_own_metadata=True)
    access = token(livekit, "agent", room_name).with_kind("agent").with_grants(grants)
    agent = rtc.Room()
    await agent.connect(livekit.url, access.to_jwt())
    async with enter(livekit, token(livekit, "person", room_name)) as bot:
        session: AgentSession[Any] = AgentSession()
        avatar = AvatarSession(face_timeout=30)
        await avatar.start(
            session,
            agent,
            livekit_url=livekit.url,
            livekit_api_key=livekit.api_key,
            livekit_api_secret=livekit.api_secret,
        )
        output = session.output.audio
        assert output is not None
        ends: list[PlaybackFinishedEvent] = []
        output.on("playback_finished", ends.append)
        try:
            await avatar.wait_for_join(timeout=60)
            yield output, ends, bot
        finally:
            await avatar.aclose()
            await agent.disconnect()


async def say(output: AudioOutput, speech: Speech) -> None:
    for start in range(0, len(speech), 2400):
        piece = speech[start : start + 2400]
        await output.capture_frame(rtc.AudioFrame(piece.tobytes(), MIC_RATE, 1, len(piece)))
    output.flush()


async def test_a_cough_holds_the_sentence_and_does_not_end_it(system: System) -> None:
    speech = speak(SENTENCE)
    seconds = len(speech) / MIC_RATE
    async with our_agent(system.livekit, "cough") as (output, ends, bot):
        sent = time.monotonic()
        await say(output, speech)
        await bot.wait_for_sound(sent, limit=15)
        assert output.can_pause
        output.pause()
        await bot.wait_for_quiet(1.0, limit=5)
        await asyncio.sleep(seconds)  # the whole sentence would be over by now
        assert not ends
        output.resume()
        end = await asyncio.wait_for(output.wait_for_playout(), seconds + 15)
        assert (end.playback_position, end.interrupted) == (near(seconds), False)


async def test_a_sentence_that_is_begun_while_the_person_speaks_waits(system: System) -> None:
    speech = speak("Still here.")
    async with our_agent(system.livekit, "wait") as (output, ends, bot):
        output.pause()
        await say(output, speech)
        await asyncio.sleep(2)
        assert bot.senses.quiet_for(1.5) and not ends
        output.clear_buffer()
        end = await asyncio.wait_for(output.wait_for_playout(), 5)
        assert (end.playback_position, end.interrupted) == (0, True)
        said = time.monotonic()
        await say(output, speech)
        await bot.wait_for_sound(said, limit=15)
        await asyncio.wait_for(output.wait_for_playout(), 15)
        assert len(ends) == 2


async def test_ten_interrupts_in_a_row_do_not_wedge_the_agent(system: System) -> None:
    speech = speak(SENTENCE)
    async with our_agent(system.livekit, "ten") as (output, ends, bot):
        for number in range(10):
            await say(output, speech)
            await asyncio.sleep(0.05 * number)
            output.clear_buffer()
            output.clear_buffer()
        await asyncio.wait_for(output.wait_for_playout(), 10)
        assert [end.interrupted for end in ends] == [True] * 10
        await bot.wait_for_quiet(0.5)
        asked = time.monotonic()
        await say(output, speech)
        await bot.wait_for_sound(asked, limit=15)
        end = await asyncio.wait_for(output.wait_for_playout(), 30)
        assert end.playback_position == near(len(speech) / MIC_RATE)


async def test_a_sentence_outlives_its_face_and_is_reported_once(system: System) -> None:
    speech = speak(f"{SENTENCE} {SENTENCE}")
    seconds = len(speech) / MIC_RATE
    async with our_agent(system.livekit, "outlive") as (output, ends, bot):
        sent = time.monotonic()
        await say(output, speech)
        await bot.wait_for_sound(sent, limit=15)
        face_process(system).kill()
        killed = time.monotonic()
        end = await asyncio.wait_for(output.wait_for_playout(), seconds + 30)
        assert (end.playback_position, end.interrupted) == (near(seconds, abs=0.1), False)
        assert time.monotonic() - killed > seconds - 3
        assert len(ends) == 1
