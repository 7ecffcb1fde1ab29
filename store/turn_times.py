"""How long answers took, handed out once: to one gateway, however many count."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Column, Engine, Float, Integer, String, Table, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from .database import STATEMENT_SECONDS, TABLES
from .session_tables import EVENTS

SETTLED_SECONDS: Final = 4.0 * STATEMENT_SECONDS
"""How old an event must be: one with an earlier time may still be on its way into the store. It has
the time when it happened, and an agent tries three times to write it, at each of which the store
may be busy for :data:`.database.STATEMENT_SECONDS`, with pauses between. What comes later still,
after a longer outage of the store, may be missing."""
AT_ONCE: Final = 1000

CURSORS: Final = Table(
    "visavis_cursors",
    TABLES,
    Column("name", String(32), primary_key=True),
    Column("at", Float, nullable=False),
    Column("session", String(64), nullable=False),
    Column("seq", Integer, nullable=False),
)
"""The last event that was handed out."""
_NAME: Final = "turn_times"


class TurnTimes:
    """Of all sessions in one database. Blocking; one transaction."""

    def __init__(self, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._store = store
        self._clock = clock

    def take(self) -> list[Mapping[str, float]]:
        """The ``timing`` of the next answers, which nobody is given again; from the first call on.

        Seconds by the part's name. At most :data:`AT_ONCE`. Empty where somebody else is taking.
        """
        settled = self._clock() - SETTLED_SECONDS
        cursor = select(CURSORS).where(CURSORS.c.name == _NAME)
        place = tuple_(EVENTS.c.at, EVENTS.c.session, EVENTS.c.seq)
        with self._store.begin() as connection:
            last = connection.execute(cursor).first()
            if last is None:
                try:
                    with connection.begin_nested():
                        row = {"name": _NAME, "at": settled, "session": "", "seq": 0}
                        connection.execute(insert(CURSORS), row)
                except IntegrityError:  # somebody else has begun this moment
                    pass
                return []
            events = connection.execute(
                select(EVENTS)
                .where(EVENTS.c.type == "agent.turn", EVENTS.c.at <= settled)
                .where(EVENTS.c.at >= last.at, place > tuple_(last.at, last.session, last.seq))
                .order_by(EVENTS.c.at, EVENTS.c.session, EVENTS.c.seq)
                .limit(AT_ONCE)
            ).all()
            if not events:
                return []
            newest = events[-1]
            moved = connection.execute(
                update(CURSORS)
                .where(CURSORS.c.name == _NAME)
                .where(CURSORS.c.at == last.at, CURSORS.c.session == last.session)
                .where(CURSORS.c.seq == last.seq)
                .values(at=newest.at, session=newest.session, seq=newest.seq)
            )
            if not moved.rowcount:
                return []
        timings = (json.loads(event.data).get("timing") or {} for event in events)
        return [
            {str(part): float(seconds) for part, seconds in timing.items()} for timing in timings
        ]
