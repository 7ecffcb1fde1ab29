"""The tables, and how the database is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from .upgrade import upgrade
from .write_ahead import write_ahead

BUSY_SECONDS: Final = 10
"""How long a writer waits for another one (SQLite has one at a time)."""

CONNECT_SECONDS: Final = 5
"""Within which a Postgres must have let somebody in."""
SILENCE_SECONDS: Final = 10
"""After which a Postgres whose machine acknowledges nothing is taken for gone."""
STATEMENT_SECONDS: Final = 30
"""That a Postgres may work at one statement, or wait for a lock: every caller has a thread waiting,
of which a process has few."""

_LOCK: Final = 0x76697361
"""Number of the advisory lock on a Postgres under which tables are made; any of our own."""

TABLES: Final = MetaData()

PEOPLE: Final = Table(
    "visavis_people",
    TABLES,
    Column("person", String(64), primary_key=True),
    Column("forgotten_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
)
"""Whom something is, or was, remembered of. Times are Unix seconds."""
FACTS: Final = Table(
    "visavis_facts",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("person", ForeignKey(PEOPLE.c.person, ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Text, nullable=False),
)
TURNS: Final = Table(
    "visavis_turns",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("person", ForeignKey(PEOPLE.c.person, ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
)


class StoreError(RuntimeError):
    """The database cannot be used; the text says why."""


def open_store(url: str) -> Engine:
    """The database at ``url`` with its tables, which are made, or upgraded, where that is due.
    Blocking.

    ``sqlite:///PATH`` or ``postgresql+psycopg://user:password@host/name``. Raises
    :class:`StoreError`.
    """
    try:
        address = make_url(url)
        is_sqlite = address.get_backend_name() == "sqlite"
        file = address.database or ":memory:"
        if is_sqlite and file != ":memory:" and not file.startswith("file:"):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        limits = {} if is_sqlite else _limits(address)
        engine = create_engine(address, pool_pre_ping=not is_sqlite, connect_args=limits)
        event.listen(engine, "connect", _tune_sqlite if is_sqlite else _tune_postgres)
        with engine.begin() as connection:
            # Workers that start at once make the tables one after the other.
            connection.exec_driver_sql(
                "BEGIN IMMEDIATE" if is_sqlite else f"SELECT pg_advisory_xact_lock({_LOCK})"
            )
            upgrade(connection)
    except (ArgumentError, SQLAlchemyError, ImportError, OSError) as error:
        # SQLAlchemy's own text may hold the password.
        problem = str(error.__cause__ or type(error).__name__)
        raise StoreError(f"STORE_URL cannot be opened: {problem}") from None
    return engine


def _tune_sqlite(connection: Any, _: Any) -> None:
    for pragma in (
        f"busy_timeout={1000 * BUSY_SECONDS}",
        "synchronous=NORMAL",  # with WAL: a power cut costs the last moments, not the file
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    write_ahead(connection, BUSY_SECONDS)


def _limits(address: URL) -> dict[str, int]:
    """For libpq, where the URL has none of its own."""
    limits = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 1000 * SILENCE_SECONDS}
    return {name: value for name, value in limits.items() if name not in address.query}


def _tune_postgres(connection: Any, _: Any) -> None:
    # Not among the options of the connection: poolers in front of Postgres refuse those.
    connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
    connection.commit()
