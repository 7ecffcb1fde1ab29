"""``/ws``: who is let in, and to which session."""

from __future__ import annotations

import json
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from livekit.api import TokenVerifier
from livekit.protocol.models import ParticipantInfo
from sqlalchemy.exc import OperationalError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from gateway.access.visitor import Visitor, VisitorTokens
from gateway.app import create_app
from gateway.bridge.host import MOST_TRIES, Host
from gateway.bridge.routes import COOKIE
from gateway.bridge.stage import Seat, Stage
from settings import Settings
from store import Sessions, StoredSession, open_store
from tests.fake_livekit import SECRET, FakeLiveKit

SIGNED_WITH = "0123456789abcdef" * 4
SITE = "https://shop.example"
STRANGER = "https://stranger.example"
ENOUGH = 20.0
"""Seconds: a slow machine is no failure."""


class Gateway:
    """A real server, in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        config = uvicorn.Config(
            create_app(settings), port=0, log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        until = time.monotonic() + ENOUGH
        while not self._server.started:
            assert self._thread.is_alive() and time.monotonic() < until, "it does not start"
            time.sleep(0.01)
        host, port = self._server.servers[0].sockets[0].getsockname()
        self.site = f"{host}:{port}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


class Bridge:
    """Gateways on one store and one LiveKit, whose rooms are joined in name only."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.livekit = FakeLiveKit()
        self.joined: queue.Queue[Seat] = queue.Queue()
        self._url = f"sqlite:///{folder}/visavis.sqlite3"
        self._stack = stack

    def open(self, **changes: Any) -> Gateway:
        values: dict[str, Any] = {
            "livekit_api_secret": SECRET,
            "store_url": self._url,
            "dispatch_timeout": 5,
            "auth_secret_key": SIGNED_WITH,
            "auth_enable_rate_limiting": False,
            "auth_allowed_origins": (SITE,),
        }
        gateway = Gateway(Settings(_env_file=None, **(values | changes)))
        self._stack.callback(gateway.stop)
        return gateway

    @property
    def sessions(self) -> Sessions:
        return Sessions(open_store(self._url), time.time)

    def seat(self) -> tuple[str, str]:
        """Room and identity with which the next one joins."""
        claims = TokenVerifier("devkey", SECRET).verify(self.joined.get(timeout=ENOUGH).token)
        assert claims.video is not None
        return claims.video.room, claims.identity

    def kept(self, owner: str = "", id: str = "ses_made") -> str:
        """A session that somebody made over REST."""
        spec = {
            "video": False,
            "participant": {"identity": "jo", "name": "", "control": False, "person": None},
        }
        room = f"room-{id}"
        self.sessions.create(StoredSession(id, owner, room, spec, {}, time.time()))
        return id


@pytest.fixture
def bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bridge]:
    with ExitStack() as stack:
        bridge = Bridge(tmp_path, stack)

        async def join(_: Stage, seat: Seat) -> None:
            bridge.joined.put(seat)

        monkeypatch.setattr(Stage, "join", join)
        monkeypatch.setattr("gateway.app.LiveKitAPI", lambda *_, **__: bridge.livekit.client())
        yield bridge


@contextmanager
def connected(
    gateway: Gateway, query: str, origin: str, cookie: str | None = None
) -> Iterator[ClientConnection]:
    headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
    url = f"ws://{gateway.site}/ws{query}"
    with connect(url, origin=Origin(origin), additional_headers=headers, proxy=None) as socket:
        yield socket
        socket.close(1001)


def told(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(ENOUGH))
    return message


@contextmanager
def coming(
    gateway: Gateway, query: str = "", *, origin: str = SITE, cookie: str | None = None
) -> Iterator[ClientConnection]:
    """Somebody who is let in, and drops off in the end."""
    with connected(gateway, query, origin, cookie) as socket:
        message = told(socket)
        assert message["type"] == "config", message
        yield socket


def refused(
    gateway: Gateway, query: str = "", *, origin: str = SITE, cookie: str | None = None
) -> tuple[int, str]:
    """Code of the close, and of the error that a browser is told before."""
    with connected(gateway, query, origin, cookie) as socket:
        said = told(socket)
        if said["type"] == "config":  # it was let in before
            said = told(socket)
        assert said["type"] == "error" and said["message"].endswith("."), said
        with pytest.raises(ConnectionClosed):
            socket.recv(ENOUGH)
        assert socket.close_reason and socket.close_code
        return socket.close_code, said["code"]


def token(gateway: Gateway, **asked: Any) -> str:
    request = urllib.request.Request(
        f"http://{gateway.site}/api/auth/token",
        json.dumps(asked).encode(),
        {"Origin": SITE, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=ENOUGH) as answer:
        return str(json.load(answer)["token"])


def cookies(socket: ClientConnection) -> list[str]:
    assert socket.response is not None
    return socket.response.headers.get_all("Set-Cookie")


def remembered(socket: ClientConnection) -> str:
    """Id in the cookie that was set."""
    [cookie] = cookies(socket)
    assert "HttpOnly" in cookie and "Path=/ws" in cookie
    return cookie.partition(";")[0].partition("=")[2]


def test_a_token_does_not_lead_to_another_conversation_on_another_gateway(bridge: Bridge) -> None:
    one, two = (bridge.open(auth_enabled=True) for _ in range(2))
    mine, anothers = token(one), token(two)
    with coming(one, f"?token={mine}"):
        first = bridge.seat()
    with coming(two, f"?token={mine}") as socket:
        assert bridge.seat() == first
        assert not cookies(socket)
    with coming(two, f"?token={anothers}"):
        assert bridge.seat()[0] != first[0]
    assert len(bridge.livekit.made) == 2


def test_a_token_that_is_not_good_lets_nobody_in(bridge: Bridge) -> None:
    locked = bridge.open(auth_enabled=True)
    good = token(locked)
    head, body, signature = good.split(".")
    old = VisitorTokens(SIGNED_WITH, lambda: 1000.0).make(Visitor(SITE), 60)
    anothers = VisitorTokens("f" * 64, time.time).make(Visitor(SITE), 60)
    elsewhere = VisitorTokens(SIGNED_WITH, time.time).make(Visitor(STRANGER), 60)
    bound = VisitorTokens(SIGNED_WITH, time.time).make(Visitor(SITE, session="ses_a"), 60)
    for query, code in {
        "": "token_required",
        "?token=": "token_required",
        "?token=nonsense": "invalid_token",
        f"?token={head}.{body}.{signature[::-1]}": "invalid_token",
        f"?token={anothers}": "invalid_token",
        f"?token={old}": "token_expired",
        f"?token={elsewhere}": "wrong_origin",
        f"?token={bound}&session=ses_b": "wrong_session",
        f"?token={bound}": "session_over",  # it was forgotten
        f"?token={token(locked, room='lobby')}": "wrong_room",
        f"?token=vv_0123456789ab_{'a' * 43}": "api_key_in_url",
    }.items():
        assert refused(locked, query) == (1008, code), query
    assert not bridge.livekit.made and bridge.joined.empty()
    assert refused(bridge.open(), f"?token={anothers}") == (1008, "invalid_token")


def test_a_page_of_another_site_does_not_come_in(bridge: Bridge) -> None:
    gateway = bridge.open()
    assert refused(gateway, origin=STRANGER) == (1008, "origin_not_allowed")
    assert refused(gateway, origin="null") == (1008, "origin_not_allowed")
    with coming(bridge.open(auth_allowed_origins=(STRANGER,)), origin=STRANGER):
        bridge.seat()


def test_nobody_joins_a_session_of_anothers(bridge: Bridge) -> None:
    locked = bridge.open(auth_enabled=True)
    owned, nobodys = bridge.kept("0a0a0a0a0a0a"), bridge.kept("", "ses_nobodys")

    def made(visitor: Visitor) -> str:
        return VisitorTokens(SIGNED_WITH, time.time).make(visitor, 60)

    page, rival = made(Visitor(SITE)), made(Visitor(SITE, owner="0b0b0b0b0b0b"))
    for query in (
        f"?token={page}&session={owned}",
        f"?token={page}&session={nobodys}",
        f"?token={rival}&session={owned}",
    ):
        assert refused(locked, query) == (1008, "wrong_session"), query
    assert refused(bridge.open(), f"?session={owned}") == (1008, "wrong_session")
    for id in ("ses_none", "%00", "a" * 5000, "%F0%9F%9A%B2"):
        assert refused(locked, f"?token={page}&session={id}") == (4404, "no_such_session"), id

    bridge.livekit.client()._make(f"room-{owned}", "")
    # Its owner's tokens open it, and one that is for it alone.
    for visitor in (Visitor(SITE, owner="0a0a0a0a0a0a"), Visitor(SITE, session=owned)):
        query = f"?token={made(visitor)}" + ("" if visitor.session else f"&session={owned}")
        with coming(locked, query):
            assert bridge.seat() == (f"room-{owned}", "jo")


def test_a_page_whose_token_has_expired_does_not_lose_its_conversation(bridge: Bridge) -> None:
    gateway = bridge.open(auth_enabled=True, auth_allowed_origins=(SITE, STRANGER))
    with coming(gateway, f"?token={token(gateway)}"):
        seat = bridge.seat()
    [session] = bridge.sessions.page(None, after=None, limit=9, is_open=True)
    with coming(gateway, f"?token={token(gateway)}&session={session.id}"):
        assert bridge.seat() == seat
    for visitor in (Visitor(STRANGER), Visitor(SITE, owner="0b0b0b0b0b0b")):
        another = VisitorTokens(SIGNED_WITH, time.time).make(visitor, 60)
        query = f"?token={another}&session={session.id}"
        assert refused(gateway, query, origin=visitor.origin) == (1008, "wrong_session")


def test_a_token_for_one_room_or_person_does_not_open_every_session_of_its_key(
    bridge: Bridge,
) -> None:
    locked = bridge.open(auth_enabled=True)
    owned = bridge.kept("0a0a0a0a0a0a")
    bridge.livekit.client()._make(f"room-{owned}", "")

    def asking(**of: Any) -> str:
        visitor = Visitor(SITE, owner="0a0a0a0a0a0a", **of)
        made = VisitorTokens(SIGNED_WITH, time.time).make(visitor, 60)
        return f"?token={made}&session={owned}"

    assert refused(locked, asking(room="lobby")) == (1008, "wrong_room")
    assert refused(locked, asking(identity="eve")) == (1008, "wrong_identity")
    with coming(locked, asking(identity="jo")):
        assert bridge.seat() == (f"room-{owned}", "jo")
    with coming(locked, asking(session=owned, room=f"room-{owned}", identity="jo")):
        assert bridge.seat() == (f"room-{owned}", "jo")


def test_who_may_not_come_in_does_not_use_up_what_a_client_may_ask(bridge: Bridge) -> None:
    gateway = bridge.open(auth_enabled=True, auth_enable_rate_limiting=True)
    with coming(gateway, f"?token={token(gateway)}") as socket:
        bridge.seat()
        [session] = bridge.sessions.page(None, after=None, limit=9, is_open=True)
        url = f"http://{gateway.site}/v1/sessions/{session.id}/interrupt"
        for _ in range(35):
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(urllib.request.Request(url, b""), timeout=ENOUGH)
        socket.send('{"type": "text", "data": "Hello."}')
        socket.send('{"type": "ping"}')
        assert told(socket)["type"] == "pong"


def test_a_session_that_is_over_is_not_begun_anew_by_a_page_that_was_left_open(
    bridge: Bridge,
) -> None:
    gateway = bridge.open(auth_enabled=True)
    mine = token(gateway)
    with coming(gateway, f"?token={mine}"):
        room, _ = bridge.seat()
    [session] = bridge.sessions.page(None, after=None, limit=9, is_open=True)
    bridge.sessions.end(session.id, "idle")
    assert refused(gateway, f"?token={mine}&session={session.id}") == (4410, "session_over")
    bound = VisitorTokens(SIGNED_WITH, time.time).make(Visitor(SITE, session=session.id), 60)
    assert refused(gateway, f"?token={bound}") == (1008, "session_over")

    with coming(gateway, f"?token={mine}") as socket:
        socket.send('{"type": "ping"}')
        assert told(socket)["type"] == "pong"
        assert bridge.joined.empty() and len(bridge.livekit.made) == 1
        socket.send('{"type": "text", "data": "And now?"}')
        assert bridge.seat()[0] != room


def test_a_browser_without_a_token_comes_back_to_its_own_session_alone(bridge: Bridge) -> None:
    gateway, other = bridge.open(), bridge.open()
    with coming(gateway) as socket:
        room, identity = bridge.seat()
        mine = remembered(socket)
    with coming(other, cookie=mine) as socket:
        assert bridge.seat() == (room, identity) and remembered(socket) == mine
    with coming(other, f"?session={mine}"):
        assert bridge.seat() == (room, identity)
    for nonsense in ("ses_none", "a" * 300, bridge.kept("0a0a0a0a0a0a")):
        with coming(other, cookie=nonsense) as socket:
            assert bridge.seat()[0] not in (room, f"room-{nonsense}")
            assert remembered(socket) != nonsense

    # Another window of the same browser does not take it from the first.
    here = ParticipantInfo(identity=identity, state=ParticipantInfo.State.ACTIVE)
    bridge.livekit.rooms[room].participants.append(here)
    with coming(other, cookie=mine) as socket:
        assert bridge.seat()[0] != room and remembered(socket) != mine

    bridge.sessions.end(mine, "idle")
    with coming(gateway, cookie=mine) as socket:
        next_one = remembered(socket)
        assert next_one != mine
        socket.send('{"type": "ping"}')
        assert told(socket)["type"] == "pong" and bridge.joined.empty()

    # Nor does it begin when the page comes back by itself, without a word.
    with coming(other, cookie=next_one) as socket:
        next_one = remembered(socket)
        socket.send('{"type": "ping"}')
        assert told(socket)["type"] == "pong" and bridge.joined.empty()
        socket.send('{"type": "text", "data": "And now?"}')
        seat = bridge.seat()
    with coming(other, cookie=next_one):
        assert bridge.seat() == seat


def test_who_was_turned_away_is_not_left_in_silence_when_they_try_again(bridge: Bridge) -> None:
    locked, gateway = bridge.open(auth_enabled=True), bridge.open()
    mine = token(locked)
    with coming(locked, f"?token={mine}"):
        bridge.seat()
    with coming(gateway) as socket:
        bridge.seat()
        browser = remembered(socket)
    for session in bridge.sessions.page(None, after=None, limit=9, is_open=True):
        bridge.sessions.end(session.id, "failed")  # as where nobody is free
    with coming(locked, f"?token={mine}"):
        bridge.seat()
    with coming(gateway, cookie=browser) as socket:
        bridge.seat()
        browser = remembered(socket)

    for session in bridge.sessions.page(None, after=None, limit=9, is_open=True):
        bridge.sessions.append(session.id, "session.started", {})
        bridge.sessions.end(session.id, "failed")
    for each, query, cookie in ((locked, f"?token={mine}", None), (gateway, "", browser)):
        with coming(each, query, cookie=cookie) as socket:
            socket.send('{"type": "ping"}')
            assert told(socket)["type"] == "pong" and bridge.joined.empty()


def test_a_client_that_comes_back_by_itself_does_not_use_up_its_token(bridge: Bridge) -> None:
    locked = bridge.open(auth_enabled=True)
    mine = token(locked)
    for _ in range(MOST_TRIES):
        with coming(locked, f"?token={mine}"):
            bridge.seat()
        [tried] = bridge.sessions.page(None, after=None, limit=9, is_open=True)
        bridge.sessions.end(tried.id, "failed")  # as where nobody is free
    with coming(locked, f"?token={mine}") as socket:
        socket.send('{"type": "ping"}')
        assert told(socket)["type"] == "pong" and bridge.joined.empty()
        socket.send('{"type": "text", "data": "And now?"}')
        bridge.seat()


def is_full(gateway: Gateway) -> bool:
    with connected(gateway, "", SITE) as socket:
        return bool(told(socket)["type"] == "error")


def test_one_address_does_not_open_sockets_without_end(bridge: Bridge) -> None:
    gateway = bridge.open(websockets_per_address=2)
    with coming(gateway):
        with coming(gateway):
            assert refused(gateway) == (4429, "too_many_connections")
        until = time.monotonic() + ENOUGH
        while is_full(gateway):
            assert time.monotonic() < until, "a place is not given back"


def test_what_goes_wrong_behind_the_gateway_is_not_kept_from_a_browser(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = bridge.open()
    assert refused(gateway, "?weights=blender") == (4422, "wrong_value")
    known = bridge.kept()
    bridge.livekit.down = True
    for cookie in (None, known):
        code, error = refused(gateway, cookie=cookie)
        assert code in (4502, 4503, 4504) and error.startswith("livekit")

    async def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(Host, "seat", fail)
    assert refused(gateway) == (4503, "store_unavailable")
    monkeypatch.setattr(Host, "choose", fail)
    assert refused(gateway) == (4503, "store_unavailable")
    with urllib.request.urlopen(f"http://{gateway.site}/metrics", timeout=ENOUGH) as answer:
        figures = answer.read().decode()
    for reason in ("livekit_unavailable", "store_unavailable"):
        assert f'visavis_refusals_total{{reason="{reason}"}} 2.0' in figures


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("idle", "The session is over (idle)."),
        ("failed", "no language model answers"),
        (None, "no"),
    ],
)
async def test_an_answer_that_never_came_is_not_why_a_session_is_over(
    tmp_path: Path, reason: Any, why: str
) -> None:
    sessions = Sessions(open_store(f"sqlite:///{tmp_path}/visavis.sqlite3"), time.time)
    sessions.create(StoredSession("ses_1", "", "room", {}, {}, time.time()))
    data = {"code": "brain_failed", "detail": "no language model answers"}
    sessions.append("ses_1", "session.failed", data)
    if reason is not None:
        sessions.end("ses_1", reason)
    parts: Any = SimpleNamespace(sessions=sessions, desk=None)
    host = Host(Settings(_env_file=None), parts, rooms=cast(Any, None))
    assert (await host.why_over("ses_1")).startswith(why)
