"""Sessions and what happened in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from visavis.events import EndReason, Event, EventType

from .session_events import append_event, fail_texts, last_news
from .session_tables import EVENTS, SESSIONS
from .webhook_tables import all_of, is_waited_for, open_queues, take_turns

FORGOTTEN_AT_ONCE: Final = 100
"""Sessions, with thousands of events each: in one statement a Postgres has time for no more
(:data:`.database.STATEMENT_SECONDS`), and nobody else writes to an SQLite meanwhile."""


@dataclass(frozen=True)
class StoredSession:
    """A session as the store knows it; who is in its room now, LiveKit knows."""

    id: str
    owner: str
    """Id of the API key that made it; empty: made without one."""
    room: str
    spec: Mapping[str, Any]
    """As it was asked for, and changed since."""
    metadata: Mapping[str, Any]
    """The product's own."""
    created_at: float
    ended_at: float | None = None
    end_reason: EndReason | None = None


@dataclass(frozen=True)
class Head:
    """How far a session has come."""

    last_seq: int
    """Of its last event."""
    is_over: bool


class TooManyOpen(Exception):
    """Nothing was kept."""

    def __init__(self, limit: int, owner: str | None) -> None:
        super().__init__(f"{limit} sessions are open")
        self.limit = limit
        self.owner = owner
        """Whose; None: in all."""


class Sessions:
    """All in one database, for gateways and agents alike. All methods block; each is one
    transaction."""

    def __init__(self, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._store = store
        self._clock = clock

    def create(
        self, session: StoredSession, *, most: int | None = None, most_of_owner: int | None = None
    ) -> Event:
        """Keep it; its first event, ``session.created``.

        Raises :class:`TooManyOpen` where more would be open than ``most`` in all, or of its owner
        than ``most_of_owner``; however many create at once.
        """
        with self._store.begin() as connection:
            take_turns(connection)
            connection.execute(
                insert(SESSIONS).values(
                    id=session.id,
                    owner=session.owner,
                    room=session.room,
                    spec=json.dumps(dict(session.spec)),
                    metadata=json.dumps(dict(session.metadata)),
                    created_at=session.created_at,
                    last_seq=0,
                )
            )
            data = {"metadata": dict(session.metadata)}
            open_queues(connection, session.id, session.created_at, all_of(session.owner))
            event = append_event(connection, session.id, "session.created", data, self._clock())
            assert event is not None
            for limit, owner in ((most, None), (most_of_owner, session.owner)):
                if limit is not None and _count_open(connection, owner) > limit:
                    raise TooManyOpen(limit, owner)  # and what was written is taken back
            return event

    def find(self, id: str) -> StoredSession | None:
        with self._store.connect() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == id)).first()
        return _session(row) if row is not None else None

    def page(
        self, owner: str | None, *, after: str | None, limit: int, is_open: bool | None
    ) -> list[StoredSession]:
        """Newest first, from behind the session ``after``; ``owner`` None: everybody's."""
        query = select(SESSIONS).order_by(SESSIONS.c.created_at.desc(), SESSIONS.c.id.desc())
        if owner is not None:
            query = query.where(SESSIONS.c.owner == owner)
        if is_open is not None:
            ended = SESSIONS.c.ended_at
            query = query.where(ended.is_(None) if is_open else ended.is_not(None))
        with self._store.connect() as connection:
            if after is not None:
                last = connection.execute(
                    select(SESSIONS.c.created_at).where(SESSIONS.c.id == after)
                ).scalar()
                if last is None:
                    return []
                query = query.where(
                    (SESSIONS.c.created_at < last)
                    | ((SESSIONS.c.created_at == last) & (SESSIONS.c.id < after))
                )
            return [_session(row) for row in connection.execute(query.limit(limit))]

    def count_by_state(self) -> dict[str, int]:
        """``{"open": 3, "left": 20, …}``: those that run, and the others by their end's reason."""
        state = func.coalesce(SESSIONS.c.end_reason, "open")
        query = select(state, func.count()).group_by(state)
        with self._store.connect() as connection:
            return {"open": 0} | {str(name): int(n) for name, n in connection.execute(query)}

    def change_spec(self, id: str, changes: Mapping[str, Any]) -> None:
        """What of it is different from now on; the rest stays, whatever else changes at once."""
        this = SESSIONS.c.id == id
        with self._store.begin() as connection:
            # Locks the row, of SQLite the file: what is read next is nobody else's to change.
            connection.execute(update(SESSIONS).where(this).values(spec=SESSIONS.c.spec))
            spec = connection.execute(select(SESSIONS.c.spec).where(this)).scalar()
            if spec is not None:
                changed = json.dumps({**json.loads(spec), **changes})
                connection.execute(update(SESSIONS).where(this).values(spec=changed))

    def keep_talk(self, id: str, talk: str) -> None:
        """How the conversation is held from now on."""
        with self._store.begin() as connection:
            connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(talk=talk))

    def find_talk(self, id: str) -> str | None:
        """As kept last; None where nothing has changed since the session's beginning."""
        with self._store.connect() as connection:
            return connection.execute(select(SESSIONS.c.talk).where(SESSIONS.c.id == id)).scalar()

    def append(
        self, id: str, type: EventType, data: Mapping[str, Any], at: float | None = None
    ) -> Event | None:
        """The session's next event; None, and nothing is kept, where it is over or unknown.

        ``at``: when it happened, Unix seconds; None: now.
        """
        with self._store.begin() as connection:
            return append_event(connection, id, type, data, self._clock() if at is None else at)

    def end(self, id: str, reason: EndReason) -> Event | None:
        """Its last event, ``session.ended``; None where it was over already. Texts that have no
        end by then have failed."""
        with self._store.begin() as connection:
            now = self._clock()
            fail_texts(connection, id, "the conversation is over", now)
            event = append_event(connection, id, "session.ended", {"reason": reason}, now)
            if event is not None:
                connection.execute(
                    update(SESSIONS)
                    .where(SESSIONS.c.id == id)
                    .values(ended_at=event.at, end_reason=reason)
                )
            return event

    def events(
        self, id: str, *, after: int = 0, limit: int = 1000, types: Sequence[EventType] = ()
    ) -> list[Event]:
        """Of one session with a ``seq`` above ``after``, in order; ``types``: those alone."""
        query = (
            select(EVENTS)
            .where(EVENTS.c.session == id, EVENTS.c.seq > after)
            .order_by(EVENTS.c.seq)
            .limit(limit)
        )
        if types:
            query = query.where(EVENTS.c.type.in_(types))
        with self._store.connect() as connection:
            return [_event(row) for row in connection.execute(query)]

    def happened(self, id: str, type: EventType) -> bool:
        """Whether an event of that type is among the session's."""
        query = select(EVENTS.c.seq).where(EVENTS.c.session == id, EVENTS.c.type == type).limit(1)
        with self._store.connect() as connection:
            return connection.execute(query).first() is not None

    def heads(self, ids: Collection[str]) -> dict[str, Head]:
        """How far each of these, some thousands at most, has come; what is unknown is left out."""
        query = select(SESSIONS.c.id, SESSIONS.c.last_seq, SESSIONS.c.ended_at)
        found: dict[str, Head] = {}
        with self._store.connect() as connection:
            for row in connection.execute(query.where(SESSIONS.c.id.in_(ids))):
                found[row.id] = Head(row.last_seq, row.ended_at is not None)
        return found

    def message(self, id: str, message: str) -> Mapping[str, Any] | None:
        """The last news of a text that the session was given."""
        with self._store.connect() as connection:
            return last_news(connection, id, message)

    def fail_texts(self, id: str, but: Collection[str] = ()) -> None:
        """Those that the session was given and that have no end have failed, all ``but`` these:
        the agent that was to say them was lost."""
        with self._store.begin() as connection:
            fail_texts(connection, id, "the agent was lost", self._clock(), but)

    def forget(self, ended_before: float, most: int = FORGOTTEN_AT_ONCE) -> int:
        """Delete sessions that were over by then, events and all; how many. Those of which a
        webhook is still to be told stay, and what is beyond ``most``."""
        old = (SESSIONS.c.ended_at < ended_before) & ~is_waited_for(SESSIONS.c.id)
        some = select(SESSIONS.c.id).where(old).order_by(SESSIONS.c.ended_at).limit(most)
        with self._store.begin() as connection:
            return connection.execute(delete(SESSIONS).where(SESSIONS.c.id.in_(some))).rowcount


def _count_open(connection: Connection, owner: str | None) -> int:
    query = select(func.count()).select_from(SESSIONS).where(SESSIONS.c.ended_at.is_(None))
    if owner is not None:
        query = query.where(SESSIONS.c.owner == owner)
    return int(connection.scalar(query) or 0)


def _session(row: Row[Any]) -> StoredSession:
    return StoredSession(
        row.id,
        row.owner,
        row.room,
        json.loads(row.spec),
        json.loads(row.metadata),
        row.created_at,
        row.ended_at,
        row.end_reason,
    )


def _event(row: Row[Any]) -> Event:
    return Event(row.session, row.seq, row.type, row.at, json.loads(row.data))
