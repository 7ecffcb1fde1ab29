"""What is written at once by several gateways to a Postgres, which has more than one writer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, delete, text

from store import Sessions, StoredSession, Webhooks, open_store
from store.webhook_tables import WEBHOOKS
from tests.clocks import Clock

URL = "https://example.org/hook"
SESSION = StoredSession("a", "acme", "room-a", {}, {}, 100.0)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Engine]:
    store = open_store(postgres_url)
    yield store
    store.dispose()


def wait_for_lock(store: Engine, writing: Future[object]) -> None:
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
            creating: Future[object] = gateway.submit(sessions.create, SESSION)
            wait_for_lock(store, creating)
        creating.result()
    assert sessions.find("a") == SESSION
    assert told(store) == [(stays.id, "a")]


def told(store: Engine) -> list[tuple[str, str]]:
    query = text("SELECT webhook, session FROM visavis_webhook_queues")
    with store.connect() as connection:
        return [(row.webhook, row.session) for row in connection.execute(query)]
