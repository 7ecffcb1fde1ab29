"""Floods, sizes and slowness: who is refused, and how."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient

from gateway.access.address import address_of
from gateway.access.bodies import LARGE, LONG_TEXT, MEDIUM, SMALL, LimitedBody, limit_of
from gateway.access.keyring import KeyRing, make_key
from gateway.access.rates import Rates, rates_of
from gateway.access.seats import Seats
from gateway.access.windows import MemoryWindows
from gateway.app import create_app
from gateway.patience import PatientHttp
from gateway.problems import Problem
from settings import Settings
from store import Keys, StoredKey, open_store
from tests.gateways import Gateway

SITE = "https://shop.example"


# Floods


async def test_a_window_does_not_let_more_through_nor_forget_too_soon() -> None:
    now = 0.0
    rates = Rates({"session": rates_of(1)["session"]}, clock=lambda: now)

    async def passes(count: int) -> int:
        passed = 0
        for _ in range(count):
            with suppress(Problem):
                await rates.hit("session", "s-1")
                passed += 1
        return passed

    assert await passes(40) == 30
    now = 5.9
    assert await passes(1) == 0
    await rates.hit("session", "s-2")
    await rates.hit("origin", "has no rate here")
    now = 6.0
    assert await passes(40) == 30


def test_addresses_without_end_do_not_fill_the_memory() -> None:
    now = 0.0
    windows = MemoryWindows(lambda: now)
    for count in range(30_000):
        now = count / 1000
        assert windows.hit(f"address {count}", 50, 10) is None
    assert len(windows._windows) <= 10_001
    assert windows.hit("address 29999", 1, 10) == pytest.approx(10)


def test_a_flood_is_told_when_to_come_back(gateway: Gateway) -> None:
    with gateway() as client:
        stop_the_clock(client)
        answers = [client.post("/api/auth/token", headers={"Origin": "x"}) for _ in range(55)]
    last = answers[-1]
    assert [each.status_code for each in answers].count(429) == 5
    assert last.json()["code"] == "too_many_requests"
    assert last.headers["retry-after"] == "10"
    assert last.headers["ratelimit-policy"] == '"address";q=50;w=10'
    assert last.headers["ratelimit"] == '"address";r=0;t=10'


def keys_of(folder: Path, *names: str) -> list[dict[str, str]]:
    """Headers with new API keys."""
    store = open_store(f"sqlite:///{folder}/visavis.sqlite3")
    keys = Keys(store, time.time)
    made = [make_key(keys, name, ("sessions:write",))[1] for name in names]
    store.dispose()
    return [{"Authorization": f"Bearer {key}"} for key in made]


def stop_the_clock(client: TestClient) -> None:
    """Of the rates: what a slow machine does late counts all the same."""
    client.app.state.door.rates._own = MemoryWindows(lambda: 0.0)  # type: ignore[attr-defined]


def test_who_knows_a_sessions_name_does_not_lock_its_owner_out(
    gateway: Gateway, tmp_path: Path
) -> None:
    owner, rival = keys_of(tmp_path, "owner", "rival")
    with gateway() as client:
        stop_the_clock(client)

        def say(headers: dict[str, str] | None = None) -> int:
            path = "/v1/sessions/ses_a/say"
            return client.post(path, json={"text": "x"}, headers=headers).status_code

        assert {say() for _ in range(35)} == {401}
        assert [say(rival) for _ in range(35)].count(429) == 5
        assert [say(owner) for _ in range(35)].count(429) == 5


def test_invented_keys_do_not_cost_a_question_each(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [good] = keys_of(tmp_path, "good")
    find, asked = Keys.find, list[str]()

    def count(keys: Keys, id: str) -> StoredKey | None:
        asked.append(id)
        return find(keys, id)

    monkeypatch.setattr(Keys, "find", count)
    with gateway() as client:
        stop_the_clock(client)

        def end(headers: dict[str, str]) -> int:
            return client.delete("/v1/sessions/ses_a", headers=headers).status_code

        assert end(good) == 404
        invented = [{"Authorization": f"Bearer vv_{n:012}_{'a' * 43}"} for n in range(80)]
        assert [end(each) for each in invented].count(429) == 31
        assert len([id for id in asked if id.startswith("0000000000")]) == 49
        assert end(good) == 404


async def test_a_backend_is_not_refused_for_its_first_requests_all_at_once(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [good] = keys_of(tmp_path, "good")
    find, may_answer, asked = Keys.find, threading.Event(), list[str]()

    def find_later(keys: Keys, id: str) -> StoredKey | None:
        asked.append(id)
        may_answer.wait(30)
        return find(keys, id)

    monkeypatch.setattr(Keys, "find", find_later)
    client = gateway()
    stop_the_clock(client)
    transport = httpx2.ASGITransport(client.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as backend:
        requests = [backend.get("/v1/nothing", headers=good) for _ in range(80)]
        asking = asyncio.gather(*requests)
        asyncio.get_running_loop().call_later(0.2, may_answer.set)
        assert 429 not in {answer.status_code for answer in await asking}
    assert len(asked) == 1


async def test_who_leaves_does_not_take_the_look_up_of_a_key_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/visavis.sqlite3")
    ring, counted, may_count = KeyRing(Keys(store, time.time)), list[str](), asyncio.Event()
    made, secret = await ring.make("good", ())

    def read(text: str, address: str) -> asyncio.Task[StoredKey]:
        async def count() -> None:
            counted.append(address)
            await may_count.wait()

        return asyncio.create_task(ring.read(text, address, count))

    first, second = read(secret, "a"), read(secret, "a")
    others = [read(secret, "b"), *(read(f"{secret[:-1]}{end}", "a") for end in "+-")]
    await asyncio.sleep(0.01)
    first.cancel()
    may_count.set()
    assert (await second).id == (await others[0]).id == made.id
    for other in others[1:]:
        with pytest.raises(Problem):
            await other
    assert sorted(counted) == ["a", "a", "a", "b"]
    store.dispose()


def test_one_site_does_not_use_up_what_another_has(gateway: Gateway) -> None:
    with gateway(auth_allowed_origins=f"{SITE},https://b.example") as client:
        door = client.app.state.door  # type: ignore[attr-defined]

        async def exhaust() -> None:
            for _ in range(100):
                await door.rates.hit("origin", SITE)

        asyncio.run(exhaust())
        for origin, status in ((SITE, 429), ("https://b.example", 200)):
            answer = client.post("/api/auth/token", headers={"Origin": origin})
            assert answer.status_code == status
        assert client.get("/health").status_code == 200


def test_a_setting_turns_the_counting_off(gateway: Gateway) -> None:
    with gateway(auth_enable_rate_limiting=False) as client:
        for _ in range(120):
            assert client.post("/api/auth/token", headers={"Origin": "x"}).status_code == 403


async def test_one_machine_is_not_many_addresses_of_ipv6() -> None:
    class Asks:
        def __init__(self, host: str) -> None:
            self.client = type("Client", (), {"host": host})

    seen = {
        address_of(Asks(host))  # type: ignore[arg-type]
        for host in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:0:5::%eth0")
    }
    assert seen == {"2001:db8::/64"}
    assert address_of(Asks("::ffff:192.0.2.1")) == "192.0.2.1"  # type: ignore[arg-type]
    assert address_of(Asks("testclient")) == "testclient"  # type: ignore[arg-type]


def test_connections_are_not_without_number_and_are_given_back() -> None:
    seats = Seats(2)
    with seats.take("a"), seats.take("b"):
        with seats.take("a"):
            with pytest.raises(Problem) as raised, seats.take("a"):
                pass
            assert raised.value.status == 429
        with seats.take("a"):
            pass
    assert not seats._taken


# Sizes and slowness


def test_a_text_of_the_stated_length_is_not_too_long_in_any_spelling() -> None:
    for text in ("ü" * 50_000, "😀" * 50_000):
        assert len(json.dumps({"text": text})) < limit_of("/v1/sessions/s-1/say")
    assert limit_of("/v1/sessions/s-1/say") == LONG_TEXT
    assert limit_of("/v1/sessions") == LARGE and limit_of("/v1/keys") == MEDIUM
    assert limit_of("/api/token") == limit_of("/v1sessions/s/say") == SMALL


def test_a_body_that_says_it_is_long_is_not_read_at_all(gateway: Gateway) -> None:
    with gateway() as client:
        answer = client.post(
            "/v1/keys", content=b" " * (MEDIUM + 1), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413 and "65536 bytes" in answer.json()["detail"]


@contextmanager
def served(app: Any, seconds: float) -> Iterator[int]:
    class Hurried(PatientHttp):
        pass

    Hurried.seconds = seconds
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=Hurried, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def test_a_slow_client_does_not_keep_a_connection() -> None:
    app = create_app(Settings(_env_file=None, livekit_url="ws://127.0.0.1:1"))
    limited: Any = LimitedBody
    app.user_middleware = [each for each in app.user_middleware if each.cls is not limited]
    app.add_middleware(LimitedBody, seconds=0.5)
    begun = b"POST /api/auth/token HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\n"
    whole = begun + b"Content-Length: 2\r\nContent-Type: application/json\r\n\r\n"
    with served(app, 0.5) as port:
        for sent, trickle, answer in (
            (b"", b"", b""),
            (b"P", b"O", b""),
            (begun, b"A: b\r\n", b""),
            (whole, b"", b"408"),
            (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nG", b"E", b"404"),
            (b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n", b"a", b"40"),
        ):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.settimeout(30)
                client.sendall(sent)
                received = b""
                until = time.monotonic() + 30
                while time.monotonic() < until:
                    with suppress(OSError):
                        client.sendall(trickle)
                    client.settimeout(0.1)
                    try:
                        piece = client.recv(4096)
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                    if not piece:
                        break
                    received += piece
                else:
                    pytest.fail(f"{sent!r} kept its connection")
                assert answer in received.partition(b"\r\n")[0], (sent, received[:100])
