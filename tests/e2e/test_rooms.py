"""Rooms that are not the page's: no free face, a stranger's token, a stranger's agent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import api, rtc
from livekit.agents.voice.avatar import DataStreamAudioOutput

from bench.bot import MIC_RATE, Bot, Microphone, Speech, join
from bench.livekit import LiveKitServer
from bench.speech import speak
from bench.system import System, running_system
from visavis.dispatch import FaceDesk
from visavis.protocol import (
    AGENT_NAME,
    ATTRIBUTE_FACE,
    AVATAR_NAME,
    TOPIC_AUDIO_STREAM,
    AvatarDispatch,
)

PATIENCE = 90.0
"""Seconds: longer than a first word waits for its face."""
UNANSWERED = 8.0
"""Seconds after which a worker that has not taken a dispatch has refused it."""


def token(livekit: LiveKitServer, identity: str, room: str) -> api.AccessToken:
    grants = api.VideoGrants(room_join=True, room=room)
    access = api.AccessToken(livekit.api_key, livekit.api_secret)
    return access.with_identity(identity).with_grants(grants)


@asynccontextmanager
async def enter(livekit: LiveKitServer, access: api.AccessToken) -> AsyncIterator[Bot]:
    """Join as a client that knows nothing of Visavis."""
    room = rtc.Room()
    bot = Bot(room, Microphone())  # which stays off
    bot.senses.joined = time.monotonic()
    await room.connect(livekit.url, access.to_jwt())
    try:
        yield bot
    finally:
        await bot.aclose()


def face_state(bot: Bot) -> str | None:
    states = [
        participant.attributes.get(ATTRIBUTE_FACE)
        for participant in bot.room.remote_participants.values()
    ]
    return next(filter(None, states), None)


async def met(bot: Bot) -> None:
    """It is heard and seen. The first word may come before the face, on a machine that is slow."""
    await bot.wait_for_sound(bot.senses.joined, limit=PATIENCE)
    async with asyncio.timeout(PATIENCE):
        while face_state(bot) != "present":
            await asyncio.sleep(0.05)
    await bot.wait_for_picture(limit=PATIENCE)


async def test_a_room_without_a_free_face_still_talks_and_says_so() -> None:
    with running_system({"AVATAR_MAX_ROOMS": "0", "FACE_TIMEOUT": "3"}) as system:
        async with join(system.gateway) as bot:
            await bot.wait_for_sound(bot.senses.joined, limit=PATIENCE)
            assert face_state(bot) == "absent"
            assert not bot.senses.pictures
            await bot.wait_for_quiet()
            asked = time.monotonic()
            await bot.room.local_participant.send_text("Hello!", topic="lk.chat")
            await bot.wait_for_sound(asked, limit=PATIENCE)


async def test_a_dispatch_in_a_strangers_token_brings_agent_and_face(system: System) -> None:
    access = token(system.livekit, "stranger", "strangers-token").with_room_config(
        api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=AGENT_NAME)])
    )
    async with enter(system.livekit, access) as bot:
        await met(bot)


async def test_a_dispatch_into_a_strangers_room_brings_agent_and_face(system: System) -> None:
    livekit = system.livekit
    async with (
        enter(livekit, token(livekit, "stranger", "strangers-room")) as bot,
        api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lk,
    ):
        await lk.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room="strangers-room")
        )
        await met(bot)


async def bring(agent: rtc.Room, desk: FaceDesk, request: AvatarDispatch) -> None:
    """Ask for an avatar until it is there.

    A worker that still measures the rooms before may refuse, and LiveKit then forgets. One that is
    on its way is not asked for again: the second of its name would throw it out.
    """

    def is_here() -> bool:
        return request.avatar_identity in agent.remote_participants

    async with asyncio.timeout(PATIENCE):
        while not is_here():
            asked, at = await desk.ask(request), time.monotonic()
            assert asked is not None
            while not is_here() and await may_come(desk, asked, at):
                await asyncio.sleep(0.1)
            if not is_here():
                await desk.withdraw(asked, request.avatar_identity)


async def may_come(desk: FaceDesk, asked: str, at: float) -> bool:
    progress = await desk.progress(asked)
    return progress == "coming" or (progress == "unanswered" and time.monotonic() - at < UNANSWERED)


@asynccontextmanager
async def face_of(
    livekit: LiveKitServer, room_name: str
) -> AsyncIterator[tuple[rtc.Room, DataStreamAudioOutput, Bot]]:
    """A stranger's agent with LiveKit's own output, our face, and a person who listens."""
    agent = rtc.Room()
    await agent.connect(livekit.url, token(livekit, "agent", room_name).with_kind("agent").to_jwt())
    async with (
        enter(livekit, token(livekit, "person", room_name)) as bot,
        api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lk,
    ):
        dispatch = AvatarDispatch("agent", f"avatar-{room_name}")
        await bring(agent, FaceDesk(lk, room_name, AVATAR_NAME), dispatch)
        output = DataStreamAudioOutput(
            agent,
            destination_identity=dispatch.avatar_identity,
            wait_remote_track=rtc.TrackKind.KIND_VIDEO,
            wait_playback_start=True,
        )
        try:
            yield agent, output, bot
        finally:
            await agent.disconnect()


async def send(output: DataStreamAudioOutput, speech: Speech) -> None:
    for start in range(0, len(speech), 2400):
        piece = speech[start : start + 2400]
        await output.capture_frame(rtc.AudioFrame(piece.tobytes(), MIC_RATE, 1, len(piece)))
    output.flush()


async def test_livekits_own_agent_output_speaks_through_our_face(system: System) -> None:
    speech = speak("This sentence is said by a stranger's agent, and it is heard to the end.")
    seconds = len(speech) / MIC_RATE
    async with face_of(system.livekit, "livekits-output") as (_, output, bot):
        await send(output, speech)
        end = await asyncio.wait_for(output.wait_for_playout(), seconds + 15)
        assert not end.interrupted
        assert end.playback_position == pytest.approx(seconds, abs=0.02)

        # Ten interrupts in a row, then one more sentence: nothing is wedged.
        for _ in range(10):
            await send(output, speech)
            output.clear_buffer()
            end = await asyncio.wait_for(output.wait_for_playout(), 15)
            assert end.interrupted and end.playback_position < seconds
        await bot.wait_for_quiet(0.8)
        asked = time.monotonic()
        await send(output, speech)
        await bot.wait_for_sound(asked, limit=15)
        end = await asyncio.wait_for(output.wait_for_playout(), seconds + 15)
        assert end.playback_position == pytest.approx(seconds, abs=0.02)


async def test_an_interrupt_is_heard_at_once(system: System) -> None:
    speech = speak("One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve.")
    async with face_of(system.livekit, "interrupt") as (_, output, bot):
        sent = time.monotonic()
        await send(output, speech)
        await bot.wait_for_sound(sent, limit=15)
        await asyncio.sleep(1)
        output.clear_buffer()
        end = await asyncio.wait_for(output.wait_for_playout(), 5)
        assert end.interrupted
        assert 0.3 < end.playback_position < len(speech) / MIC_RATE - 0.5
        await bot.wait_for_quiet(1.0, limit=4)


async def test_a_malformed_stream_is_answered_and_changes_nothing(system: System) -> None:
    speech = speak("Still here.")
    async with face_of(system.livekit, "malformed") as (agent, output, _):
        await send(output, speech)
        await asyncio.wait_for(output.wait_for_playout(), 20)
        ends: list[str] = []

        def on_finished(invocation: rtc.RpcInvocationData) -> str:
            ends.append(invocation.payload)
            return "ok"

        agent.local_participant.register_rpc_method("lk.playback_finished", on_finished)
        for attributes in ({}, {"sample_rate": "fast", "num_channels": "1"}):
            writer = await agent.local_participant.stream_bytes(
                name="bad",
                topic=TOPIC_AUDIO_STREAM,
                attributes=attributes,
                destination_identities=["avatar-malformed"],
            )
            await writer.write(bytes(1000))
            await writer.aclose()
        async with asyncio.timeout(10):
            while len(ends) < 2:
                await asyncio.sleep(0.05)
        assert all('"playback_position": 0.0' in end for end in ends)
