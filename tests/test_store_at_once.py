"""What is written at once by several gateways to a Postgres, which has more than one writer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, delete, text

import store.sessions as stored_sessions
from store import Sessions, StoredSession, Webhooks, open_store, webhook_tables
from store.webhook_tables import WEBHOOKS
from tests.clocks import Clock

URL = "https://example.org/hook"
SESSION = StoredSession("a", "acme", "room-a", {}, {}, 100.0)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Engine]:
    store = open_store(postgres_url)
    yield store
    store.dispose()


def wait_for_lock(store: Engine, writing: Future[Any]) -> None:
    """Until ``writing`` waits for another writer, or is done."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with store.connect() as connection:
        while not writing.done() and not connection.scalar(waiting):
            connection.rollback()
            time.sleep(0.01)


def test_a_webhook_that_is_being_deleted_does_not_cost_a_session(
    store: Engine, clock: Clock
) -> None:
    sessions, webhooks = Sessions(store, clock), Webhooks(store, clock)
    gone, stays = (webhooks.add("acme", URL) for _ in range(2))
    with ThreadPoolExecutor(1) as gateway:
        with store.begin() as deleting:
            deleting.execute(delete(WEBHOOKS).where(WEBHOOKS.c.id == gone.id))
            creating: Future[Any] = gateway.submit(sessions.create, SESSION)
            wait_for_lock(store, creating)
        creating.result()
    assert sessions.find("a") == SESSION
    assert told(store) == [(stays.id, "a")]


def test_a_session_and_a_webhook_that_are_made_at_once_do_not_miss_each_other(
    store: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhooks_read, go_on = threading.Event(), threading.Event()
    open_queues = webhook_tables.open_queues

    def hesitate(*args: Any) -> None:
        open_queues(*args)
        webhooks_read.set()
        go_on.wait(60)

    monkeypatch.setattr(stored_sessions, "open_queues", hesitate)
    with ThreadPoolExecutor(2) as gateways:
        creating = gateways.submit(Sessions(store, clock).create, SESSION)
        webhooks_read.wait(60)
        adding: Future[Any] = gateways.submit(Webhooks(store, clock).add, "acme", URL)
        wait_for_lock(store, adding)
        go_on.set()
        creating.result()
        webhook = adding.result()
    assert told(store) == [(webhook.id, "a")]


def told(store: Engine) -> list[tuple[str, str]]:
    query = text("SELECT webhook, session FROM visavis_webhook_queues")
    with store.connect() as connection:
        return [(row.webhook, row.session) for row in connection.execute(query)]
