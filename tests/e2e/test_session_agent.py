"""A session in a real room, as its agent holds it: through a death, until its limit ends it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from livekit import api, rtc

from bench.kill import in_room
from bench.stage import dispatch, enter
from bench.system import System
from gateway.sessions.door import AgentUnreachable, Door, DoorError
from settings import Settings
from store import Sessions, StoredSession, open_store
from visavis.appearance import AppearanceChange
from visavis.events import Event
from visavis.protocol import (
    ATTRIBUTE_BACKGROUND,
    ATTRIBUTE_LIMIT,
    ATTRIBUTE_SETTINGS,
    DOOR_NOT_NOW,
    RPC_HANG_UP,
)
from visavis.session import SessionSpec
from visavis.talk import TalkChange

PATIENCE = 150.0
"""Seconds: a slow machine is no failure."""
TAKEN = 15.0
"""Seconds within which a worker that has room takes a dispatch."""
IDLE = 20.0
AGENT = "lk.agent_name"
TALK = TalkChange(
    mode="retelling",
    instructions="You are a pirate.",
    appearance=AppearanceChange(background="#204060", width=128, height=128, emotion="happy"),
)


class Stage:
    """One session, from outside."""

    def __init__(self, system: System, lk: api.LiveKitAPI, name: str) -> None:
        self.id = self.room = name
        self.sessions = Sessions(open_store(system.store_url), time.time)
        self.sessions.create(StoredSession(name, "", name, {}, {}, time.time()))
        self._system, self._lk = system, lk
        livekit = system.livekit
        self._door = Door(
            lk,
            Settings(
                _env_file=None,
                livekit_api_key=livekit.api_key,
                livekit_api_secret=livekit.api_secret,
            ),
        )

    async def open(self, **spec: Any) -> None:
        """Asked for again while the worker is still full of the rooms of other tests."""
        asked = SessionSpec(self.id, time.time(), **spec)
        async with asyncio.timeout(PATIENCE):
            while True:
                await dispatch(self._system.livekit, self.room, "visavis", asked.to_metadata())
                for _ in range(int(TAKEN / 0.5)):
                    if await self._taken():
                        return
                    await asyncio.sleep(0.5)

    async def _taken(self) -> bool:
        if self.events("session.started", "session.failed"):
            return True
        made = await self._lk.agent_dispatch.list_dispatch(self.room)
        return any(each.state.jobs for each in made)

    async def people(self) -> list[Any]:
        asked = api.ListParticipantsRequest(room=self.room)
        return list((await self._lk.room.list_participants(asked)).participants)

    async def agent(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            while True:
                for each in await self.people():
                    if each.attributes.get(AGENT) == "visavis":
                        return each
                await asyncio.sleep(0.1)

    async def call(self, action: Any, **fields: Any) -> str:
        """Again where the agent is still on its way."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    agent = (await self.agent()).identity
                    return await self._door.call(self.room, agent, action, **fields)
                except (AgentUnreachable, api.TwirpError):
                    await asyncio.sleep(0.2)

    async def say(self, id: str, *pieces: str) -> str:
        for index, text in enumerate(pieces):
            last = index == len(pieces) - 1
            answer = await self.call(
                "message", id=id, kind="say", index=index, last=last, text=text
            )
        return str(json.loads(answer)["state"])

    def events(self, *types: str) -> list[Event]:
        return [each for each in self.sessions.events(self.id) if each.type in types or not types]

    async def until(self, type: str, **data: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not any(each.data.items() >= data.items() for each in self.events(type)):
                await asyncio.sleep(0.1)

    async def until_gone(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while (await self._lk.room.list_rooms(api.ListRoomsRequest(names=[self.room]))).rooms:
                await asyncio.sleep(0.1)


@pytest.fixture
async def lk(system: System) -> AsyncIterator[api.LiveKitAPI]:
    livekit = system.livekit
    async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as client:
        yield client


async def test_a_session_loses_nothing_with_its_agent_and_leaves_nothing_behind(
    system: System, lk: api.LiveKitAPI
) -> None:
    stage = Stage(system, lk, "held")
    await stage.open(talk=TALK, greeting="Welcome to the shop.", idle_seconds=IDLE)
    with pytest.raises(DoorError, match="has not joined yet") as early:
        await stage.say("early", "Hello.")
    assert early.value.code == DOOR_NOT_NOW
    assert json.loads(await stage.call("settings", change={"speed": 1.3}))["speed"] == 1.3

    async with enter(system.livekit, stage.room, "person") as room:
        told: list[str] = []
        gone = asyncio.Event()

        def on_attributes(changed: dict[str, str], _: rtc.Participant) -> None:
            told.extend([changed[ATTRIBUTE_LIMIT]] if ATTRIBUTE_LIMIT in changed else [])

        room.on("participant_attributes_changed", on_attributes)
        room.on("disconnected", lambda *_: gone.set())
        await stage.until("agent.turn", text="Welcome to the shop.")
        assert await stage.say("1", "One half, ", "and the other. ") == "accepted"
        await stage.until("message", id="1", state="done")
        assert await stage.say("1", "One half, ", "and the other. ") == "done"
        looks = [each.attributes.get(ATTRIBUTE_BACKGROUND) for each in await stage.people()]
        assert "#204060" in looks

        port = urlsplit(system.livekit.url).port
        lost = (await stage.agent()).identity
        in_room(system.processes()["agent"][0], int(port or 0)).kill()
        async with asyncio.timeout(PATIENCE):
            while (agent := await stage.agent()).identity == lost or (
                ATTRIBUTE_SETTINGS not in agent.attributes
            ):
                await asyncio.sleep(0.1)
        talk = json.loads(agent.attributes[ATTRIBUTE_SETTINGS])
        assert talk.items() >= {"mode": "retelling", "speed": 1.3, "own_instructions": True}.items()

        assert await stage.say("2", "A story of the sea, and of the men on it. " * 20) == "accepted"
        await stage.until("message", id="2", state="begun")
        while (await stage.agent()).attributes.get("lk.agent.state") != "speaking":
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)
        assert await stage.call("interrupt") == "ok"
        await stage.until("message", id="2", state="interrupted")
        await stage.until("agent.turn", interrupted=True)

        async with asyncio.timeout(PATIENCE):
            await gone.wait()
    await stage.until_gone()
    [warned] = [json.loads(each) for each in told if each]
    assert warned["limit"] == "idle" and 0 < warned["seconds_left"] <= 5
    assert [each.data for each in stage.events("session.warned")] == [
        {"limit": "idle", "seconds_left": warned["seconds_left"]}
    ]
    texts = [each.data["text"] for each in stage.events("agent.turn")]
    assert texts[:2] == ["Welcome to the shop.", "One half, and the other."]
    assert texts[-2:] == [
        "Are you still there? If not, I'll end our conversation in a moment.",
        "I have to go now. Goodbye!",
    ]
    types = [each.type for each in stage.events()]
    assert types[:2] == ["session.created", "session.started"] and types[-1] == "session.ended"
    assert types.count("session.started") == types.count("session.ended") == 1
    [started, ended] = stage.events("session.started", "session.ended")
    assert started.data["face"] == "present" and "tts" in started.data["brains"]
    assert ended.data == {"reason": "idle"}
    found = stage.sessions.find(stage.id)
    assert found is not None and found.end_reason == "idle"


async def test_a_session_that_nobody_comes_to_is_ended_from_outside(
    system: System, lk: api.LiveKitAPI
) -> None:
    stage = Stage(system, lk, "ended")
    await stage.open(talk=TalkChange(mode="retelling"), video=False)
    assert await stage.call("end") == "ok"
    await stage.until_gone()
    assert [each.type for each in stage.events()] == ["session.created", "session.ended"]
    assert stage.events()[-1].data == {"reason": "ended"}


async def test_a_session_does_not_outlast_its_person(system: System, lk: api.LiveKitAPI) -> None:
    stage = Stage(system, lk, "left")
    await stage.open(greeting="", video=False)
    async with enter(system.livekit, stage.room, "person") as room:
        await stage.until("session.started")
        await room.local_participant.perform_rpc(
            destination_identity=(await stage.agent()).identity, method=RPC_HANG_UP, payload=""
        )
        await stage.until("session.ended", reason="left")
        await stage.until_gone()


async def test_a_session_that_cannot_be_as_asked_does_not_begin_otherwise(
    system: System, lk: api.LiveKitAPI
) -> None:
    stage = Stage(system, lk, "refused")
    await stage.open(talk=TalkChange(language="de"))
    await stage.until("session.ended", reason="failed")
    await stage.until_gone()
    [failed] = stage.events("session.failed")
    assert failed.data["code"] == "wrong_setting" and "know only English" in failed.data["detail"]
