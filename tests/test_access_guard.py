"""Sites, floods, sizes and slowness: who is refused, how, and what is written down."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from gateway.access.audit import MOST_A_SECOND, Audit, AuditError, Entry
from gateway.access.bodies import LARGE, LONG_TEXT, MEDIUM, SMALL, LimitedBody, limit_of
from gateway.access.door import address_of
from gateway.access.headers import content_security_policy
from gateway.access.rates import Rates, rates_of
from gateway.access.seats import Seats
from gateway.access.windows import MemoryWindows
from gateway.app import create_app
from gateway.patience import PatientHttp
from gateway.problems import Problem
from settings import Settings

SITE = "https://shop.example"


@pytest.fixture
def gateway(tmp_path: Path) -> Callable[..., TestClient]:
    def make(base_url: str = "http://127.0.0.1", **settings: Any) -> TestClient:
        app = create_app(
            Settings(
                _env_file=None,
                livekit_url="ws://127.0.0.1:1",
                store_url=f"sqlite:///{tmp_path}/visavis.sqlite3",
                **settings,
            )
        )
        return TestClient(app, base_url=base_url)

    return make


Gateway = Callable[..., TestClient]


# Sites


def test_a_listed_site_may_ask_and_read_and_another_may_not(gateway: Gateway) -> None:
    def preflight(client: TestClient, origin: str) -> Any:
        return client.options(
            "/v1/keys",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "DELETE",
                "Access-Control-Request-Headers": "authorization, idempotency-key",
            },
        )

    with gateway(auth_allowed_origins=SITE) as client:
        allowed = preflight(client, SITE)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == SITE
        assert "access-control-allow-credentials" not in allowed.headers
        refused = client.get("/v1/nothing", headers={"Origin": SITE})
        assert refused.headers["access-control-allow-origin"] == SITE
        for origin in ("https://evil.example", "null"):
            for answer in (
                preflight(client, origin),
                client.post("/api/token", headers={"Origin": origin}),
                client.get("/api/memory", headers={"Origin": origin}),
            ):
                assert answer.status_code in (400, 403)
                assert "access-control-allow-origin" not in answer.headers


def test_a_page_without_an_origin_is_refused_unless_it_is_listed(gateway: Gateway) -> None:
    for listed, status in (("", 403), ("null", 502)):
        with gateway(auth_allowed_origins=listed) as client:
            answer = client.post("/api/token", headers={"Origin": "null"})
            assert answer.status_code == status


@pytest.mark.parametrize(
    "given", ["example.com", "https://example.com/page", "*", "ftp://example.com", "https://"]
)
def test_a_site_that_is_none_stops_the_start(given: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        Settings(_env_file=None, auth_allowed_origins=given)


@pytest.mark.parametrize("given", ["http://a", "redis://", "redis://a:b/0", "unix://"])
def test_a_redis_that_is_none_stops_the_start(given: str) -> None:
    with pytest.raises(ValueError, match="redis"):
        Settings(_env_file=None, redis_url=given)


def test_sites_are_known_however_they_are_written() -> None:
    settings = Settings(_env_file=None, auth_allowed_origins="HTTPS://Shop.Example:443/, null,")
    assert settings.auth_allowed_origins == (SITE, "null")


# Headers


def test_the_page_is_framed_by_listed_sites_alone_and_is_told_where_livekit_is() -> None:
    policy = content_security_policy("wss://x.livekit.cloud", (SITE, "null"))
    assert f"frame-ancestors 'self' {SITE}" in policy and "null" not in policy
    assert "connect-src 'self' blob: wss://x.livekit.cloud https://x.livekit.cloud" in policy
    assert "wss://*.livekit.cloud" in policy


def test_encryption_is_promised_only_where_it_is(gateway: Gateway) -> None:
    with gateway() as client:
        assert "strict-transport-security" not in client.get("/health").headers
    with gateway("https://visavis.example") as client:
        assert "max-age=" in client.get("/health").headers["strict-transport-security"]


def test_a_host_that_is_none_does_not_get_into_a_header(gateway: Gateway) -> None:
    with gateway() as client:
        for host in ("a;script-src *", "[", "a b", "a,b", ""):
            policy = client.get("/nothing", headers={"Host": host}).headers[
                "content-security-policy"
            ]
            assert policy.count("script-src") == 1 and "*" not in policy


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
        answers = [client.post("/api/auth/token", headers={"Origin": "x"}) for _ in range(55)]
    last = answers[-1]
    assert [each.status_code for each in answers].count(429) == 5
    assert last.json()["code"] == "too_many_requests"
    assert 1 <= int(last.headers["retry-after"]) <= 10
    assert last.headers["ratelimit-policy"] == '"address";q=50;w=10'
    assert last.headers["ratelimit"].startswith('"address";r=0;t=')


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


def test_a_slow_client_does_not_keep_a_connection(gateway: Gateway) -> None:
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


# The log of who did what


def test_a_log_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"AUDIT_LOG=.* cannot be written: Is a directory"):
        Audit(time.time, tmp_path)


@contextmanager
def audited() -> Iterator[list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(record.getMessage()))

    logger = logging.getLogger("visavis.audit")
    logger.setLevel(logging.INFO)
    handler = Keep()
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def test_nothing_is_done_or_refused_without_a_line(gateway: Gateway) -> None:
    person = "a-secret-of-sixteen"
    with audited() as lines, gateway() as client:
        made = client.post("/v1/keys", json={"name": "private", "scopes": ["admin"]}).json()
        admin = {"Authorization": f"Bearer {made['key']}"}
        client.get("/v1/keys", headers=admin)  # only looked
        client.delete(f"/v1/keys/{made['id']}", headers=admin)
        client.get("/v1/keys", headers=admin)
        client.post("/api/token", headers={"Origin": "https://evil.example"})
        token = client.post("/api/auth/token", headers={"Origin": "http://127.0.0.1"}).json()
        client.get("/api/memory", headers={"X-Visavis-Person": person})
    assert [(each["action"], each["status"], each["outcome"]) for each in lines] == [
        ("POST /v1/keys", 201, "done"),
        ("DELETE /v1/keys/{key}", 204, "done"),
        ("GET /v1/keys", 401, "refused"),
        ("POST /api/token", 403, "refused"),
        ("POST /api/auth/token", 200, "done"),
        ("GET /api/memory", 200, "done"),
    ]
    assert lines[1]["key"] == made["id"] and lines[2]["problem"] == "api_key_revoked"
    assert lines[3]["origin"] == "https://evil.example" and lines[3]["address"] == "testclient"
    assert lines[0]["at"].endswith("+00:00")
    written = json.dumps(lines)
    for secret in (made["key"], token["token"], person, "private"):
        assert secret not in written


def test_a_flood_does_not_fill_the_log() -> None:
    now = 0.5
    audit = Audit(lambda: now, None)
    with audited() as lines:
        for _ in range(10_000):
            audit.record(Entry("POST /api/token", 429))
        now = 1.0
        audit.record(Entry("POST /api/token", 201))
    assert len(lines) == MOST_A_SECOND + 2
    assert lines[-2]["left_out"] == 10_000 - MOST_A_SECOND


def test_what_was_written_down_does_not_get_lost_when_the_gateway_ends(
    gateway: Gateway, tmp_path: Path
) -> None:
    path = tmp_path / "logs" / "audit.jsonl"
    logging.getLogger("visavis.audit").setLevel(logging.INFO)
    with gateway(audit_log=path) as client:
        for _ in range(3):
            client.post("/api/auth/token", headers={"Origin": "http://127.0.0.1"})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["action"] for each in lines] == ["POST /api/auth/token"] * 3
