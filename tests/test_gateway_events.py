"""Streams of events, over real HTTP: nothing lost, nothing twice, and nobody in another's way."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from gateway.access.caller import SCOPES, Caller
from gateway.events import stream
from gateway.events.feed import TAIL, Feed
from gateway.events.stream import stream_routes
from gateway.problems import add_problem_handlers, no_such_session
from store import Sessions, StoredSession, open_store
from store.sessions import Head

LOOK = 0.05


class Counted(Sessions):
    """The store, and how often it was asked for news."""

    looks = 0

    def heads(self, ids: Collection[str]) -> dict[str, Head]:
        self.looks += 1
        return super().heads(ids)


@dataclass
class Site:
    url: str
    sessions: Counted
    feed: Feed
    caller: Caller | None
    """Who asks; None: nobody who may."""

    def begin(self, id: str) -> str:
        self.sessions.create(StoredSession(id, "acme", f"room-{id}", {}, {}, time.time()))
        return id

    def forget(self, id: str) -> None:
        self.sessions.end(id, "left")
        self.sessions.forget(time.time() + 60)

    async def say(self, id: str, *texts: str) -> None:
        for text in texts:
            await asyncio.to_thread(self.sessions.append, id, "user.turn", {"text": text})

    @asynccontextmanager
    async def listen(
        self, id: str, last: int | None = None, **query: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """From behind the event ``last``, by the header."""
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{self.url}/v1/sessions/{id}/events", headers=headers, params=query) as got,
        ):
            yield got

    async def until(self, true: object, seconds: float = 30.0) -> None:
        assert callable(true)
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.01)


class DoorKeeper:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def caller(self, _: object, scope: str) -> Caller:
        if self._site.caller is None or scope not in self._site.caller.scopes:
            raise no_such_session()
        return self._site.caller


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    store = open_store(f"sqlite:///{tmp_path}/visavis.sqlite3")
    yield store
    store.dispose()


@pytest.fixture
async def site(store: Engine) -> AsyncIterator[Site]:
    sessions = Counted(store, time.time)
    feed = Feed(sessions, look=LOOK, heartbeat=0.2)
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(stream_routes(sessions, feed))
    listener = socket.create_server(("127.0.0.1", 0))
    caller = Caller("acme", frozenset({"sessions:read"}))
    site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", sessions, feed, caller)
    app.state.door = DoorKeeper(site)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        serving = tasks.create_task(server.serve([listener]))
        await site.until(lambda: server.started)
        yield site
        server.should_exit = True
        await serving
        running.cancel()


async def read(answer: aiohttp.ClientResponse, most: int = 10**9) -> list[int]:
    """The events' numbers, at most so many; their fields must agree with each other."""
    seqs: list[int] = []
    fields: dict[str, str] = {}
    async for line in answer.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name and name != ":":
            fields[name] = value
        if not name and "id" in fields:
            assert f'"seq":{fields["id"]},' in fields["data"]
            assert f'"type":"{fields["event"]}"' in fields["data"]
            seqs.append(int(fields["id"]))
            fields = {}
            if len(seqs) == most:
                break
    return seqs


async def test_a_reader_that_comes_and_goes_does_not_lose_or_repeat_an_event(site: Site) -> None:
    id = site.begin("a")
    total = 150

    async def happen() -> None:
        for n in range(total):
            await site.say(id, f"line one {n}\r\nline two\n\nid: 7")
        await asyncio.to_thread(site.sessions.end, id, "left")

    seqs: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(happen())
        while len(seqs) < total + 2:
            async with site.listen(id, seqs[-1] if seqs else None) as answer:
                assert answer.content_type == "text/event-stream"
                seqs += await read(answer, most=7 + len(seqs) % 40)
    assert seqs == list(range(1, total + 3))


async def test_a_stream_does_not_outlive_its_session(site: Site) -> None:
    id = site.begin("a")
    async with site.listen(id) as answer, asyncio.timeout(30):
        assert await read(answer, most=1) == [1]
        await asyncio.to_thread(site.sessions.end, id, "idle")
        assert await read(answer) == [2]
    async with site.listen(id, last=1) as answer:
        assert await read(answer) == [2]
    async with site.listen(id, last=2) as answer:  # or a browser would come back for ever
        assert answer.status == 204


async def test_a_reader_far_behind_does_not_miss_what_the_others_have_had(site: Site) -> None:
    id = site.begin("a")
    await site.say(id, *map(str, range(3 * TAIL)))
    async with site.listen(id, last=3 * TAIL) as near:
        assert await read(near, most=1) == [3 * TAIL + 1]
        await site.say(id, *map(str, range(2 * TAIL)))
        assert await read(near, most=2 * TAIL) == list(range(3 * TAIL + 2, 5 * TAIL + 2))
        async with site.listen(id) as far:
            assert await read(far, most=5 * TAIL + 1) == list(range(1, 5 * TAIL + 2))


async def test_after_does_not_go_before_what_a_browser_has_had(site: Site) -> None:
    """It comes back to the same URL, with the header."""
    id = site.begin("a")
    await site.say(id, "b", "c", "d")
    async with site.listen(id, after="2") as answer:
        assert await read(answer, most=1) == [3]
    async with site.listen(id, 3, after="2") as answer:
        assert await read(answer, most=1) == [4]


async def test_readers_that_are_gone_or_do_not_read_cost_nothing(site: Site) -> None:
    id = site.begin("a")
    long = "x" * 30_000
    async with site.listen(id) as slow, site.listen(id) as quick:
        for _ in range(5):
            await site.say(id, *[long] * 40)
            assert len(await read(quick, most=40)) == 40
        assert len(site.feed._channels[id].tail) <= TAIL
        assert await read(slow, most=201) == list(range(1, 202))
    await site.until(lambda: site.feed.readers == 0)
    assert not site.feed._channels


async def test_many_readers_do_not_ask_the_store_more_often_than_one(site: Site) -> None:
    ids = [site.begin(f"s{n}") for n in range(10)]
    async with AsyncExitStack() as stack:
        answers = [await stack.enter_async_context(site.listen(id)) for id in ids * 5]
        began, looks = time.monotonic(), site.sessions.looks
        for id in ids:
            await site.say(id, "hello")
        for answer in answers:
            assert await read(answer, most=2) == [1, 2]
        assert site.sessions.looks - looks <= (time.monotonic() - began) / LOOK + 2
    await site.until(lambda: site.feed.readers == 0)
    await asyncio.sleep(2 * LOOK)
    looks = site.sessions.looks
    await asyncio.sleep(5 * LOOK)
    assert site.sessions.looks == looks


async def test_one_key_does_not_take_the_streams_of_all(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_OF_OWNER", 2)
    id = site.begin("a")
    async with site.listen(id) as one:
        async with site.listen(id) as two:
            for answer in (one, two):
                assert await read(answer, most=1) == [1]
            async with site.listen(id) as refused:
                assert refused.status == 429
                assert (await refused.json())["code"] == "too_many_streams"
            site.caller = Caller("operator", frozenset(SCOPES))
            async with site.listen(id) as others:
                assert await read(others, most=1) == [1]
            site.caller = Caller("acme", frozenset({"sessions:read"}))
        await site.until(lambda: site.feed.readers == 1)
        async with site.listen(id) as again:
            assert await read(again, most=1) == [1]


async def test_a_quiet_stream_is_not_taken_for_a_dead_one(site: Site) -> None:
    id = site.begin("a")
    async with site.listen(id, last=1) as answer, asyncio.timeout(30):
        for _ in range(6):
            assert (await answer.content.readline()).rstrip() in (b": ping", b"")


async def test_a_stranger_does_not_hear_of_a_session(site: Site) -> None:
    id = site.begin("a")
    site.caller = Caller("rival", frozenset({"sessions:read"}))
    for asked in (id, "nobody"):
        async with site.listen(asked) as answer:
            assert answer.status == 404
            assert (await answer.json())["code"] == "no_such_session"
    site.caller = Caller("operator", frozenset(SCOPES))
    async with site.listen(id) as answer:
        assert await read(answer, most=1) == [1]


async def test_a_key_that_was_revoked_does_not_listen_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = site.begin("a")
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.0)
    async with site.listen(id) as answer:
        assert await read(answer, most=1) == [1]
        await site.say(id, "still here")
        assert await read(answer, most=1) == [2]
        site.caller = None
        async with asyncio.timeout(30):
            assert await read(answer) == []


async def test_a_session_that_is_forgotten_does_not_leave_its_readers_waiting(site: Site) -> None:
    id = site.begin("a")
    async with site.listen(id) as answer, asyncio.timeout(30):
        assert await read(answer, most=1) == [1]
        await asyncio.to_thread(site.forget, id)
        assert await read(answer) in ([], [2])


async def test_news_that_is_forgotten_before_it_is_read_does_not_keep_readers_asking(
    site: Site,
) -> None:
    id = site.begin("a")
    reading = threading.Event()

    def heads(ids: Collection[str]) -> dict[str, Head]:
        reading.wait(30)
        site.sessions.append(id, "user.turn", {})
        found = Sessions.heads(site.sessions, ids)
        site.forget(id)
        return found

    site.sessions.heads = heads  # type: ignore[method-assign]
    async with site.listen(id) as answer, asyncio.timeout(30):
        assert await read(answer, most=1) == [1]
        reading.set()
        assert await read(answer) == []


@pytest.mark.parametrize("after", ["-1", "1e9", "x", "99999999999"])
async def test_a_number_that_is_none_is_not_an_error_of_ours(site: Site, after: str) -> None:
    id = site.begin("a")
    async with site.listen(id, after=after) as answer:
        assert answer.status == 400
