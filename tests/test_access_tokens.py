"""Visitors' tokens: whom they do not admit."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from gateway.access.keyring import make_key
from gateway.access.visitor import Visitor, VisitorTokens
from gateway.app import create_app
from gateway.problems import Problem
from settings import Settings
from store import Keys, Sessions, StoredSession, open_store

SECRET = "0123456789abcdef" * 4
SITE = "https://shop.example"
WEEK = 7 * 86_400


def tokens(now: float = 1000.0, secret: str = SECRET) -> VisitorTokens:
    return VisitorTokens(secret, lambda: now)


def refusal(token: str, now: float = 1000.0) -> str:
    with pytest.raises(Problem) as raised:
        tokens(now).read(token)
    assert raised.value.status == 401
    assert (raised.value.headers or {})["WWW-Authenticate"].startswith("Bearer")
    return raised.value.code


def test_a_token_does_not_say_other_than_it_was_made_for() -> None:
    visitor = Visitor(SITE, session="s-1", room="room-1", identity="jo", owner="0a")
    made = tokens().read(tokens().make(visitor, 60))
    assert replace(made, token="", expires_at=None) == visitor
    assert made.token and made.expires_at == 1060
    assert tokens().read(tokens().make(visitor, 60)).token != made.token


def test_a_token_does_not_outlive_its_time() -> None:
    token = tokens().make(Visitor(SITE), 60)
    assert tokens(1059.9).read(token)
    assert refusal(token, 1060.0) == "token_expired"


def _part(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_token_that_was_tampered_with_does_not_admit() -> None:
    token = tokens().make(Visitor(SITE, session="s-1"), 60)
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    longer = _part(claims | {"exp": 10**10})
    forged = {
        "another time": f"{head}.{longer}.{signature}",
        "another session": f"{head}.{_part(claims | {'session': 's-2'})}.{signature}",
        "no algorithm": f"{_part({'alg': 'none', 'typ': 'JWT'})}.{longer}.",
        "no algorithm, signed": f"{_part({'alg': 'none'})}.{body}.{signature}",
        "another algorithm": jwt.encode(claims, SECRET, algorithm="HS384"),
        "another key": tokens(secret="f" * 64).make(Visitor(SITE), 60),
        "another purpose": jwt.encode(claims | {"aud": "visavis"}, SECRET),
        "another issuer": jwt.encode(claims | {"iss": "me"}, SECRET),
        "no end": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, SECRET),
        "an end that is none": jwt.encode(claims | {"exp": "later"}, SECRET),
        "no signature": f"{head}.{body}.",
        "half": token[: len(token) // 2],
        "no token": "nonsense",
        "much": "a" * 5000,
        "not ASCII": "é.é.é",
    }
    for how, each in forged.items():
        assert refusal(each) == "invalid_token", how


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "visavis.sqlite3"


@pytest.fixture
def client(store: Path) -> Iterator[TestClient]:
    settings = Settings(
        _env_file=None,
        livekit_url="ws://127.0.0.1:1",
        store_url=f"sqlite:///{store}",
        auth_enabled=True,
        auth_secret_key=SECRET,
        auth_allowed_origins=f"{SITE}, https://other.example",
        auth_enable_rate_limiting=False,
    )
    with TestClient(create_app(settings), base_url="http://visavis.example") as client:
        yield client


def ask(client: TestClient, origin: str | None = SITE, **headers: str) -> Any:
    given = headers | ({} if origin is None else {"Origin": origin})
    return client.post("/api/auth/token", headers=given)


def enter(client: TestClient, token: str, origin: str | None = SITE, **body: str) -> str:
    """The refusal of ``/api/token``; "livekit_unavailable" is behind the door."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Origin": origin} if origin else {})
    code = client.post("/api/token", json=body, headers=headers).json()["code"]
    assert isinstance(code, str)
    return code


def test_a_page_is_not_kept_out(client: TestClient) -> None:
    for origin in (SITE, "http://visavis.example", "https://visavis.example"):
        answer = ask(client, origin)
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        assert answer.json()["ttl"] == 3600 and answer.json()["origin"] == origin
        assert enter(client, answer.json()["token"], origin) == "livekit_unavailable"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://shop.example", "https://shop.example.evil",
               "https://shop.example:8443", "https://visavis.example:81", "file://", ""],
)  # fmt: skip
def test_a_foreign_site_gets_no_token(client: TestClient, origin: str) -> None:
    answer = ask(client, origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers


def test_a_program_gets_no_token_without_a_key(client: TestClient) -> None:
    answer = ask(client, None)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_required")


def test_without_a_token_nobody_takes_a_seat(client: TestClient) -> None:
    answer = client.post("/api/token", json={}, headers={"Origin": SITE})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_required")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert enter(client, "nonsense") == "invalid_token"


def test_a_token_of_one_site_does_not_admit_from_another(client: TestClient) -> None:
    token = ask(client).json()["token"]
    assert enter(client, token, "https://other.example") == "wrong_origin"
    assert enter(client, token, None) == "wrong_origin"
    assert enter(client, token, "https://evil.example") == "origin_not_allowed"


def test_a_token_for_a_room_admits_to_no_other(client: TestClient) -> None:
    answer = client.post(
        "/api/auth/token", json={"room": "mine", "identity": "jo"}, headers={"Origin": SITE}
    )
    token = answer.json()["token"]
    assert enter(client, token, room_name="other") == "wrong_room"
    assert enter(client, token, participant_identity="eve") == "wrong_identity"
    assert enter(client, token) == "livekit_unavailable"


def test_a_page_gives_itself_no_session_site_or_time(client: TestClient) -> None:
    def asked(**body: Any) -> Any:
        return client.post("/api/auth/token", json=body, headers={"Origin": SITE})

    assert asked(session="s-1").json()["code"] == "api_key_required"
    assert asked(origin="https://other.example").json()["code"] == "wrong_origin"
    assert asked(room="session-s-1").status_code == 400
    assert asked(identity="agent-1").status_code == 400
    assert asked(ttl=WEEK).status_code == 400
    assert asked(ttl=86_400).json()["ttl"] == 3600
    assert asked(ttl=60).json()["ttl"] == 60
    assert asked(admin=True).status_code == 400


async def test_a_token_of_a_session_is_good_for_no_other_and_not_after_its_end(
    client: TestClient, store: Path
) -> None:
    engine = open_store(f"sqlite:///{store}")
    sessions = Sessions(engine, time.time)
    mine, secret = make_key(Keys(engine, time.time), "mine", ("sessions:write",))
    _, rivals = make_key(Keys(engine, time.time), "rival", ("sessions:write",))
    _, admins = make_key(Keys(engine, time.time), "admin", ("admin",))
    for id, owner in (("s-1", mine.id), ("s-2", mine.id), ("s-3", "rival")):
        spec = {"participant": {"identity": "jo", "name": "", "control": False, "person": None}}
        sessions.create(StoredSession(id, owner, f"session-{id}", spec, {}, time.time()))

    def made(session: str, key: str = secret, **more: str) -> Any:
        return client.post(
            "/api/auth/token",
            json={"session": session, "origin": SITE, **more},
            headers={"Authorization": f"Bearer {key}"},
        )

    assert made("s-3").json()["code"] == made("none").json()["code"] == "no_such_session"
    assert made("s-1", rivals).json()["code"] == "no_such_session"
    assert made("s-1", identity="eve").json()["code"] == "wrong_identity"
    token = made("s-1").json()["token"]
    assert enter(client, token, room_name="other") == "wrong_room"
    assert enter(client, token, participant_identity="eve") == "wrong_identity"
    for good in (token, made("s-1", admins).json()["token"]):
        assert enter(client, good) == "livekit_unavailable"

    door = client.app.state.door  # type: ignore[attr-defined]
    visitor = await door.check_token(token, SITE, session="s-1")
    assert (visitor.session, visitor.room, visitor.identity) == ("s-1", "session-s-1", "jo")
    assert visitor.owner == mine.id
    with pytest.raises(Problem) as raised:
        await door.check_token(token, SITE, session="s-2")
    assert raised.value.code == "wrong_session"

    sessions.end("s-1", "ended")
    assert enter(client, token) == "session_over"
    assert made("s-1").json()["code"] == "session_over"
    engine.dispose()


def test_a_token_does_not_outlive_the_key_that_asked_for_it(
    client: TestClient, store: Path
) -> None:
    engine = open_store(f"sqlite:///{store}")
    keys = Keys(engine, time.time)
    (mine, secret), (_, admin) = (make_key(keys, "", (s,)) for s in ("sessions:write", "admin"))
    mines, admins = ({"Authorization": f"Bearer {each}"} for each in (secret, admin))
    token = ask(client, None, **mines).json()["token"]
    pages = ask(client).json()["token"]
    assert enter(client, token, None) == "livekit_unavailable"
    assert client.delete(f"/v1/keys/{mine.id}", headers=admins).status_code == 204
    assert enter(client, token, None) == "api_key_revoked"
    with client.websocket_connect(f"/ws?token={token}") as socket:
        assert socket.receive_json()["code"] == "api_key_revoked"
    assert enter(client, pages) == "livekit_unavailable"
    engine.dispose()


def test_two_gateways_with_one_secret_do_not_refuse_each_others_tokens(
    client: TestClient, tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None,
        livekit_url="ws://127.0.0.1:1",
        store_url=f"sqlite:///{tmp_path}/b.sqlite3",
        auth_enabled=True,
        auth_secret_key=SECRET,
        auth_allowed_origins=SITE,
    )
    token = ask(client).json()["token"]
    with TestClient(create_app(settings)) as other:
        assert enter(other, token) == "livekit_unavailable"
    settings = settings.model_copy(update={"auth_secret_key": None})
    with TestClient(create_app(settings)) as stranger:
        assert enter(stranger, token) == "invalid_token"
