"""The events of one session, within a transaction of whoever writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from visavis.events import Event, EventType

from .session_tables import EVENTS, SESSIONS

_WITHOUT_END = ("accepted", "begun")


def append_event(
    connection: Connection, session: str, type: EventType, data: Mapping[str, Any], at: float
) -> Event | None:
    """The session's next; None, and nothing is kept, where it is over or unknown.

    ``at``: when it happened, Unix seconds.
    """
    # The update locks the session's row: writers of one session take turns.
    counted = connection.execute(
        update(SESSIONS)
        .where(SESSIONS.c.id == session, SESSIONS.c.ended_at.is_(None))
        .values(last_seq=SESSIONS.c.last_seq + 1)
    )
    if not counted.rowcount:
        return None
    seq = connection.execute(select(SESSIONS.c.last_seq).where(SESSIONS.c.id == session)).scalar()
    event = Event(session, int(seq or 0), type, at, dict(data))
    connection.execute(
        insert(EVENTS).values(
            session=session, seq=event.seq, type=type, at=event.at, data=json.dumps(event.data)
        )
    )
    return event


def fail_texts(
    connection: Connection, session: str, detail: str, at: float, but: Collection[str] = ()
) -> None:
    """Each text to say or to ask that has no end yet has failed, all ``but`` these.

    ``detail``: why, for people.
    """
    # Locks the row, of SQLite the file: an end that is just being written is seen.
    this = SESSIONS.c.id == session
    connection.execute(update(SESSIONS).where(this).values(last_seq=SESSIONS.c.last_seq))
    states = {news["id"]: news["state"] for news in reversed(list(_news(connection, session)))}
    for id, state in states.items():
        if state in _WITHOUT_END and id not in but:
            data = {"id": id, "state": "failed", "detail": detail}
            append_event(connection, session, "message", data, at)


def last_news(connection: Connection, session: str, text: str) -> Mapping[str, Any] | None:
    """Of a text that the session was given, by its id."""
    return next((news for news in _news(connection, session) if news["id"] == text), None)


def _news(connection: Connection, session: str) -> Iterator[Mapping[str, Any]]:
    """Of all its texts, newest first."""
    query = (
        select(EVENTS.c.data)
        .where(EVENTS.c.session == session, EVENTS.c.type == "message")
        .order_by(EVENTS.c.seq.desc())
    )
    for data in connection.execute(query).scalars():
        yield json.loads(data)
