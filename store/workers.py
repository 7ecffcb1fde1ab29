"""Which workers there are: each says so every few seconds, for gateways to read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from .database import TABLES

WorkerKind = Literal["agent", "avatar"]

BEAT_SECONDS: Final = 5.0
GONE_SECONDS: Final = 20.0
"""Without a word after which a worker counts as gone: three beats may be lost."""
_FORGOTTEN_SECONDS: Final = 3600.0

WORKERS: Final = Table(
    "visavis_workers",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("host", String(255), nullable=False),
    Column("version", String(32), nullable=False),
    Column("about", Text, nullable=False),
    Column("rooms", Integer, nullable=False),
    Column("load", Float, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("at", Float, nullable=False, index=True),
)


@dataclass(frozen=True)
class Worker:
    """An agent worker or an avatar worker that LiveKit has registered."""

    id: str
    """Of its process."""
    kind: WorkerKind
    host: str
    """Name of its machine."""
    version: str
    started_at: float
    """Unix seconds."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Of an agent: its brains. Of an avatar worker: lip-sync model and heads."""
    rooms: int = 0
    """That it serves now."""
    load: float = 0.0
    """From 0, nothing to do, to 1, no room fits any more."""
    at: float = 0.0
    """Unix seconds of its last word, by its own clock; filled in when it is written."""


class Workers:
    """All in one database. All methods block; each is one transaction."""

    def __init__(self, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._store = store
        self._clock = clock

    def beat(self, worker: Worker) -> None:
        """The worker is there, now."""
        now = self._clock()
        changing = {
            "rooms": worker.rooms,
            "load": worker.load,
            "about": json.dumps(dict(worker.about)),
            "at": now,
        }
        with self._store.begin() as connection:
            known = update(WORKERS).where(WORKERS.c.id == worker.id).values(changing)
            if connection.execute(known).rowcount:
                return
            connection.execute(
                insert(WORKERS).values(
                    id=worker.id,
                    kind=worker.kind,
                    host=worker.host,
                    version=worker.version,
                    started_at=worker.started_at,
                    **changing,
                )
            )
            connection.execute(delete(WORKERS).where(WORKERS.c.at < now - _FORGOTTEN_SECONDS))

    def leave(self, id: str) -> None:
        """The worker takes no more rooms."""
        with self._store.begin() as connection:
            connection.execute(delete(WORKERS).where(WORKERS.c.id == id))

    def here(self) -> list[Worker]:
        """Those that are there, the oldest first."""
        since = self._clock() - GONE_SECONDS
        query = select(WORKERS).where(WORKERS.c.at >= since).order_by(WORKERS.c.started_at)
        with self._store.connect() as connection:
            return [_worker(row) for row in connection.execute(query)]


def _worker(row: Row[Any]) -> Worker:
    return Worker(
        row.id,
        row.kind,
        row.host,
        row.version,
        row.started_at,
        json.loads(row.about),
        row.rooms,
        row.load,
        row.at,
    )
