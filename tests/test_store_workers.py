"""Gateways know which workers there are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentServer
from sqlalchemy import Engine

from store import Worker, Workers, heartbeat, open_store
from store.workers import GONE_SECONDS
from tests.clocks import Clock


class Server(rtc.EventEmitter[Any]):
    """What a heartbeat sees of LiveKit's ``AgentServer``."""

    draining = False
    active_jobs = ("one", "two")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.sqlite3"


@pytest.fixture
def workers(store: Engine, clock: Clock) -> Workers:
    return Workers(store, clock)


def agent(id: str, **changes: Any) -> Worker:
    return Worker(id, "agent", "host", "0.1.0", 900.0, {"brain": "embedded"}, **changes)


def test_a_worker_that_was_killed_is_gone_soon(workers: Workers, clock: Clock) -> None:
    workers.beat(agent("dead"))
    clock.now += GONE_SECONDS - 1
    workers.beat(agent("alive", rooms=2, load=0.5))
    assert {each.id for each in workers.here()} == {"dead", "alive"}
    clock.now += 2
    [left] = workers.here()
    assert (left.id, left.rooms, left.load, left.about) == ("alive", 2, 0.5, {"brain": "embedded"})
    workers.leave("alive")
    assert workers.here() == []


def test_rows_of_dead_workers_do_not_pile_up(workers: Workers, clock: Clock) -> None:
    workers.beat(agent("dead"))
    clock.now += 7200
    workers.beat(agent("alive"))
    clock.now -= 7200
    assert {each.id for each in workers.here()} == {"alive"}


def announce(server: Server, url: str) -> None:
    fullness = cast(Callable[[AgentServer], float], lambda _: 0.5)
    heartbeat.announce(cast(AgentServer, server), "avatar", url, {"lipsync": "x"}, fullness)


async def eventually(what: Callable[[], Any]) -> Any:
    async with asyncio.timeout(30):
        while not (found := await asyncio.to_thread(what)):
            await asyncio.sleep(0.02)
        return found


async def test_a_worker_is_seen_from_its_registration_until_it_is_drained(url: str) -> None:
    workers = Workers(open_store(url), time.time)
    server = Server()
    announce(server, url)
    assert workers.here() == []
    server.emit("worker_registered", "AW_x", None)
    server.emit("worker_registered", "AW_y", None)
    [seen] = await eventually(workers.here)
    assert (seen.kind, seen.rooms, seen.load, seen.about) == ("avatar", 2, 0.5, {"lipsync": "x"})
    server.draining = True
    await eventually(lambda: not workers.here())


async def test_a_store_that_is_away_costs_a_worker_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    server = Server()
    announce(server, f"sqlite:///{tmp_path}/file/store.sqlite3")
    with caplog.at_level(logging.WARNING):
        server.emit("worker_registered", "AW_x", None)
        await eventually(lambda: caplog.records)
    assert "gateways cannot see this worker: STORE_URL cannot be opened" in caplog.text
