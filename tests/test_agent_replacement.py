"""An agent's process dies: with a real LiveKit server, and jobs that the test lets end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from google.protobuf.message import DecodeError
from livekit import api, rtc
from livekit.agents import AgentServer
from livekit.agents.job import RunningJobInfo

from agent.replacement import CUT, Replacement, hand_over_if_cut, is_replacement
from bench.livekit import LiveKitServer, start_livekit
from visavis.session import SessionSpec

HOUR = 3600.0


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with start_livekit(tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest.fixture
async def lk(livekit: LiveKitServer) -> AsyncIterator[api.LiveKitAPI]:
    async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as client:
        yield client


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.replacement.LOOK_EVERY", 0.01)


class Worker:
    """A worker with one job in ``room``."""

    def __init__(self, room: str, metadata: str = "") -> None:
        job = SimpleNamespace(
            id="job", room=SimpleNamespace(name=room), agent_name="visavis", metadata=metadata
        )
        arguments = SimpleNamespace(identity="agent-1")
        now = time.time()
        self.active_jobs = [SimpleNamespace(job=job, accept_arguments=arguments, accepted_at=now)]


async def enter(livekit: LiveKitServer, identity: str, room_name: str, kind: str) -> rtc.Room:
    grants = api.VideoGrants(room_join=True, room=room_name)
    access = api.AccessToken(livekit.api_key, livekit.api_secret)
    room = rtc.Room()
    token = access.with_identity(identity).with_kind(kind).with_grants(grants).to_jwt()  # type: ignore[arg-type]
    await room.connect(livekit.url, token)
    return room


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.05)


async def end_job(worker: Worker, lk: api.LiveKitAPI, *, calls: bool) -> list[Any]:
    """The job's process ends: whom the worker ``calls`` then, or has had the time to call."""
    room = worker.active_jobs[0].job.room.name
    watching = asyncio.create_task(Replacement(cast(AgentServer, worker), lk).run())
    await asyncio.sleep(0.1)
    worker.active_jobs = []
    await (until(lambda: dispatched(lk, room)) if calls else asyncio.sleep(1.5))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return await dispatched(lk, room)


async def dispatched(lk: api.LiveKitAPI, room: str) -> list[Any]:
    return [
        each for each in await lk.agent_dispatch.list_dispatch(room) if each.agent_name == "visavis"
    ]


async def test_a_room_whose_agent_died_stays_without_one(
    livekit: LiveKitServer, lk: api.LiveKitAPI
) -> None:
    person = await enter(livekit, "person", "died", "standard")
    dead = await enter(livekit, "agent-1", "died", "agent")
    [made] = await end_job(Worker("died"), lk, calls=True)
    assert is_replacement(made.metadata)
    assert json.loads(made.metadata) == {"replaces": "agent-1", "losses": 1}

    async def is_gone() -> bool:
        return "agent-1" not in person.remote_participants

    await until(is_gone)
    await dead.disconnect()
    await person.disconnect()


async def test_a_session_whose_agent_died_is_forgotten(
    livekit: LiveKitServer, lk: api.LiveKitAPI
) -> None:
    spec = SessionSpec("s1", 1.5, greeting="Hello.", max_seconds=60)
    dead = await enter(livekit, "agent-1", "expecting", "agent")  # its person is still to come
    [made] = await end_job(Worker("expecting", spec.to_metadata()), lk, calls=True)
    assert is_replacement(made.metadata) and SessionSpec.from_metadata(made.metadata) == spec
    await dead.disconnect()


async def test_an_agent_that_left_in_good_order_is_called_back(
    livekit: LiveKitServer, lk: api.LiveKitAPI
) -> None:
    person = await enter(livekit, "person", "left", "standard")
    assert await end_job(Worker("left"), lk, calls=False) == []
    await person.disconnect()


async def test_a_room_without_people_gets_another_agent(
    livekit: LiveKitServer, lk: api.LiveKitAPI
) -> None:
    dead = await enter(livekit, "agent-1", "nobody", "agent")
    assert await end_job(Worker("nobody"), lk, calls=False) == []
    await dead.disconnect()


async def test_an_answer_that_nobody_expected_leaves_later_losses_unnoticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, both = list[str](), asyncio.Event()

    async def remove_participant(which: api.RoomParticipantIdentity) -> None:
        asked.append(which.room)
        if len(asked) == 2:
            both.set()
        raise DecodeError("a proxy answered with HTML")

    monkeypatch.setattr("agent.replacement.LEAVING", 0.0)
    lk: Any = SimpleNamespace(room=SimpleNamespace(remove_participant=remove_participant))
    worker = Worker("first")
    watching = asyncio.create_task(Replacement(cast(AgentServer, worker), lk).run())
    for jobs in ([], Worker("second").active_jobs, []):
        await asyncio.sleep(0.1)
        worker.active_jobs = jobs
    async with asyncio.timeout(5):
        await asyncio.wait(
            {watching, both_seen := asyncio.create_task(both.wait())},
            return_when=asyncio.FIRST_COMPLETED,
        )
    both_seen.cancel()
    watching.cancel()
    assert asked == ["first", "second"]


async def test_an_agent_that_dies_at_each_start_is_called_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[str] = []

    async def create_dispatch(asked: api.CreateAgentDispatchRequest) -> None:
        called.append(asked.metadata)

    person = SimpleNamespace(kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)
    there = AsyncMock(return_value=SimpleNamespace(participants=[person]))
    lk: Any = SimpleNamespace(
        room=SimpleNamespace(remove_participant=AsyncMock(), list_participants=there),
        agent_dispatch=SimpleNamespace(create_dispatch=create_dispatch),
    )
    monkeypatch.setattr("agent.replacement.LEAVING", 0.0)
    monkeypatch.setattr("agent.replacement.BACKOFF", (0.0, 0.1, 0.1))
    replacement = Replacement(cast(AgentServer, None), lk)

    async def lose(metadata: str, *, age: float) -> None:
        [job] = Worker("loop", metadata).active_jobs
        job.accepted_at = time.time() - age
        await replacement.replace_if_lost(cast(RunningJobInfo, job))

    began = time.monotonic()
    for _ in range(5):
        await lose(called[-1] if called else "", age=0)
    assert len(called) == 3
    assert time.monotonic() - began >= 0.2
    await lose(called[-1], age=HOUR)
    assert json.loads(called[-1])["losses"] == 1, "one that talked for an hour counts as a loop"


async def end_with_worker(lk: api.LiveKitAPI, room: str, reason: str, metadata: str = "") -> None:
    """A job's agent leaves the room, for ``reason``."""
    ends: list[Any] = []
    ctx: Any = SimpleNamespace(
        api=lk,
        job=SimpleNamespace(
            room=SimpleNamespace(name=room), agent_name="visavis", metadata=metadata
        ),
        local_participant_identity="agent-1",
        is_fake_job=lambda: False,
        add_shutdown_callback=ends.append,
    )
    hand_over_if_cut(ctx)
    await asyncio.gather(*(end(reason) for end in ends))


async def test_a_conversation_ends_because_its_worker_is_deployed_anew(
    livekit: LiveKitServer, lk: api.LiveKitAPI
) -> None:
    person = await enter(livekit, "person", "cut", "standard")
    await end_with_worker(lk, "cut", "the conversation is over")
    assert await dispatched(lk, "cut") == [], "it was over anyway"
    await end_with_worker(lk, "cut", CUT)
    [made] = await dispatched(lk, "cut")
    assert is_replacement(made.metadata)
    await person.disconnect()

    spec = SessionSpec("s1", 1.5, greeting="Hello.")
    await lk.room.create_room(api.CreateRoomRequest(name="cut early"))
    await end_with_worker(lk, "cut early", CUT, spec.to_metadata())
    [made] = await dispatched(lk, "cut early")
    assert SessionSpec.from_metadata(made.metadata) == spec

    await lk.room.create_room(api.CreateRoomRequest(name="cut empty"))
    await end_with_worker(lk, "cut empty", CUT)
    assert await dispatched(lk, "cut empty") == []
    await end_with_worker(lk, "cut and gone", CUT, spec.to_metadata())


@pytest.mark.parametrize("metadata", ["", "{", "[]", '{"other": 1}', '"replaces"'])
def test_a_strangers_metadata_is_taken_for_a_replacements(metadata: str) -> None:
    assert not is_replacement(metadata)
