"""A Postgres that hangs holds nobody for long."""

from __future__ import annotations

import socket
import threading

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from store import StoreError, database, open_store


def test_a_postgres_that_does_not_answer_is_waited_for_two_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)  # libpq's least
    failed = list[StoreError]()

    def open_it(port: int) -> None:
        with pytest.raises(StoreError) as raised:
            open_store(f"postgresql+psycopg://visavis@127.0.0.1:{port}/visavis")
        failed.append(raised.value)

    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call and says nothing
        opening = threading.Thread(target=open_it, args=silent.getsockname()[1:])
        opening.start()
        opening.join(15)
        assert failed, "it waits"
    opening.join()


def test_a_statement_holds_a_thread_for_ever(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(postgres_url).dispose()  # its tables are made with more time
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 1)
    store = open_store(postgres_url)
    for _ in range(2):  # the limit is the connection's, not the first transaction's
        with pytest.raises(OperationalError, match="statement timeout"), store.begin() as there:
            there.execute(text("SELECT pg_sleep(20)"))
    store.dispose()


def test_a_limit_in_the_url_is_passed_over(postgres_url: str) -> None:
    given = dict[str, object]()
    store = open_store(f"{postgres_url}&connect_timeout=77")
    event.listen(store, "do_connect", lambda *a: given.update(a[3]))
    store.dispose()
    with store.connect():
        pass
    store.dispose()
    assert given["connect_timeout"] in (77, "77")
    assert given["tcp_user_timeout"] == 1000 * database.SILENCE_SECONDS
