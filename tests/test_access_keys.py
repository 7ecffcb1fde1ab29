"""API keys: who is kept out, and what is not kept of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from gateway.__main__ import main
from gateway.access.keyring import CACHE_SECONDS, KeyRing, make_key
from gateway.app import create_app
from gateway.problems import Problem
from settings import Settings
from store import Keys, StoredKey, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path}/visavis.sqlite3")
    yield engine
    engine.dispose()


def gateway(store: Engine, **settings: Any) -> TestClient:
    app = create_app(
        Settings(
            _env_file=None,
            livekit_url="ws://127.0.0.1:1",
            store_url=store.url.render_as_string(hide_password=False),
            **settings,
        )
    )
    return TestClient(app, base_url="http://127.0.0.1:8080")


def with_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def make(store: Engine, *scopes: str) -> str:
    return make_key(Keys(store, time.time), "test", scopes)[1]


async def read(ring: KeyRing, text: str) -> StoredKey:
    async def count() -> None: ...

    return await ring.read(text, "127.0.0.1", count)


def test_who_reads_the_store_does_not_learn_a_key(store: Engine, tmp_path: Path) -> None:
    secret = make(store, "admin")
    with store.connect() as connection:
        rows = str(connection.execute(text("SELECT * FROM visavis_keys")).all())
    assert secret not in rows and secret.rpartition("_")[2] not in rows


async def test_a_revoked_key_does_not_open_this_gateway_nor_for_long_another(
    store: Engine,
) -> None:
    now = 0.0
    here, there = (KeyRing(Keys(store, time.time), lambda: now) for _ in range(2))
    key, secret = await here.make("test", ("usage",))
    assert (await read(here, secret)).id == (await read(there, secret)).id == key.id
    assert await here.revoke(key.id)
    for ring in (here, there):
        with pytest.raises(Problem) as raised:
            await read(ring, secret)
        assert raised.value.code == "api_key_revoked"
        now += CACHE_SECONDS
    assert not await here.revoke("000000000000")


async def test_a_key_that_is_almost_right_opens_nothing(store: Engine) -> None:
    ring = KeyRing(Keys(store, time.time))
    _, secret = await ring.make("test", ("usage",))
    other = "A" if secret[-1] != "A" else "B"
    for wrong in (secret[:-1] + other, secret[:-1], secret + "A", secret.upper(), "vv_", "vv_é",
                  "vv_000000000000_" + secret[-43:], secret + "\n"):  # fmt: skip
        with pytest.raises(Problem) as raised:
            await read(ring, wrong)
        assert (raised.value.status, raised.value.code) == (401, "invalid_api_key")


async def test_the_last_use_of_a_key_is_not_unknown_nor_written_at_each_request(
    store: Engine,
) -> None:
    now = 1000.0
    keys = Keys(store, lambda: now)
    ring = KeyRing(keys, lambda: now)
    key, secret = await ring.make("test", ("usage",))
    seen = []
    for wait in (0.0, 30.0, 31.0):
        now += wait
        await read(ring, secret)
        found = keys.find(key.id)
        seen.append(found and found.used_at)
    assert seen == [1000.0, 1000.0, 1061.0]


def test_a_key_does_not_do_what_it_has_no_scope_for(store: Engine) -> None:
    secret = make(store, "sessions:read")
    with gateway(store) as client:
        refused = client.get("/v1/keys", headers=with_key(secret))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert 'scope="admin"' in refused.headers["www-authenticate"]


def test_without_a_key_nobody_but_this_machine_uses_the_api(store: Engine) -> None:
    def code(client: TestClient, **headers: str) -> str:
        answer = client.get("/v1/sessions", headers=headers)
        if answer.status_code != 200:
            assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers
        return str(answer.json().get("code"))

    with gateway(store) as client:
        assert code(client) == code(client, Host="localhost:8080") == "None"
        assert code(client, Host="rebound.example:8080") == "api_key_required"
        for header in ("X-Forwarded-For", "X-Real-IP"):
            assert code(client, **{header: "192.0.2.1"}) == "api_key_required"
    with gateway(store, host="0.0.0.0") as client:
        assert code(client) == "api_key_required"
    with gateway(store, auth_enabled=True) as client:
        assert code(client) == "api_key_required"


def test_behind_a_proxy_that_adds_nothing_the_internet_makes_itself_an_administrator(
    store: Engine,
) -> None:
    """nginx's ``proxy_pass`` by itself: the request looks as if it came from this machine."""
    with gateway(store) as client:
        headers = {"Host": "127.0.0.1:8080", "Connection": "close"}
        asked = {"name": "x", "scopes": ["admin"]}
        answers = (
            client.post("/v1/keys", json=asked, headers=headers),
            client.get("/v1/keys", headers=headers),
            client.delete("/v1/keys/x", headers=headers),
        )
        assert {each.json()["code"] for each in answers} == {"api_key_required"}
        assert client.get("/v1/usage", headers=headers).status_code == 200
    assert Keys(store, time.time).list() == []


def test_the_first_key_does_not_leave_the_door_open(store: Engine) -> None:
    first = make(store, "admin")
    with gateway(store) as client:
        assert client.get("/v1/sessions").json()["code"] == "api_key_required"
        asked = {"name": "ops", "scopes": ["admin"]}
        made = client.post("/v1/keys", json=asked, headers=with_key(first))
        assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
        key = made.json()
        admin = with_key(key["key"])
        listed = client.get("/v1/keys", headers=admin)
        assert {each["name"] for each in listed.json()["keys"]} == {"ops", "test"}
        assert key["key"] not in listed.text and "digest" not in listed.text
        assert client.delete("/v1/keys/none", headers=admin).json()["code"] == "key_unknown"
        assert client.delete(f"/v1/keys/{key['id']}", headers=admin).status_code == 204
        refused = client.get("/v1/keys", headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (401, "api_key_revoked")
        assert client.get("/v1/keys").status_code == 401


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "", "scopes": ["admin"]}, {"name": "a", "scopes": []}, {"name": "a\n", "scopes":
     ["admin"]}, {"name": "a", "scopes": ["root"]}, {"name": "a", "scopes": ["admin"], "id": "x"}],
)  # fmt: skip
def test_a_key_is_not_made_of_nonsense(store: Engine, body: Any) -> None:
    admin = with_key(make(store, "admin"))
    with gateway(store) as client:
        assert client.post("/v1/keys", json=body, headers=admin).status_code == 400
        assert len(client.get("/v1/keys", headers=admin).json()["keys"]) == 1


def test_a_key_takes_a_seat_and_gets_tokens_only_with_its_scope(store: Engine) -> None:
    writes, reads = make(store, "sessions:write"), make(store, "sessions:read")
    with gateway(store, auth_enabled=True) as client:
        for path, behind in (("/api/token", 502), ("/api/auth/token", 200)):
            assert client.post(path, headers=with_key(writes)).status_code == behind
            assert client.post(path, headers=with_key(reads)).status_code == 403
        made = client.post("/api/auth/token", headers=with_key(writes)).json()
        entered = client.post("/api/token", headers=with_key(made["token"]))
    assert made["origin"] == "" and entered.status_code == 502


def test_a_store_that_fails_is_not_an_open_door(store: Engine) -> None:
    secret = make(store, "admin")
    with gateway(store) as client:
        with store.begin() as connection:
            connection.execute(text("DROP TABLE visavis_keys"))
        for headers in ({}, with_key(secret)):
            answer = client.get("/v1/sessions", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
            assert "visavis_keys" not in answer.text


def test_the_command_makes_what_the_gateway_takes_and_shows_it_once(
    store: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> str:
        assert main(["keys", *arguments]) == 0
        return capsys.readouterr().out

    monkeypatch.setenv("STORE_URL", store.url.render_as_string())
    assert "no key yet" in run("list")
    key = run("create", "ops", "--scopes", "usage, admin").splitlines()[0]
    id = key.split("_")[1]
    with gateway(store) as client:
        assert client.get("/v1/keys", headers=with_key(key)).status_code == 200
        listed = run("list")
        assert f"{id}  ops  usage,admin" in listed and key not in listed
        assert "last used" in listed
        run("revoke", id)
        # The gateway is another process: it may still know the key, but not for long.
        client.app.state.door.keys._known.clear()  # type: ignore[attr-defined]
        assert client.get("/v1/keys", headers=with_key(key)).status_code == 401
    assert "revoked" in run("list")
    assert main(["keys", "revoke", "none"]) == 1
    with pytest.raises(SystemExit):
        main(["keys", "create", "ops", "--scopes", "root"])
    assert "sessions:read" in capsys.readouterr().err
