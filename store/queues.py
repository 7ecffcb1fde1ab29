"""How far each webhook has been told of each session, and which gateway tells it now."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, Row, Select, Update, func, select, update

from .session_tables import SESSIONS
from .webhook_tables import IS_TOLD, QUEUES, WEBHOOKS, QueueState
from .webhooks import Webhook, webhook_of

LONGEST_ERROR: Final = 200
"""Characters that are kept of what went wrong."""


@dataclass(frozen=True)
class Claim:
    """The right to tell one webhook of one session, for as long as its lease lasts."""

    webhook: Webhook
    session: str
    seq: int
    """Of the last event that it knows."""
    attempts: int
    """How often the next one has failed."""
    failing_since: float | None
    """Unix seconds."""
    holder: str
    """Who has the lease: this claim, and no other of the same gateway's."""


@dataclass(frozen=True)
class Tried:
    """The last time that a webhook was told something."""

    at: float
    """Unix seconds."""
    status: int | None = None
    """Of HTTP; None: there was no answer."""
    error: str | None = None
    """What went wrong, for people."""


@dataclass(frozen=True)
class Queue:
    """What one webhook knows of one session."""

    session: str
    state: QueueState
    delivered_seq: int
    waiting: int
    """Events that happened since."""
    attempts: int
    """How often the next one has failed."""
    next_at: float | None
    """Unix seconds: when it is tried again; None: it has not failed."""
    last: Tried | None


class Queues:
    """All in one database, for several gateways at once. All methods block; each queue is changed
    in one transaction. The gateways' clocks must agree within seconds."""

    def __init__(self, store: Engine, clock: Callable[[], float], *, lease: float) -> None:
        """``clock``: Unix seconds. ``lease``: seconds that a claim lasts from its last success."""
        self._store = store
        self._clock = clock
        self._lease = lease

    def claim(
        self, gateway: str, *, limit: int, room_for: Callable[[str], int], most: int
    ) -> list[Claim]:
        """Up to ``limit`` of what is due, and nobody else's.

        Args:
            gateway: Who asks, for people.
            room_for: How many more of one webhook's, by its id; no more than ``most`` of any.
        """
        now = self._clock()
        with self._store.connect() as connection:
            due = connection.execute(_due(now, most)).all()
        taken: dict[str, int] = {}
        claims: list[Claim] = []
        for row in due:
            if len(claims) == limit:
                break
            if taken.get(row.id, 0) >= room_for(row.id):
                continue
            holder = f"{gateway[:47]}-{secrets.token_hex(8)}"
            if self._take(holder, row, now):
                taken[row.id] = taken.get(row.id, 0) + 1
                claims.append(
                    Claim(
                        webhook_of(row),
                        row.queue_session,
                        row.seq,
                        row.attempts,
                        row.failing_since,
                        holder,
                    )
                )
        return claims

    def told(self, claim: Claim, seq: int, tried: Tried | None, *, over: bool) -> bool:
        """It knows the event ``seq``, or need not (``tried`` None); ``over``: that was the last.

        The lease begins anew. False where another gateway has it by now, or the webhook shall be
        told no more.
        """
        now = self._clock()
        values: dict[str, Any] = {
            "seq": seq,
            "attempts": 0,
            "failing_since": None,
            "next_at": now,  # behind those that waited longer
            "leased_until": now + self._lease,
        }
        if over:
            values["state"] = "done"
        return self._change(claim, values, tried) and self._is_told(claim.webhook.id)

    def failed(self, claim: Claim, tried: Tried, *, next_at: float | None) -> bool:
        """Try again at ``next_at`` (Unix seconds); None: give up. The claim is over."""
        values = {
            "attempts": claim.attempts + 1,
            "failing_since": tried.at if claim.failing_since is None else claim.failing_since,
            "next_at": next_at or 0.0,
            "state": "open" if next_at is not None else "given_up",
            "leased_until": 0.0,
            "leased_by": None,
        }
        return self._change(claim, values, tried)

    def release(self, claim: Claim) -> None:
        """The claim is over."""
        self._change(claim, {"leased_until": 0.0, "leased_by": None}, None)

    def page(
        self, webhook: str, *, after: str | None, limit: int, state: QueueState | None
    ) -> list[Queue]:
        """Of one webhook, the newest session first, from behind the session ``after``."""
        query = (
            select(QUEUES, SESSIONS.c.last_seq)
            .join(SESSIONS, SESSIONS.c.id == QUEUES.c.session)
            .where(QUEUES.c.webhook == webhook)
            .order_by(QUEUES.c.opened_at.desc(), QUEUES.c.session.desc())
            .limit(limit)
        )
        if state is not None:
            query = query.where(QUEUES.c.state == state)
        with self._store.connect() as connection:
            if after is not None:
                last = connection.execute(
                    select(QUEUES.c.opened_at).where(
                        QUEUES.c.webhook == webhook, QUEUES.c.session == after
                    )
                ).scalar()
                if last is None:
                    return []
                query = query.where(
                    (QUEUES.c.opened_at < last)
                    | ((QUEUES.c.opened_at == last) & (QUEUES.c.session < after))
                )
            return [_queue(row) for row in connection.execute(query)]

    def _take(self, holder: str, row: Row[Any], now: float) -> bool:
        # Of several gateways that saw it due, the first to change the row has it.
        query = (
            update(QUEUES)
            .where(
                QUEUES.c.webhook == row.id,
                QUEUES.c.session == row.queue_session,
                QUEUES.c.leased_until <= now,
                QUEUES.c.seq == row.seq,
                QUEUES.c.attempts == row.attempts,
                QUEUES.c.state == "open",
            )
            .values(leased_by=holder, leased_until=now + self._lease)
        )
        return self._run(query)

    def _is_told(self, webhook: str) -> bool:
        query = select(WEBHOOKS.c.id).where(WEBHOOKS.c.id == webhook, IS_TOLD)
        with self._store.connect() as connection:
            return connection.execute(query).first() is not None

    def _change(self, claim: Claim, values: Mapping[str, Any], tried: Tried | None) -> bool:
        if tried is not None:
            error = tried.error[:LONGEST_ERROR] if tried.error else None
            last = {"last_at": tried.at, "last_status": tried.status, "last_error": error}
            values = {**values, **last}
        return self._run(
            update(QUEUES)
            .where(
                QUEUES.c.webhook == claim.webhook.id,
                QUEUES.c.session == claim.session,
                QUEUES.c.leased_by == claim.holder,
            )
            .values(**values)
        )

    def _run(self, query: Update) -> bool:
        with self._store.begin() as connection:
            return connection.execute(query).rowcount > 0


def _due(now: float, most: int) -> Select[Any]:
    """What could be claimed, longest due first, of each webhook ``most`` at most: one with many
    sessions does not keep the others' out of sight."""
    rank = func.row_number().over(partition_by=QUEUES.c.webhook, order_by=QUEUES.c.next_at)
    ranked = (
        select(
            WEBHOOKS,
            QUEUES.c.session.label("queue_session"),
            QUEUES.c.seq,
            QUEUES.c.attempts,
            QUEUES.c.failing_since,
            QUEUES.c.next_at,
            rank.label("rank"),
        )
        .join(WEBHOOKS, WEBHOOKS.c.id == QUEUES.c.webhook)
        .join(SESSIONS, SESSIONS.c.id == QUEUES.c.session)
        .where(
            QUEUES.c.state == "open",
            QUEUES.c.next_at <= now,
            QUEUES.c.leased_until <= now,
            IS_TOLD,
            SESSIONS.c.last_seq > QUEUES.c.seq,
        )
        .subquery()
    )
    return select(ranked).where(ranked.c.rank <= most).order_by(ranked.c.next_at)


def _queue(row: Row[Any]) -> Queue:
    is_retried = row.state == "open" and row.attempts > 0
    return Queue(
        session=row.session,
        state=row.state,
        delivered_seq=row.seq,
        waiting=max(0, row.last_seq - row.seq),
        attempts=row.attempts,
        next_at=row.next_at if is_retried else None,
        last=None if row.last_at is None else Tried(row.last_at, row.last_status, row.last_error),
    )
