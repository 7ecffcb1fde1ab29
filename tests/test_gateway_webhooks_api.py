"""What is asked of ``/v1/webhooks``, and what it must not do or tell."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from gateway.access.keyring import make_key
from gateway.app import create_app
from settings import Settings
from store import Keys, Sessions, StoredSession, open_store
from tests.receivers import Receiver, receiving

URL = "https://8.8.8.8/hook"
"""Public, and nothing that needs to be looked up."""


def settings(folder: Path, **changes: Any) -> Settings:
    values = {"livekit_url": "ws://127.0.0.1:1", "store_url": f"sqlite:///{folder}/v.sqlite3"}
    return Settings(_env_file=None, **(values | changes))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    store = open_store(settings(tmp_path).store_url)
    yield store
    store.dispose()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1") as client:
        yield client


def made(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": URL, **fields})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    return webhook


def key(database: Engine, name: str, *scopes: str) -> dict[str, str]:
    _, text = make_key(Keys(database, time.time), name, scopes)
    return {"Authorization": f"Bearer {text}"}


def test_a_secret_is_not_shown_twice(client: TestClient) -> None:
    webhook = made(client, types=["session.ended"])
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    assert client.get(f"/v1/webhooks/{webhook['id']}").json() == webhook
    assert client.get("/v1/webhooks").json() == {"webhooks": [webhook]}
    changed = client.patch(f"/v1/webhooks/{webhook['id']}", json={"enabled": False})
    assert changed.json() == {**webhook, "enabled": False}
    assert secret not in changed.text


def test_a_change_does_not_touch_what_it_does_not_name(client: TestClient) -> None:
    webhook = made(client, types=["session.ended"])
    path = f"/v1/webhooks/{webhook['id']}"
    assert client.patch(path, json={"url": "https://8.8.4.4/"}).json()["types"] == ["session.ended"]
    assert client.patch(path, json={"types": None}).json()["url"] == "https://8.8.4.4/"
    assert client.get(path).json()["types"] is None
    assert client.delete(path).status_code == 204
    for gone in (client.get(path), client.delete(path), client.patch(path, json={})):
        assert (gone.status_code, gone.json()["code"]) == (404, "no_such_webhook")


def test_a_webhook_that_is_asked_for_twice_is_not_made_twice(client: TestClient) -> None:
    again = {"Idempotency-Key": "one"}
    first, second = (
        client.post("/v1/webhooks", json={"url": URL}, headers=again).json() for _ in range(2)
    )
    assert first == second and first["secret"]
    assert len(client.get("/v1/webhooks").json()["webhooks"]) == 1
    other = client.post("/v1/webhooks", json={"url": URL, "enabled": False}, headers=again)
    assert other.status_code == 422


def test_events_are_not_sent_inside_or_unsealed(client: TestClient) -> None:
    for url in (
        "http://8.8.8.8/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/",
        "https://169.254.169.254/latest", "https://2130706433/", "https://a:b@8.8.8.8/",
        "https://8.8.8.8:99999/", "ftp://8.8.8.8/", "https://", "https://[", "x",
    ):  # fmt: skip
        answer = client.post("/v1/webhooks", json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_value"), url
    webhook = made(client)
    answer = client.patch(f"/v1/webhooks/{webhook['id']}", json={"url": "https://127.0.0.1/"})
    assert answer.json()["code"] == "wrong_value"


def test_a_wrong_value_is_not_left_unexplained(client: TestClient) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"types": ["session.begun"]}, "'session.started'"),
        ({"types": []}, "types"),
        ({"secret": "whsec_own"}, "secret: this field is unknown"),
        ({"url": None}, "url"),
        ({"url": "https://8.8.8.8/" + "x" * 2000}, "url"),
        ({"enabled": "perhaps"}, "enabled"),
    ]
    for fields, said in wrong:
        answer = client.post("/v1/webhooks", json={"url": URL, **fields})
        assert answer.status_code == 400
        assert said in answer.json()["detail"]


def test_an_id_that_is_none_is_not_an_error_of_ours(client: TestClient) -> None:
    for id in ("nobody", "%00", "a" * 100, "wh_%F0%9F%98%80"):
        for path in (f"webhooks/{id}", f"webhooks/{id}/deliveries", f"sessions/{id}/events"):
            assert client.get(f"/v1/{path}").status_code in (400, 404), path


def test_what_postgres_cannot_store_is_not_an_error_of_ours(
    tmp_path: Path, postgres_url: str
) -> None:
    app = create_app(settings(tmp_path, store_url=postgres_url))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in ("sessions/a%00b", "sessions?cursor=%00", "sessions/%00/transcript"):
            assert client.get(f"/v1/{path}").status_code in (400, 404), path


def test_one_key_does_not_see_or_change_what_is_anothers(
    client: TestClient, database: Engine
) -> None:
    ours, theirs = key(database, "ours", "webhooks"), key(database, "theirs", "webhooks")
    admin = key(database, "admin", "admin")
    id = client.post("/v1/webhooks", json={"url": URL}, headers=ours).json()["id"]
    path = f"/v1/webhooks/{id}"
    for answer in (
        client.get(path, headers=theirs),
        client.patch(path, json={"enabled": False}, headers=theirs),
        client.delete(path, headers=theirs),
        client.post(f"{path}/ping", headers=theirs),
        client.get(f"{path}/deliveries", headers=theirs),
    ):
        assert answer.status_code == 404
    assert client.get("/v1/webhooks", headers=theirs).json() == {"webhooks": []}
    assert [
        each["id"] for each in client.get("/v1/webhooks", headers=admin).json()["webhooks"]
    ] == [id]
    assert client.get(path, headers=ours).json()["enabled"]


def test_a_key_without_the_scope_does_not_listen_in(client: TestClient, database: Engine) -> None:
    writer = key(database, "writer", "sessions:write")
    assert client.post("/v1/webhooks", json={"url": URL}, headers=writer).status_code == 403
    assert client.get("/v1/sessions/a/events", headers=writer).status_code == 403
    assert client.get("/v1/webhooks").status_code == 401


async def test_a_ping_does_not_claim_more_than_was_answered(tmp_path: Path) -> None:
    async with receiving() as receiver:
        await asyncio.to_thread(_ping, tmp_path, receiver)


def _ping(folder: Path, receiver: Receiver) -> None:
    app = create_app(settings(folder, fetch_private=True))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        webhook = made(client, url=receiver.url("/hook"))
        receiver.secrets["/hook"] = webhook["secret"]
        receiver.answers["/hook"] = [204, 500, "break"]
        path = f"/v1/webhooks/{webhook['id']}/ping"
        results = [client.post(path).json() for _ in range(3)]
        assert [(each["delivered"], each["status"]) for each in results] == [
            (True, 204),
            (False, 500),
            (False, None),
        ]
        assert results[1]["detail"] == "it answered 500"
        assert [each["type"] for each in receiver.taken["/hook"]] == ["webhook.ping"]


async def test_a_gateway_does_not_need_to_be_told_that_there_is_news(
    tmp_path: Path, database: Engine
) -> None:
    async with receiving() as receiver:
        await asyncio.to_thread(_live, tmp_path, database, receiver)


def _live(folder: Path, database: Engine, receiver: Receiver) -> None:
    """A whole gateway, and an agent that writes into its store."""
    sessions = Sessions(database, time.time)
    app = create_app(settings(folder, fetch_private=True))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        webhook = made(client, url=receiver.url("/hook"))
        receiver.secrets["/hook"] = webhook["secret"]
        sessions.create(StoredSession("a", "", "room-a", {}, {"order": 7}, time.time()))
        sessions.append("a", "user.turn", {"text": "hello"})
        sessions.end("a", "left")
        path = f"/v1/webhooks/{webhook['id']}/deliveries"
        until = time.monotonic() + 30
        while not client.get(path, params={"state": "done"}).json()["deliveries"]:
            assert time.monotonic() < until
            time.sleep(0.05)
        [delivery] = client.get(path).json()["deliveries"]
        assert (delivery["delivered_seq"], delivery["waiting"], delivery["last_status"]) == (
            3, 0, 204,
        )  # fmt: skip
        with client.stream("GET", "/v1/sessions/a/events") as answer:
            streamed = [line for line in answer.iter_lines() if line.startswith("data: ")]
    told = [json.loads(line.removeprefix("data: ")) for line in streamed]
    assert told == receiver.taken["/hook"]
