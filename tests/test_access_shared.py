"""What several gateways know together: counts in Redis, keys in the store."""

from __future__ import annotations

import logging
import os
import secrets
import signal
from contextlib import suppress
from functools import partial

import pytest
import redis
from sqlalchemy import Engine

from gateway.access.rates import REDIS_PAUSE, Rates, rates_of
from gateway.problems import Problem
from store import Keys
from tests.services import start_redis

REDIS_SECONDS = "gateway.access.rates.REDIS_SECONDS"


async def passes(rates: Rates, name: str, count: int) -> int:
    passed = 0
    for _ in range(count):
        with suppress(Problem):
            await rates.hit("key", name)
            passed += 1
    return passed


async def test_two_gateways_do_not_let_through_twice_as_much(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(REDIS_SECONDS, 30.0)
    name = secrets.token_hex(8)
    one, other = (Rates(rates_of(30), redis_url) for _ in range(2))
    assert await passes(one, name, 20) == 20
    assert await passes(other, name, 20) == 10
    assert await passes(one, name, 1) == 0
    with pytest.raises(Problem) as raised:
        await other.hit("key", name)
    assert 1 <= (raised.value.retry_after or 0) <= 60
    assert await passes(one, f"another {name}", 1) == 1
    await one.close()
    await other.close()


async def test_a_redis_that_is_lost_stops_nobody_and_is_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, wait = 1000.0, partial(monkeypatch.setattr, REDIS_SECONDS)
    caplog.set_level(logging.INFO, "visavis.gateway")
    with start_redis() as url:
        wait(30.0)
        rates = Rates(rates_of(30), url, lambda: now)
        assert await passes(rates, "a", 40) == 30
        pid = redis.Redis.from_url(url).info("server")["process_id"]
        os.kill(pid, signal.SIGSTOP)
        wait(0.05)
        assert await passes(rates, "a", 40) == 30  # counted here now
        now += REDIS_PAUSE
        assert await passes(rates, "a", 1) == 0  # asked once more, in vain
        os.kill(pid, signal.SIGCONT)
        wait(30.0)
        now += REDIS_PAUSE
        assert await passes(rates, "b", 40) == 30
    wait(0.05)
    now += 60
    assert await passes(rates, "a", 40) == 30  # killed for good
    await rates.close()
    said = [each.getMessage() for each in caplog.records]
    assert [text.partition(":")[0] for text in said] == [
        "REDIS_URL", "Redis answers again", "REDIS_URL",
    ]  # fmt: skip


async def test_a_redis_that_never_was_stops_nobody() -> None:
    rates = Rates(rates_of(30), "redis://:secret@127.0.0.1:1/0")
    assert await passes(rates, "a", 40) == 30
    await rates.close()


def test_keys_are_the_same_in_every_store(store: Engine) -> None:
    now = 1.0
    keys = Keys(store, lambda: now)
    assert not keys.are_there() and keys.find("a") is None and keys.list() == []
    first = keys.add("a", "0" * 64, "für Ops", ("admin",))
    now = 2.0
    second = keys.add("b", "1" * 64, "b", ("usage", "webhooks"))
    assert keys.list() == [second, first] and keys.find("a") == first
    keys.use("a")
    assert keys.revoke("a") and not keys.revoke("c")
    now = 3.0
    assert keys.revoke("a")
    found = keys.find("a")
    assert found is not None and (found.used_at, found.revoked_at) == (2.0, 2.0)
    assert keys.are_there()
