"""A real Postgres and a real Redis for the tests, started once a run, by the first that asks."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from bench.livekit import TRIES, EndedError, free_ports
from store import open_store

START_SECONDS = 60.0
READY = b"Ready to accept connections"
"""What Redis writes then."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a running Postgres, less the database's name. Skips where there is none."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("no Postgres on this machine (make services, or apt install postgresql)")
    with _folder() as folder:
        user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        subprocess.run(
            [binaries / "initdb", "--auth=trust", "--username=visavis", "--encoding=UTF8",
             "--locale=C", "--no-sync", "--pgdata=data"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, user=user,
        )  # fmt: skip
        # On a socket alone: no port to collide on, and nobody else on this machine gets in.
        options = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off",
                   "max_connections": "60", "shared_buffers": "16MB"}  # fmt: skip
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        url = f"postgresql+psycopg://visavis@/{{}}?host={folder}"
        command = [str(binaries / "postgres"), "-D", "data", *flags]
        with _server(command, signal.SIGQUIT, cwd=folder, user=user) as alive:
            _wait(lambda: _answers(url.format("postgres")), alive)
            yield url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """``STORE_URL`` of an empty database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(postgres.format("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres.format(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """``STORE_URL`` of an empty store, once for each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new folder/visavis.sqlite3"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    """An empty store, once for each kind of database."""
    store = open_store(store_url)
    yield store
    store.dispose()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """``REDIS_URL`` of a running Redis, the same for the whole run: take keys of your own. Skips
    where there is none."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no Redis on this machine (make services, or apt install redis-server)")
    with start_redis(binary) as url:
        yield url


@contextmanager
def start_redis(binary: str = "redis-server") -> Iterator[str]:
    """One that a test may lose; its URL."""
    for left in reversed(range(TRIES)):
        [port] = free_ports(1)
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        with _folder() as folder, _server(command, signal.SIGKILL, cwd=folder) as alive:
            try:
                # A ping might be answered by another one that was quicker on this port.
                _wait(functools.partial(_is_ready, folder / "log"), alive)
            except EndedError:
                if not left:
                    raise
                continue
            yield f"redis://127.0.0.1:{port}/0"
            return


def _is_ready(log: Path) -> bool:
    return READY in log.read_bytes()


def find_postgres() -> Path | None:
    """The folder of its programs: Debian keeps them off the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in installed), default=None)


@contextmanager
def _folder() -> Iterator[Path]:
    """Where another user gets to, which pytest's own folders are not; a socket's path is short."""
    with tempfile.TemporaryDirectory(prefix="visavis-", ignore_cleanup_errors=True) as name:
        if os.geteuid() == 0 and find_postgres() is not None:
            shutil.chown(name, "postgres")
        yield Path(name)


@contextmanager
def _server(
    command: list[str], stop: signal.Signals, *, cwd: Path, user: str | None = None
) -> Iterator[Callable[[], None]]:
    """A running program; what is given raises once it has ended, with its last words."""
    log = cwd / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=cwd, user=user, stdout=output, stderr=subprocess.STDOUT
        )

    def check() -> None:
        if process.poll() is not None:
            raise EndedError(f"{command[0]} ended: {log.read_text(errors='replace')[-2000:]}")

    try:
        yield check
    finally:
        process.send_signal(stop)
        process.wait()


def _wait(ready: Callable[[], bool], check: Callable[[], None]) -> None:
    until = time.monotonic() + START_SECONDS
    while not ready():
        check()
        if time.monotonic() > until:
            raise RuntimeError(f"not ready after {START_SECONDS:g} s")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()
