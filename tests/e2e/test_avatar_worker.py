"""The avatar worker alone, by scripted agents: rooms that end cleanly, voices without a picture."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit import rtc
from livekit.rtc._proto.room_pb2 import SimulateScenarioKind

from bench.ears import Ears
from bench.leaks import murmur, say_segments, visit_rooms
from bench.livekit import LiveKitServer, start_livekit
from bench.script import avatar_speaker
from bench.stage import dispatch, enter, start_worker
from visavis.protocol import AVATAR_NAME, AvatarDispatch

PLAYED = 30.0
"""Seconds that a short sentence may take on a busy machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("avatar-worker")


@pytest.fixture(scope="module")
def livekit(folder: Path) -> Iterator[LiveKitServer]:
    with start_livekit(folder) as server:
        yield server


@pytest.fixture(scope="module")
def worker(livekit: LiveKitServer, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with start_worker(livekit, folder) as worker:
        yield worker


async def test_rooms_leave_nothing_in_their_worker(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes]
) -> None:
    left = await visit_rooms(livekit, worker, 5)
    assert left.children == 0
    assert left.files <= 1 and left.threads <= 2  # LiveKit's pool of threads fills when it likes
    assert left.kilobytes_each < 1000


async def test_segments_leave_nothing_in_their_room(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes]
) -> None:
    left = await say_segments(livekit, worker, 40, video=False)
    assert left.children == 0 and left.files <= 1 and left.threads <= 2
    assert left.kilobytes_each < 100


async def test_a_voice_without_a_picture_is_heard_and_not_seen(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes]
) -> None:
    async with enter(livekit, "voice", "person") as person:
        ears = Ears(person)
        async with avatar_speaker(livekit, "voice", AVATAR_NAME, video=False) as speaker:
            said = await speaker.say(murmur(1.0))
            await ears.wait_for_sound(said, PLAYED)
            await speaker.wait(PLAYED)
            [avatar] = [p for p in person.remote_participants.values() if "avatar" in p.identity]
            tracks = [publication.kind for publication in avatar.track_publications.values()]
            assert tracks == [rtc.TrackKind.KIND_AUDIO]
        await ears.aclose()


async def test_an_agent_that_lost_its_connection_finds_its_avatar_where_it_was(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes]
) -> None:
    asked = AvatarDispatch("agent", "avatar-lost", video=False)
    async with enter(livekit, "lost", "person") as person:
        async with enter(livekit, "lost", "agent", agent=True) as agent:
            await dispatch(livekit, "lost", AVATAR_NAME, asked.to_json())
            before = await sid_of(person, "avatar-lost")
            with_reason = SimulateScenarioKind.SIMULATE_SERVER_LEAVE
            await agent.simulate_scenario(with_reason)
            async with asyncio.timeout(PLAYED):
                while "agent" in person.remote_participants:
                    await asyncio.sleep(0.05)
        async with enter(livekit, "lost", "agent", agent=True):
            await asyncio.sleep(1)
            assert await sid_of(person, "avatar-lost") == before
        left = time.monotonic()
        async with asyncio.timeout(PLAYED):
            while "avatar-lost" in person.remote_participants:
                await asyncio.sleep(0.05)
        assert time.monotonic() - left < 9, "it waited for an agent that had said goodbye"


async def sid_of(room: rtc.Room, identity: str) -> str:
    async with asyncio.timeout(PLAYED):
        while (found := room.remote_participants.get(identity)) is None:
            await asyncio.sleep(0.05)
    return found.sid
