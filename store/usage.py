"""What was used: seconds, tokens, characters, by conversation, key and brain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    String,
    Table,
    and_,
    case,
    distinct,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from .database import TABLES
from .session_tables import SESSIONS

UsageKind = Literal["conversation", "stt", "llm", "tts"]
UsageGroup = Literal["session", "key", "brain", "day"]


@dataclass(frozen=True)
class Quantities:
    """Of a conversation the seconds alone; of a model what its provider counts."""

    seconds: float = 0.0
    """A conversation: from its beginning to its end."""
    heard_seconds: float = 0.0
    """A conversation: that the person spoke."""
    spoken_seconds: float = 0.0
    """A conversation: that the agent spoke."""
    audio_seconds: float = 0.0
    """Ears: sound that they were given. A voice: sound that it made."""
    characters: float = 0.0
    """A voice: letters that it was given."""
    input_tokens: float = 0.0
    """With those below."""
    cached_tokens: float = 0.0
    audio_input_tokens: float = 0.0
    cached_audio_tokens: float = 0.0
    output_tokens: float = 0.0
    """With those below."""
    audio_output_tokens: float = 0.0

    def __add__(self, other: Quantities) -> Quantities:
        mine, more = asdict(self), asdict(other)
        return Quantities(**{name: mine[name] + more[name] for name in mine})


QUANTITIES: Final = tuple(each.name for each in fields(Quantities))

USAGE: Final = Table(
    "visavis_usage",
    TABLES,
    Column("run", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("provider", String(128), primary_key=True),
    Column("model", String(128), primary_key=True),
    Column("session", String(64), nullable=False, index=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("began_at", Float, nullable=False, index=True),
    Column("day", String(10), nullable=False),
    *(Column(name, Float, nullable=False) for name in QUANTITIES),
)
"""One row a brain and agent's run, which only that agent writes; Unix seconds, the day by UTC."""


@dataclass(frozen=True)
class Used:
    """By one brain, or by conversations as such."""

    kind: UsageKind
    provider: str
    """Empty for conversations."""
    model: str
    quantities: Quantities


@dataclass(frozen=True)
class Run:
    """An agent in a room. A session whose agent was lost has several."""

    id: str
    """Of the agent's job."""
    session: str
    """Empty: a conversation that no session was asked for."""
    began_at: float
    """Unix seconds; of a session the same in all its runs, or it would count twice."""


@dataclass(frozen=True)
class Grouped:
    """What one group used of one brain."""

    group: str
    used: Used


class Usages:
    """All in one database. All methods block; each is one transaction."""

    def __init__(self, store: Engine) -> None:
        self._store = store

    def keep(self, run: Run, used: list[Used]) -> None:
        """What ``run`` has used so far, in place of what it had used before."""
        with self._store.begin() as connection:
            owner: str | None = None
            for each in used:
                values = asdict(each.quantities)
                row = and_(
                    USAGE.c.run == run.id,
                    USAGE.c.kind == each.kind,
                    USAGE.c.provider == each.provider,
                    USAGE.c.model == each.model,
                )
                change = update(USAGE).where(row).values(values)
                if connection.execute(change).rowcount:
                    continue
                if owner is None:
                    owner = _owner(connection, run.session)
                try:
                    with connection.begin_nested():
                        connection.execute(
                            insert(USAGE).values(
                                run=run.id,
                                kind=each.kind,
                                provider=each.provider,
                                model=each.model,
                                session=run.session,
                                owner=owner,
                                began_at=run.began_at,
                                day=datetime.fromtimestamp(run.began_at, UTC).date().isoformat(),
                                **values,
                            )
                        )
                except IntegrityError:  # an earlier attempt came through after all
                    connection.execute(change)

    def total(
        self, group: UsageGroup, *, owner: str | None, since: float, until: float
    ) -> list[Grouped]:
        """Of conversations that began from ``since`` to before ``until`` (Unix seconds).

        ``owner``: a key's id, or None, everybody.
        """
        by = _GROUPS[group].label("grouped")
        keys = (by, USAGE.c.kind, USAGE.c.provider, USAGE.c.model)
        sums = (func.sum(USAGE.c[name]).label(name) for name in QUANTITIES)
        query = select(*keys, *sums).where(_within(owner, since, until)).group_by(*keys)
        with self._store.connect() as connection:
            return [
                Grouped(
                    row.grouped,
                    Used(row.kind, row.provider, row.model, _quantities(row._mapping)),
                )
                for row in connection.execute(query.order_by(*keys))
            ]

    def count(
        self, group: UsageGroup, *, owner: str | None, since: float, until: float
    ) -> dict[str, int]:
        """Conversations by group; a session whose agent was replaced is one."""
        by = _GROUPS[group].label("grouped")
        one = case((USAGE.c.session != "", USAGE.c.session), else_=USAGE.c.run)
        query = select(by, func.count(distinct(one))).where(_within(owner, since, until))
        with self._store.connect() as connection:
            return {str(name): int(n) for name, n in connection.execute(query.group_by(by))}


_GROUPS: Final[Mapping[UsageGroup, ColumnElement[str]]] = {
    "session": USAGE.c.session,
    "key": USAGE.c.owner,
    "day": USAGE.c.day,
    "brain": case(
        (USAGE.c.kind == "conversation", literal("")),
        else_=USAGE.c.provider + " " + USAGE.c.model,
    ),
}


def _within(owner: str | None, since: float, until: float) -> ColumnElement[bool]:
    within = and_(USAGE.c.began_at >= since, USAGE.c.began_at < until)
    return within if owner is None else and_(within, USAGE.c.owner == owner)


def _owner(connection: Connection, session: str) -> str:
    query = select(SESSIONS.c.owner).where(SESSIONS.c.id == session)
    return str(connection.scalar(query) or "") if session else ""


def _quantities(row: Mapping[Any, Any]) -> Quantities:
    return Quantities(**{name: float(row[name] or 0.0) for name in QUANTITIES})
