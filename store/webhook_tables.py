"""Webhooks and how far each has been told of each session.

A session's events are its queue: a row of :data:`QUEUES` says how many of them one webhook has, so
nothing is written twice, and an event that is kept is an event that will be told."""

from __future__ import annotations

from typing import Final, Literal

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    exists,
    func,
    insert,
    literal,
    select,
)

from .database import TABLES
from .keys import KEYS
from .session_tables import SESSIONS

QueueState = Literal["open", "done", "given_up"]
"""Open: there is something to tell, or may yet be. Done: told to the session's end."""

WEBHOOKS: Final = Table(
    "visavis_webhooks",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("session", ForeignKey(SESSIONS.c.id, ondelete="CASCADE"), nullable=True, index=True),
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=True),
    Column("secret", String(128), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_because", String(200), nullable=True),
    Column("created_at", Float, nullable=False),
)
"""``session``: of that one alone; NULL: of all of the owner's. ``types``: a JSON list; NULL: all.
The secret is kept as it is: what signs cannot be hashed."""
QUEUES: Final = Table(
    "visavis_webhook_queues",
    TABLES,
    Column("webhook", ForeignKey(WEBHOOKS.c.id, ondelete="CASCADE"), primary_key=True),
    Column(
        "session",
        ForeignKey(SESSIONS.c.id, ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("opened_at", Float, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failing_since", Float, nullable=True),
    Column("next_at", Float, nullable=False),
    Column("leased_by", String(64), nullable=True),
    Column("leased_until", Float, nullable=False),
    Column("last_at", Float, nullable=True),
    Column("last_status", Integer, nullable=True),
    Column("last_error", String(200), nullable=True),
    Index("visavis_webhook_queues_due", "state", "next_at"),
)
"""``seq``: of the last event that was told or did not concern the webhook. ``attempts``: how often
the next one has failed. ``leased_by``: the claim of the gateway that tells it now."""

KEY_REVOKED: Final = (
    select(KEYS.c.id)
    .where(KEYS.c.id == WEBHOOKS.c.owner, KEYS.c.revoked_at.is_not(None))
    .correlate(WEBHOOKS)
    .exists()
)
"""Whoever made the webhook shall learn nothing more, by whichever way and whenever it was made."""
IS_TOLD: Final = WEBHOOKS.c.enabled & ~KEY_REVOKED

_LOCK: Final = 0x7669734E6577
"""Number of the advisory lock on a Postgres under which sessions, and webhooks of many, are counted
and created."""


def take_turns(connection: Connection) -> None:
    """The first thing in a transaction that creates a session, or a webhook of many: two of them
    at once would not see each other, and that session's events never reach that webhook."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def open_queues(
    connection: Connection,
    session: str,
    opened_at: float,
    which: ColumnElement[bool],
    seq: int = 0,
) -> None:
    """Begin to tell the webhooks ``which`` of ``session``, from behind its event ``seq``.

    One that is being deleted is waited for and left out, instead of failing for its sake.
    """
    values = {
        "opened_at": literal(opened_at),
        "seq": literal(seq),
        "state": literal("open"),
        "attempts": literal(0),
        "next_at": literal(0.0),
        "leased_until": literal(0.0),
    }
    rows = select(WEBHOOKS.c.id, literal(session), *values.values()).where(which)
    rows = rows.with_for_update(read=True, key_share=True)  # SQLite has one writer anyway
    connection.execute(insert(QUEUES).from_select(["webhook", "session", *values], rows))


def all_of(owner: str) -> ColumnElement[bool]:
    """The webhooks that are told of every session of ``owner``'s."""
    return (WEBHOOKS.c.owner == owner) & WEBHOOKS.c.session.is_(None)


def is_waited_for(session: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether somebody is still to be told of ``session``."""
    return exists().where(
        QUEUES.c.session == session,
        QUEUES.c.state == "open",
        QUEUES.c.webhook == WEBHOOKS.c.id,
        IS_TOLD,
    )
