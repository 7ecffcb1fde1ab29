"""The tables, and how the database is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
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

BUSY_SECONDS: Final = 10
"""How long a writer waits for another one (SQLite has one at a time)."""

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
    """The database at ``url`` with its tables, made where they are not there yet. Blocking.

    ``sqlite:///PATH`` or ``postgresql+psycopg://user:password@host/name``. Raises
    :class:`StoreError`.
    """
    try:
        address = make_url(url)
        is_sqlite = address.get_backend_name() == "sqlite"
        if is_sqlite and address.database and address.database != ":memory:":
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(address, pool_pre_ping=not is_sqlite)
        if is_sqlite:
            event.listen(engine, "connect", _tune_sqlite)
        with engine.begin() as connection:
            # Workers that start at once make the tables one after the other.
            connection.exec_driver_sql(
                "BEGIN IMMEDIATE" if is_sqlite else f"SELECT pg_advisory_xact_lock({_LOCK})"
            )
            TABLES.create_all(connection)
    except (ArgumentError, SQLAlchemyError, ImportError, OSError) as error:
        # SQLAlchemy's own text may hold the password.
        problem = str(error.__cause__ or type(error).__name__)
        raise StoreError(f"STORE_URL cannot be opened: {problem}") from None
    return engine


def _tune_sqlite(connection: Any, _: Any) -> None:
    for pragma in (
        f"busy_timeout={1000 * BUSY_SECONDS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",  # with WAL: a power cut costs the last moments, not the file
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
