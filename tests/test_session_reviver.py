"""Agents for sessions that lost theirs: for all of them, soon, and no more than can be at once."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import pytest
from sqlalchemy import Engine

from gateway.problems import Problem
from gateway.sessions.reviver import AFTERMATH, AT_ONCE, ON_ITS_WAY, Reviver
from store import Sessions, StoredSession, Worker, Workers
from store.upkeep import open_sessions
from store.workers import GONE_SECONDS

SESSIONS = 20


class House:
    """Sessions in rooms of their own, and two agent workers."""

    def __init__(self, store: Engine) -> None:
        self.now = 1000.0
        self.store = store
        self.sessions = Sessions(store, lambda: self.now)
        self.workers = Workers(store, lambda: self.now)
        for n in range(SESSIONS):
            began = self.now - 2 * ON_ITS_WAY
            self.sessions.create(StoredSession(f"s{n}", "", f"r{n}", {}, {}, began))
        self.rooms = {f"r{n}": self.now for n in range(SESSIONS)}
        self.revived: list[str] = []
        self.nobody_free = False
        self.unreadable: str | None = None
        self.at_once = self.peak = 0
        self.together = asyncio.Event()
        self.reviver = Reviver(self.sessions, self.workers, self.revive, lambda: self.now)

    async def revive(self, session: StoredSession) -> None:
        if session.id == self.unreadable:
            raise ValueError("a field of a newer gateway")
        self.revived.append(session.id)
        self.at_once += 1
        self.peak = max(self.peak, self.at_once)
        if self.at_once == AT_ONCE:
            self.together.set()
        async with asyncio.timeout(20):
            await self.together.wait()  # for ever, were they revived one after the other
        self.at_once -= 1
        if self.nobody_free:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "nobody_free", "", "")

    async def round(self, *workers: str, after: float = 5.0) -> list[str]:
        """A look, with these workers; who was revived."""
        self.now += after
        for id in workers:
            self.workers.beat(Worker(id, "agent", "here", "1", self.now))
        self.revived = []
        await self.reviver.look(open_sessions(self.store), self.rooms)
        return self.revived

    async def settle(self) -> None:
        await self.round("a", "b")
        assert await self.round("a", "b", after=AFTERMATH + 1) == []


@pytest.fixture
def house(store: Engine) -> House:
    return House(store)


async def test_sessions_of_a_worker_that_died_wait_for_each_other(house: House) -> None:
    await house.settle()
    assert await house.round("b", after=GONE_SECONDS - 1) == []
    found = await house.round("b", after=2)
    assert sorted(found) == sorted(f"s{n}" for n in range(SESSIONS))
    assert house.peak == AT_ONCE
    assert await house.round("b", after=AFTERMATH + 1) == []


async def test_nobody_free_makes_a_round_last_for_ever_or_leaves_sessions_alone(
    house: House,
) -> None:
    await house.settle()
    house.nobody_free = True
    assert len(await house.round("b", after=GONE_SECONDS + 1)) <= AT_ONCE
    assert len(await house.round("b", after=AFTERMATH + 1)) <= AT_ONCE
    house.nobody_free = False
    assert len(await house.round("b", "c")) == SESSIONS
    assert await house.round("b", "c") == []


async def test_a_gateway_that_died_with_a_worker_never_hears_of_it(house: House) -> None:
    assert len(await house.round("b")) == SESSIONS


async def test_a_session_that_is_over_gets_an_agent(house: House) -> None:
    for n in range(SESSIONS // 2):
        house.sessions.end(f"s{n}", "ended")
    del house.rooms["r19"]
    assert sorted(await house.round("a")) == [f"s{n}" for n in range(10, 19)]


async def test_a_session_that_cannot_be_read_leaves_the_others_without_an_agent(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.unreadable = "s0"
    for _ in range(3):
        assert len(await house.round("a")) == SESSIONS - 1
    assert len(caplog.records) == 1 and "newer" not in caplog.text
    house.unreadable = None
    assert await house.round("a", after=AFTERMATH + 1) == ["s0"]


async def begin(house: House) -> None:
    house.sessions.create(StoredSession("new", "", "rnew", {}, {}, house.now))
    house.rooms["rnew"] = house.now


async def test_an_agent_that_dies_before_it_enters_is_never_replaced(house: House) -> None:
    house.together.set()
    await house.settle()
    await begin(house)
    assert await house.round("a", "b", after=ON_ITS_WAY - 1) == [], "it may be on its way"
    assert await house.round("a", "b") == ["new"]
    assert await house.round("a", "b") == [], "agents that die at each start are called for ever"


async def test_a_look_while_the_agent_is_on_its_way_counts_as_its_arrival(house: House) -> None:
    house.together.set()
    await house.round("a", "b")
    house.now += AFTERMATH - 10
    await begin(house)
    assert "new" in await house.round("a", "b"), "all are looked after, after the loss of a worker"
    assert await house.round("a", "b", after=ON_ITS_WAY) == ["new"]
    assert await house.round("a", "b") == []
