"""What must be looked after: sessions that are open, and rooms of those that are not."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select

from .session_tables import SESSIONS

_AT_ONCE: Final = 500
"""Names in one query: SQLite of before 3.32 takes 999."""


@dataclass(frozen=True)
class OpenSession:
    """One that has not ended."""

    id: str
    room: str
    created_at: float
    """Unix seconds."""
    max_seconds: float | None
    """As it was asked for."""


def open_sessions(store: Engine) -> list[OpenSession]:
    """All of them, whoever made them. Blocking."""
    columns = (SESSIONS.c.id, SESSIONS.c.room, SESSIONS.c.created_at, SESSIONS.c.spec)
    with store.connect() as connection:
        rows = connection.execute(select(*columns).where(SESSIONS.c.ended_at.is_(None))).all()
    return [
        OpenSession(row.id, row.room, row.created_at, json.loads(row.spec).get("max_seconds"))
        for row in rows
    ]


def rooms_that_are_over(store: Engine, rooms: Collection[str], ended_before: float) -> list[str]:
    """Those of ``rooms`` that belong to sessions which were over by then. Blocking."""
    names, found = sorted(rooms), list[str]()
    with store.connect() as connection:
        for start in range(0, len(names), _AT_ONCE):
            query = select(SESSIONS.c.room).where(
                SESSIONS.c.room.in_(names[start : start + _AT_ONCE]),
                SESSIONS.c.ended_at < ended_before,
            )
            found += connection.scalars(query)
    return found
