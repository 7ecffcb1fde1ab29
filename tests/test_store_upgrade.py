"""A store that another version of Visavis has made."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

import store as package
from store import Sessions, StoredSession, open_store
from store.database import TABLES
from store.upgrade import HEAD, VERSION_TABLE
from store.write_ahead import write_ahead

MIGRATIONS = Path(package.__file__).parent / "migrations"


@contextmanager
def writing(url: str) -> Iterator[Connection]:
    """What is not opened as a store."""
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_a_change_of_the_tables_without_a_migration_does_not_pass(store: Engine) -> None:
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "migrations":
            importlib.import_module(f"store.{module.name}")
    with store.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, TABLES) == []


def test_a_migration_is_not_forgotten_where_the_newest_is_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_store_of_before_migrations_loses_nothing_and_lacks_nothing(store_url: str) -> None:
    first = open_store(store_url)
    Sessions(first, time.time).create(StoredSession("s", "acme", "room", {}, {}, 1.0))
    first.dispose()
    with writing(store_url) as connection:
        for statement in (
            f"DROP TABLE {VERSION_TABLE}",
            "DROP TABLE visavis_workers",
            "ALTER TABLE visavis_sessions DROP COLUMN talk",
            "DROP INDEX ix_visavis_events_at",
        ):
            connection.execute(text(statement))
    again = open_store(store_url)
    kept = Sessions(again, time.time).find("s")
    assert kept is not None and kept.owner == "acme"
    there = inspect(again)
    assert there.has_table("visavis_workers")
    assert "talk" in {column["name"] for column in there.get_columns("visavis_sessions")}
    assert "ix_visavis_events_at" in {
        index["name"] for index in there.get_indexes("visavis_events")
    }
    again.dispose()


def test_a_store_that_a_newer_version_upgraded_is_not_refused(
    store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    open_store(store_url).dispose()
    with writing(store_url) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
        connection.execute(text("ALTER TABLE visavis_sessions ADD COLUMN later TEXT"))
    engine = open_store(store_url)
    Sessions(engine, time.time).create(StoredSession("s", "acme", "room", {}, {}, 1.0))
    engine.dispose()
    assert "newer Visavis (to 9999)" in caplog.text


def test_who_may_only_read_and_write_is_not_kept_from_a_store_of_before(postgres_url: str) -> None:
    open_store(postgres_url).dispose()
    with writing(postgres_url) as connection:
        for statement in (
            f"DROP TABLE {VERSION_TABLE}",
            "CREATE ROLE clerk LOGIN",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk",
            "GRANT CREATE ON SCHEMA public TO clerk",
        ):
            connection.execute(text(statement))
    try:
        engine = open_store(postgres_url.replace("//visavis@", "//clerk@"))
        Sessions(engine, time.time).create(StoredSession("s", "acme", "room", {}, {}, 1.0))
        engine.dispose()
    finally:
        with writing(postgres_url) as connection:
            connection.execute(text("DROP OWNED BY clerk"))
            connection.execute(text("DROP ROLE clerk"))


def test_programs_that_start_at_once_do_not_make_the_tables_twice(store_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        for engine in threads.map(lambda _: open_store(store_url), range(4)):
            engine.dispose()
    with writing(store_url) as connection:
        versions = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).all()
    assert [tuple(row) for row in versions] == [(HEAD,)]


def test_who_meets_another_that_begins_a_wal_is_not_told_the_file_is_locked(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite3"
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        closing(sqlite3.connect(file, timeout=0)) as connection,
    ):
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(connection, wait=0)
        write_ahead(connection, wait=60, sleep=lambda _: other.rollback())
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_job_does_not_load_alembic_where_there_is_nothing_to_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/visavis.sqlite3"
    open_store(url).dispose()
    code = (
        "import sys; from store import open_store; "
        f"open_store({url!r}); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_newcomers_first_lines_are_not_alembics(tmp_path: Path) -> None:
    code = (
        "import logging; logging.basicConfig(level=logging.INFO); from store import open_store; "
        f"open_store('sqlite:///{tmp_path}/store.sqlite3')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
