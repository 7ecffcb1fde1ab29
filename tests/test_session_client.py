"""The Python client and the API are of one mind: with the real application behind a socket."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from aiohttp.test_utils import TestServer
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import create_app
from settings import Settings
from store import Sessions, open_store
from tests.fake_livekit import SECRET, FakeLiveKit
from visavis.client import Visavis, VisavisError
from visavis.protocol import MESSAGE_LIMIT


class Heard:
    """Notes what is asked for, and breaks connections."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.calls: set[tuple[str, str]] = set()
        self.breaking = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.calls.add((scope["method"], scope["path"]))
            if self.breaking:
                self.breaking -= 1

                async def begin(message: Any) -> None:
                    if message["type"] == "http.response.start":
                        await send(message)

                await self.app(scope, receive, begin)  # it is done, and nobody is told
                raise ConnectionResetError
        await self.app(scope, receive, send)


class Server:
    """A gateway on a port."""

    def __init__(self, store_url: str) -> None:
        settings = Settings(
            _env_file=None, livekit_api_secret=SECRET, store_url=store_url, face_timeout=0.2
        )
        self.api = create_app(settings)
        self.heard = Heard(self.api)
        self.sessions = Sessions(open_store(store_url), time.time)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self.heard, log_level="critical", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)


@pytest.fixture
def livekit(monkeypatch: pytest.MonkeyPatch) -> FakeLiveKit:
    livekit = FakeLiveKit()
    monkeypatch.setattr("gateway.app.LiveKitAPI", livekit.client)
    return livekit


@pytest.fixture
def server(tmp_path: Path, livekit: FakeLiveKit) -> Iterator[Server]:
    server = Server(f"sqlite:///{tmp_path}/visavis.sqlite3")
    server.start()
    yield server
    server.stop()


async def test_the_client_lacks_nothing_of_the_api_and_asks_for_nothing_else(
    server: Server, livekit: FakeLiveKit
) -> None:
    async with Visavis(server.url) as visavis:
        session = await visavis.create(head="ben", metadata={"n": 1})
        id = session["id"]
        [room] = livekit.rooms.values()
        livekit.admit(room)
        assert (await visavis.get(id))["metadata"] == {"n": 1}
        assert [each["id"] async for each in visavis.all(state="open")] == [id]
        assert (await visavis.settings(id, speed=1.5))["speed"] == 1.5
        assert (await visavis.say(id, "Hello", message="m1"))["state"] == "accepted"
        await visavis.ask(id, "Who are you?")
        assert [(each.kind, each.text) for each in room.heard] == [
            ("say", "Hello"), ("ask", "Who are you?"),
        ]  # fmt: skip
        server.sessions.append(id, "message", {"id": "m1", "state": "done"})
        server.sessions.append(id, "agent.turn", {"text": "Hello"})
        assert (await visavis.message(id, "m1"))["state"] == "done"
        await visavis.interrupt(id)
        assert (await visavis.token(id))["participant_identity"] == session["participant_identity"]
        assert [turn["text"] for turn in await visavis.transcript(id)] == ["Hello"]
        assert (await visavis.end(id))["state"] == "ended"
        seen = [event["type"] async for event in visavis.events(id)]
        assert (seen[0], seen[-1]) == ("session.created", "session.ended")

    described = {
        (method.upper(), path)
        for path, methods in server.api.openapi()["paths"].items()
        for method in methods
        if path.startswith("/v1/sessions")
    }
    forms = {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for _, path in described}
    used = {
        (method, next(path for path, form in forms.items() if form.fullmatch(asked)))
        for method, asked in server.heard.calls
    }
    assert used == described - {("DELETE", "/v1/sessions/{id}")}


async def test_an_answer_that_is_lost_makes_no_second_session(
    server: Server, livekit: FakeLiveKit
) -> None:
    server.heard.breaking = 2
    async with Visavis(server.url) as visavis:
        session = await visavis.create()
        assert [each["id"] async for each in visavis.all()] == [session["id"]]
    assert len(livekit.made) == 1


async def test_the_longest_text_does_not_end_the_events(
    server: Server, livekit: FakeLiveKit
) -> None:
    text = "\N{EARTH GLOBE ASIA-AUSTRALIA}" * MESSAGE_LIMIT
    async with Visavis(server.url) as visavis:
        id = (await visavis.create())["id"]
        server.sessions.append(id, "user.turn", {"text": text})
        server.sessions.end(id, "left")
        texts = [event["data"].get("text") async for event in visavis.events(id)]
        assert texts == [None, text, None]


async def test_events_survive_a_busy_server_and_a_broken_stream_and_come_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def event(seq: int, type: str = "user.turn") -> str:
        return f'id: {seq}\nevent: {type}\ndata: {{"seq": {seq}, "type": "{type}"}}\n\n'

    answers = [
        (429, "7", ""),
        (503, "4000", ""),
        (200, None, event(1) + event(2) + event(3)[:-9]),
        (502, None, "<html>"),
        (503, None, ""),
        (200, None, event(3) + event(4, "session.ended")),
    ]
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["after"])
        status, wait, body = answers.pop(0)
        response = web.Response(status=status, text=body)
        if wait is not None:
            response.headers["Retry-After"] = wait
        return response

    waits: list[float] = []
    sleep = asyncio.sleep

    async def rest(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    app = web.Application()
    app.router.add_get("/v1/sessions/ses_1/events", answer)
    async with TestServer(app) as server, Visavis(str(server.make_url(""))) as visavis:
        monkeypatch.setattr("visavis.client.asyncio.sleep", rest)
        seen = [each["seq"] async for each in visavis.events("ses_1")]
        monkeypatch.undo()
    assert seen == [1, 2, 3, 4]
    assert asked == ["0", "0", "0", "2", "2", "2"]
    assert [wait for wait in waits if wait] == [7, 60, 1, 2, 4]


async def test_a_server_that_stays_busy_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.client.LONGEST_REST", 0.0)

    async def refuse(_: web.Request) -> web.Response:
        problem = {"code": "too_many_streams", "detail": "Too many."}
        return web.json_response(problem, status=503, headers={"Retry-After": "60"})

    app = web.Application()
    app.router.add_get("/v1/sessions/ses_1/events", refuse)
    async with TestServer(app) as server, Visavis(str(server.make_url(""))) as visavis:
        with pytest.raises(VisavisError) as refused:
            _ = [each async for each in visavis.events("ses_1")]
    assert (refused.value.code, refused.value.retry_after) == ("too_many_streams", 60)


async def test_a_refusal_says_why(server: Server) -> None:
    async with Visavis(server.url) as visavis:
        with pytest.raises(VisavisError, match="amy, ben, maya") as refused:
            await visavis.create(head="zoe")
        assert (refused.value.status, refused.value.code) == (422, "wrong_value")
        with pytest.raises(VisavisError) as refused:
            _ = [each async for each in visavis.events("ses_none")]
        assert refused.value.code == "no_such_session"


async def test_a_server_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.client.LONGEST_WAIT", 0.0)
    async with aiohttp.ClientSession() as session:
        visavis = Visavis("http://127.0.0.1:1", session=session)
        with pytest.raises(VisavisError) as failed:
            await visavis.get("ses_a")
        assert (failed.value.status, failed.value.code) == (0, "no_answer")
