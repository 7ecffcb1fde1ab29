"""What the gateway counts, and who may read it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.testclient import TestClient

from agent.session import recorder
from gateway.app import create_app
from gateway.service.metrics import Metrics
from gateway.service.scrape import Scrape
from settings import Settings
from store import Sessions, StoredSession, Worker, Workers, open_store
from store.database import STATEMENT_SECONDS
from store.turn_times import SETTLED_SECONDS, TurnTimes

SETTINGS = Settings(_env_file=None, livekit_url="ws://127.0.0.1:1", store_url="sqlite://")


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(create_app(SETTINGS, tmp_path / "dist"))


def counted(client: TestClient, name: str, **labels: str) -> float | None:
    value: float | None = client.app.state.metrics.registry.get_sample_value(  # type: ignore[attr-defined]
        name, labels
    )
    return value


def test_what_clients_send_makes_no_new_label(client: TestClient) -> None:
    for path in ("/a", "/b", "/heads/nobody.glb", "/assets/x-1.js"):
        client.get(path)
    client.request("BREW", "/api/memory")
    count = "visavis_http_request_seconds_count"
    assert counted(client, count, method="GET", route="files", status="404") == 4
    assert counted(client, count, method="other", route="files", status="405") == 1


def test_a_refusal_is_counted_by_its_code(client: TestClient) -> None:
    client.get("/api/memory")
    client.post("/api/token", json={"nonsense": 1})
    assert counted(client, "visavis_refusals_total", reason="invalid_person") == 1
    assert counted(client, "visavis_refusals_total", reason="invalid_request") == 1


def test_statements_that_the_store_refuses_are_counted(client: TestClient) -> None:
    metrics, store = Metrics(), open_store("sqlite://")
    metrics.watch(store)
    with store.connect() as connection:
        try:
            connection.execute(text("SELECT * FROM nowhere"))
        except Exception:
            assert metrics.registry.get_sample_value("visavis_store_errors_total") == 1
        else:
            raise AssertionError("there is no such table")


HERE = ("127.0.0.1", 50_000)


@pytest.mark.parametrize(
    ("client_at", "headers", "token", "status"),
    [
        (HERE, {}, None, 200),
        (("192.0.2.7", 50_000), {}, None, 403),
        (HERE, {"X-Forwarded-For": "192.0.2.7"}, None, 403),
        (HERE, {"Host": "evil.example"}, None, 403),
        (HERE, {"Forwarded": "for=192.0.2.7"}, None, 403),
        (HERE, {}, "a-token-of-16-letters", 401),
        (HERE, {"Authorization": "Bearer a-token-of-16-letterz"}, "a-token-of-16-letters", 401),
        (("192.0.2.7", 1), {"Authorization": "Bearer a-token-of-16-letters"},
         "a-token-of-16-letters", 200),
    ],
)  # fmt: skip
def test_strangers_read_no_figures(
    tmp_path: Path, client_at: Any, headers: dict[str, str], token: str | None, status: int
) -> None:
    settings = SETTINGS.model_copy(update=Settings(metrics_token=token).model_dump(
        include={"metrics_token"}))  # fmt: skip
    app = create_app(settings, tmp_path)
    with TestClient(app, base_url="http://127.0.0.1", client=client_at) as client:
        metrics = client.get("/metrics", headers=headers)
        info = client.get("/inf", headers=headers)
        assert metrics.status_code == status
        assert info.status_code == 200 and info.json()["status"] == "running"
        assert ("workers" in info.json()) == (status == 200)


@pytest.fixture
def url(store_url: str) -> str:
    return store_url


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def test_each_answer_is_counted_by_one_gateway_alone(url: str) -> None:
    now = 1_000.0
    sessions = Sessions(open_store(url), lambda: now)
    gateways = [Scrape(Metrics(), open_store(url), lambda: now) for _ in range(2)]
    sessions.create(StoredSession("a", "", "room", {}, {}, now))
    for gateway in gateways:
        await gateway.run()  # counts from now on
    for turn in range(3):
        now += SETTLED_SECONDS
        timing = {"answer": 0.4, "llm_first_token": 0.1}
        sessions.append("a", "agent.turn", {"text": "hi", "turn": turn, "timing": timing})
    sessions.append("a", "agent.turn", {"text": "a greeting"})
    now += SETTLED_SECONDS
    told = [samples(await gateway.run()) for gateway in gateways]
    name = "visavis_turn_seconds_count"
    assert [each.get((name, "answer"), 0) for each in told] == [3, 0]
    assert told[0][("visavis_turn_seconds_sum", "llm_first_token")] == pytest.approx(0.3)
    assert all(each[("visavis_sessions", "open")] == 1 for each in told)


def test_an_answer_that_is_still_on_its_way_is_counted_later(url: str) -> None:
    now = 1_000.0
    store = open_store(url)
    sessions, times = Sessions(store, lambda: now), TurnTimes(store, lambda: now)
    sessions.create(StoredSession("a", "", "room", {}, {}, now))
    times.take()
    sessions.append("a", "agent.turn", {"timing": {"answer": 1.0}})
    assert times.take() == []
    now += SETTLED_SECONDS
    assert times.take() == [{"answer": 1.0}]
    assert times.take() == []


def test_an_answer_that_a_slow_store_took_late_is_not_missing(url: str) -> None:
    tries = recorder.ATTEMPTS
    longest = tries * STATEMENT_SECONDS + (tries - 1) * recorder.RETRY
    now = happened = 1_000.0
    store = open_store(url)
    sessions, times = Sessions(store, lambda: now), TurnTimes(store, lambda: now)
    for id in ("slow", "other"):
        sessions.create(StoredSession(id, "", id, {}, {}, now))
    times.take()
    told: list[float] = []
    while now < happened + longest:  # the others go on meanwhile
        sessions.append("other", "agent.turn", {"timing": {"answer": 1.0}})
        told += [each["answer"] for each in times.take()]
        now += longest / 10
    sessions.append("slow", "agent.turn", {"timing": {"answer": 2.0}}, happened)
    now += SETTLED_SECONDS
    told += [each["answer"] for each in times.take()]
    assert told.count(2.0) == 1 and 1.0 in told


async def test_figures_are_told_while_the_store_is_away(url: str) -> None:
    metrics, store = Metrics(), open_store(url)
    Workers(store, time.time).beat(Worker("1", "agent", "host", "0.1.0", time.time()))
    scrape = Scrape(metrics, store)
    assert samples(await scrape.run())[("visavis_workers", "agent")] == 1
    with store.begin() as connection:
        connection.execute(text("DROP TABLE visavis_workers"))
    told = samples(await scrape.run())
    assert ("visavis_workers", "agent") not in told
    assert ("visavis_websockets_open",) in told
