"""A person is let in when an agent has the room, and only then: with a real LiveKit server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit import api, rtc
from starlette.testclient import TestClient

from bench.livekit import LiveKitServer, free_ports, start_livekit
from gateway.app import create_app
from gateway.dispatch import AGENT_NAME_ATTRIBUTE, Dispatcher
from settings import Settings
from store import Worker, Workers, open_store
from tests.plain_agent import start_agent

AGENT = "visavis"
ENOUGH = 30.0
"""Seconds: a slow machine is no failure."""


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with start_livekit(tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest.fixture(scope="module")
def agent(livekit: LiveKitServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with start_agent(livekit, tmp_path_factory.mktemp("agent")):
        yield


@pytest.fixture
def client(livekit: LiveKitServer, agent: None) -> Iterator[TestClient]:
    with gateway(settings_for(livekit)) as client:
        yield client


@pytest.fixture
async def lk(livekit: LiveKitServer) -> AsyncIterator[api.LiveKitAPI]:
    async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as client:
        yield client


def settings_for(livekit: LiveKitServer, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "livekit_url": livekit.url,
        "livekit_api_key": livekit.api_key,
        "livekit_api_secret": livekit.api_secret,
        "agent_name": AGENT,
        "dispatch_timeout": ENOUGH,
    }
    return Settings(_env_file=None, **(values | changes))


def gateway(settings: Settings) -> TestClient:
    return TestClient(create_app(settings), base_url="http://127.0.0.1")


def ask(client: TestClient, **request: Any) -> dict[str, str]:
    answer = client.post("/api/token", json=request)
    assert answer.status_code == 201, answer.text
    grant: dict[str, str] = answer.json()
    assert set(grant) == {"server_url", "participant_token"}
    return grant


@asynccontextmanager
async def joined(grant: dict[str, str]) -> AsyncIterator[rtc.Room]:
    room = rtc.Room()
    await room.connect(grant["server_url"], grant["participant_token"])
    try:
        yield room
    finally:
        await room.disconnect()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(ENOUGH):
        while not await condition():
            await asyncio.sleep(0.05)


async def agents_in(lk: api.LiveKitAPI, room: str) -> int:
    found = await lk.room.list_participants(api.ListParticipantsRequest(room=room))
    return sum(each.attributes.get(AGENT_NAME_ATTRIBUTE) == AGENT for each in found.participants)


async def dispatches_in(lk: api.LiveKitAPI, room: str) -> int:
    return sum(each.agent_name == AGENT for each in await lk.agent_dispatch.list_dispatch(room))


async def rooms_named(lk: api.LiveKitAPI, *names: str) -> list[api.Room]:
    return list((await lk.room.list_rooms(api.ListRoomsRequest(names=names))).rooms)


async def test_a_token_admits_to_a_room_with_an_agent(
    client: TestClient, lk: api.LiveKitAPI, livekit: LiveKitServer
) -> None:
    grant = await asyncio.to_thread(ask, client, participant_name="Jo")
    assert grant["server_url"] == livekit.url
    async with joined(grant) as room:
        assert room.local_participant.name == "Jo"

        async def agent_is_here() -> bool:
            return any(
                each.attributes.get(AGENT_NAME_ATTRIBUTE) == AGENT
                for each in room.remote_participants.values()
            )

        await until(agent_is_here)
        [found] = await rooms_named(lk, room.name)
        assert (found.empty_timeout, found.departure_timeout) == (90, 40)


async def test_a_token_opens_no_other_room_and_no_api(
    client: TestClient, livekit: LiveKitServer
) -> None:
    grant = await asyncio.to_thread(ask, client, room_name="mine")
    async with api.LiveKitAPI.with_token(grant["participant_token"], livekit.url) as holder:
        for call in (
            holder.room.list_rooms(api.ListRoomsRequest()),
            holder.room.list_participants(api.ListParticipantsRequest(room="mine")),
            holder.room.create_room(api.CreateRoomRequest(name="other")),
            holder.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(agent_name=AGENT, room="other")
            ),
        ):
            with pytest.raises(api.TwirpError) as refused:
                await call
            assert refused.value.status in (401, 403)


async def test_a_second_person_brings_no_second_agent(
    client: TestClient, lk: api.LiveKitAPI
) -> None:
    async def first_agent_is_here() -> bool:
        return await agents_in(lk, "shared") == 1

    first = await asyncio.to_thread(ask, client, room_name="shared")
    await asyncio.to_thread(ask, client, room_name="shared")
    await until(first_agent_is_here)
    second = await asyncio.to_thread(ask, client, room_name="shared")
    async with joined(first), joined(second):
        # Both tokens carry the dispatch for a room that has to be made again.
        assert await dispatches_in(lk, "shared") == 1
        assert await agents_in(lk, "shared") == 1


async def test_two_people_at_once_bring_one_agent(
    agent: None, lk: api.LiveKitAPI, livekit: LiveKitServer
) -> None:
    dispatcher = Dispatcher(lk, settings_for(livekit))
    await asyncio.gather(*(dispatcher.bring_agent("rush") for _ in range(4)))
    assert await dispatches_in(lk, "rush") == 1


async def test_two_people_at_once_in_an_empty_room_bring_one_agent(
    agent: None, lk: api.LiveKitAPI, livekit: LiveKitServer
) -> None:
    """A room that somebody else made, without an agent."""
    await lk.room.create_room(api.CreateRoomRequest(name="found"))
    dispatcher = Dispatcher(lk, settings_for(livekit))
    await asyncio.gather(*(dispatcher.bring_agent("found") for _ in range(4)))
    assert await dispatches_in(lk, "found") == 1


async def test_an_agent_that_left_is_brought_back(
    client: TestClient, lk: api.LiveKitAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiveKit goes on listing the job of an agent that has left as running."""
    monkeypatch.setattr("gateway.dispatch.JOINING_SECONDS", 0.5)
    monkeypatch.setattr("gateway.dispatch.LISTING_SECONDS", 0.0)

    async def agent_is_here() -> bool:
        return await agents_in(lk, "again") == 1

    async def agent_is_gone() -> bool:
        return await agents_in(lk, "again") == 0

    async with joined(await asyncio.to_thread(ask, client, room_name="again")):
        await until(agent_is_here)
        found = await lk.room.list_participants(api.ListParticipantsRequest(room="again"))
        [identity] = [
            p.identity for p in found.participants if AGENT_NAME_ATTRIBUTE in p.attributes
        ]
        await lk.room.remove_participant(
            api.RoomParticipantIdentity(room="again", identity=identity)
        )
        await until(agent_is_gone)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(ask, client, room_name="again")
        await until(agent_is_here)


async def test_a_room_that_is_gone_comes_back_with_its_agent(
    client: TestClient, lk: api.LiveKitAPI
) -> None:
    async def room_is_gone() -> bool:
        return not await rooms_named(lk, "gone")

    async def agent_is_here() -> bool:
        return await agents_in(lk, "gone") == 1

    grant = await asyncio.to_thread(ask, client, room_name="gone")
    # An agent still on its way would open the room anew, and nobody would ever leave it.
    await until(agent_is_here)
    await lk.room.delete_room(api.DeleteRoomRequest(room="gone"))
    await until(room_is_gone)
    async with joined(grant):
        await until(agent_is_here)


async def test_a_person_who_comes_back_too_late_starts_another_conversation_unasked(
    client: TestClient, lk: api.LiveKitAPI
) -> None:
    only_existing = {"If-Match": "*"}
    late = await asyncio.to_thread(
        client.post, "/api/token", json={"room_name": "over"}, headers=only_existing
    )
    assert late.status_code == 412
    assert late.json()["title"] == "The conversation is over"
    assert not await rooms_named(lk, "over")

    await asyncio.to_thread(ask, client, room_name="goes-on")
    in_time = await asyncio.to_thread(
        client.post, "/api/token", json={"room_name": "goes-on"}, headers=only_existing
    )
    assert in_time.status_code == 201
    assert await dispatches_in(lk, "goes-on") == 1


async def test_nobody_free_is_said_and_leaves_nothing_behind(
    livekit: LiveKitServer, lk: api.LiveKitAPI
) -> None:
    settings = settings_for(livekit, agent_name="nobody", dispatch_timeout=0.5)
    await lk.room.create_room(api.CreateRoomRequest(name="someone-elses"))
    with gateway(settings) as client:
        for room in ("fresh", "someone-elses"):
            answer = await asyncio.to_thread(client.post, "/api/token", json={"room_name": room})
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["title"] == "Nobody is free"
            assert "participant_token" not in answer.text
    assert [room.name for room in await rooms_named(lk, "fresh", "someone-elses")] == [
        "someone-elses"
    ]
    left = await lk.agent_dispatch.list_dispatch("someone-elses")
    assert "nobody" not in [each.agent_name for each in left]


async def test_giving_up_throws_nobody_out(
    livekit: LiveKitServer, lk: api.LiveKitAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever came into the room in the meantime stays."""
    undo, has_joined = Dispatcher._undo, threading.Event()

    async def undo_later(*asked: Any) -> None:
        await asyncio.to_thread(has_joined.wait, ENOUGH)
        await undo(*asked)

    monkeypatch.setattr(Dispatcher, "_undo", undo_later)
    token = (
        api.AccessToken(livekit.api_key, livekit.api_secret)
        .with_identity("early")
        .with_grants(api.VideoGrants(room_join=True, room="early"))
        .to_jwt()
    )
    settings = settings_for(livekit, agent_name="nobody", dispatch_timeout=0.1)
    with gateway(settings) as client:
        asked = asyncio.create_task(
            asyncio.to_thread(client.post, "/api/token", json={"room_name": "early"})
        )

        async def room_is_made() -> bool:
            return bool(await rooms_named(lk, "early"))

        await until(room_is_made)
        async with joined({"server_url": livekit.url, "participant_token": token}) as room:
            has_joined.set()
            assert (await asked).status_code == 503
            assert room.isconnected()
            assert await rooms_named(lk, "early")


def test_a_wrong_key_is_a_sentence(livekit: LiveKitServer) -> None:
    settings = settings_for(livekit, livekit_api_secret="another-secret-0123456789-0123456789")
    with gateway(settings) as client:
        answer = client.post("/api/token", json={})
        ready = client.get("/ready")
    assert answer.status_code == 502
    assert "retry-after" not in answer.headers
    for detail in (answer.json()["detail"], ready.json()["detail"]):
        assert "LIVEKIT_API_SECRET" in detail
        assert "another-secret" not in detail
    assert ready.status_code == 503


def test_an_absent_livekit_is_a_sentence() -> None:
    [port] = free_ports(1)
    with gateway(Settings(_env_file=None, livekit_url=f"ws://127.0.0.1:{port}")) as client:
        answer = client.post("/api/token", json={})
        ready = client.get("/ready")
    assert (answer.status_code, ready.status_code) == (502, 503)
    for detail in (answer.json()["detail"], ready.json()["detail"]):
        assert f"127.0.0.1:{port}" in detail and "LIVEKIT_URL" in detail


def test_a_gateway_is_ready_only_while_livekit_agents_and_faces_are_there(
    livekit: LiveKitServer, tmp_path: Path
) -> None:
    settings = settings_for(livekit, store_url=f"sqlite:///{tmp_path}/store.sqlite3")
    workers = Workers(open_store(settings.store_url), time.time)
    workers.beat(Worker("1", "agent", "host", "0.1.0", time.time()))
    with gateway(settings) as client:
        alone = client.get("/ready")
    workers.beat(Worker("2", "avatar", "host", "0.1.0", time.time()))
    with gateway(settings) as client:
        both = client.get("/ready")
    assert alone.status_code == 503
    assert alone.json()["code"] == "not_ready"
    assert alone.json()["parts"] == {
        "livekit": "ok",
        "store": "ok",
        "agents": "ok",
        "faces": "No avatar worker is there. Start one: python -m avatar_worker start.",
    }
    assert (both.status_code, both.json()) == (200, {"status": "ready", "agents": 1, "faces": 1})


async def test_what_the_agent_is_told_is_not_lost_on_the_way(
    agent: None, lk: api.LiveKitAPI, livekit: LiveKitServer
) -> None:
    """Neither with a room that is made nor with one that is there."""
    await lk.room.create_room(api.CreateRoomRequest(name="told-there"))
    dispatcher = Dispatcher(lk, settings_for(livekit))
    for room in ("told-new", "told-there"):
        await dispatcher.bring_agent(room, metadata='{"what": "ever"}', empty_timeout=7)
        found = await lk.agent_dispatch.list_dispatch(room)
        assert [each.metadata for each in found if each.agent_name == AGENT] == ['{"what": "ever"}']
    [made] = await rooms_named(lk, "told-new")
    assert made.empty_timeout == 7
