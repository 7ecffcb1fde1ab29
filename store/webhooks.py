"""Whom the products around Visavis want told of events."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict

from sqlalchemy import Engine, Row, delete, func, insert, select, update

from visavis.events import EventType

from .session_tables import SESSIONS
from .webhook_tables import KEY_REVOKED, QUEUES, WEBHOOKS, open_queues, take_turns

MOST_WEBHOOKS: Final = 20
"""Of one owner, those of single sessions aside."""
SECRET_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
"""Standard Webhooks asks for 24 to 64."""


class TooManyWebhooks(RuntimeError):
    """The owner has :data:`MOST_WEBHOOKS` already."""


@dataclass(frozen=True)
class Webhook:
    """An address that is told of events."""

    id: str
    owner: str
    """Id of the API key that made it; empty: made without one."""
    url: str
    types: tuple[EventType, ...] | None
    """What it is told of; None: everything."""
    secret: str
    """``whsec_`` and base64: what its messages are signed with."""
    enabled: bool
    created_at: float
    """Unix seconds."""
    session: str | None = None
    """Told of that one alone; None: of all of the owner's."""
    disabled_because: str | None = None
    """Where it was not the owner who disabled it."""


class WebhookChanges(TypedDict, total=False):
    """What shall be different, each as in :class:`Webhook`."""

    url: str
    types: tuple[EventType, ...] | None
    enabled: bool


class Webhooks:
    """All in one database. All methods block; each is one transaction.

    ``owner`` None in what follows: whoever's.
    """

    def __init__(self, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._store = store
        self._clock = clock

    def add(
        self,
        owner: str,
        url: str,
        *,
        types: Sequence[EventType] | None = None,
        session: str | None = None,
        enabled: bool = True,
        name: str | None = None,
    ) -> Webhook:
        """One more, with a secret of its own, told of what happens from now on; that of a
        ``session`` (which is in the store), of all that happened in it.

        Its making may break off and be tried again: with the same ``name`` (unguessable, of 24
        characters or more) it is the same webhook again, and so it is for one URL in one session.
        Raises :class:`TooManyWebhooks`.
        """
        secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        id = f"wh_{(name or secrets.token_hex(12))[:24]}"
        kept = None if types is None else tuple(types)
        webhook = Webhook(id, owner, url, kept, secret, enabled, self._clock(), session)
        same = WEBHOOKS.c.id == id
        if session is not None:
            same = same | ((WEBHOOKS.c.session == session) & (WEBHOOKS.c.url == url))
        with self._store.begin() as connection:
            if session is None:
                take_turns(connection)
            if (row := connection.execute(select(WEBHOOKS).where(same)).first()) is not None:
                return webhook_of(row)
            if session is None:
                known = (
                    select(func.count())
                    .select_from(WEBHOOKS)
                    .where(WEBHOOKS.c.owner == owner, WEBHOOKS.c.session.is_(None))
                )
                if (connection.scalar(known) or 0) >= MOST_WEBHOOKS:
                    raise TooManyWebhooks(f"there are {MOST_WEBHOOKS} webhooks already")
            connection.execute(
                insert(WEBHOOKS).values(
                    id=id,
                    owner=owner,
                    session=session,
                    url=url,
                    types=_types_text(kept),
                    secret=secret,
                    enabled=enabled,
                    created_at=webhook.created_at,
                )
            )
            mine = WEBHOOKS.c.id == id
            if session is not None:
                open_queues(connection, session, webhook.created_at, mine)
            else:
                running = select(SESSIONS.c.id, SESSIONS.c.created_at, SESSIONS.c.last_seq).where(
                    SESSIONS.c.owner == owner, SESSIONS.c.ended_at.is_(None)
                )
                for row in connection.execute(running).all():
                    open_queues(connection, row.id, row.created_at, mine, row.last_seq)
        return webhook

    def find(self, owner: str | None, id: str) -> Webhook | None:
        query = _SHOWN.where(WEBHOOKS.c.id == id)
        if owner is not None:
            query = query.where(WEBHOOKS.c.owner == owner)
        with self._store.connect() as connection:
            row = connection.execute(query).first()
        return _as_it_is(row) if row is not None else None

    def all(self, owner: str | None) -> list[Webhook]:
        """Oldest first; those of single sessions aside."""
        query = _SHOWN.where(WEBHOOKS.c.session.is_(None)).order_by(
            WEBHOOKS.c.created_at, WEBHOOKS.c.id
        )
        if owner is not None:
            query = query.where(WEBHOOKS.c.owner == owner)
        with self._store.connect() as connection:
            return [_as_it_is(row) for row in connection.execute(query)]

    def change(self, id: str, changes: WebhookChanges) -> bool:
        """At least one, and nothing else; False where it is gone.

        Enabled, or at another URL, it is told of what it missed, from where it stopped; how a try
        ends that is under way no longer matters.
        """
        values: dict[str, Any] = {**changes}
        if "types" in changes:
            values["types"] = _types_text(changes["types"])
        if "enabled" in changes:
            values["disabled_because"] = None
        with self._store.begin() as connection:
            changed = connection.execute(
                update(WEBHOOKS).where(WEBHOOKS.c.id == id).values(**values)
            )
            if changes.get("enabled", "url" in changes):
                connection.execute(
                    update(QUEUES)
                    .where(QUEUES.c.webhook == id, QUEUES.c.state != "done")
                    .values(
                        state="open",
                        attempts=0,
                        failing_since=None,
                        next_at=0.0,
                        leased_by=None,
                        leased_until=0.0,
                    )
                )
        return changed.rowcount > 0

    def disable(self, webhook: Webhook, because: str, *, holder: str) -> bool:
        """False where it is gone, or ``holder`` of one of its queues has lost that, as to an owner
        who has enabled it anew: ``because`` tells of what was before."""
        held = select(QUEUES.c.webhook).where(
            QUEUES.c.webhook == webhook.id, QUEUES.c.leased_by == holder
        )
        query = (
            update(WEBHOOKS)
            .where(WEBHOOKS.c.id == webhook.id, WEBHOOKS.c.url == webhook.url, held.exists())
            .values(enabled=False, disabled_because=because)
        )
        with self._store.begin() as connection:
            return connection.execute(query).rowcount > 0

    def remove(self, owner: str | None, id: str) -> bool:
        """Whether there was one."""
        query = delete(WEBHOOKS).where(WEBHOOKS.c.id == id)
        if owner is not None:
            query = query.where(WEBHOOKS.c.owner == owner)
        with self._store.begin() as connection:
            return connection.execute(query).rowcount > 0


def webhook_of(row: Row[Any]) -> Webhook:
    """Of a row with the columns of :data:`WEBHOOKS`."""
    types = None if row.types is None else tuple(json.loads(row.types))
    return Webhook(
        row.id,
        row.owner,
        row.url,
        types,
        row.secret,
        row.enabled,
        row.created_at,
        row.session,
        row.disabled_because,
    )


_SHOWN: Final = select(WEBHOOKS, KEY_REVOKED.label("key_revoked"))


def _as_it_is(row: Row[Any]) -> Webhook:
    """Of a row of :data:`_SHOWN`: it ends with its owner's key, and cannot be enabled again."""
    webhook = webhook_of(row)
    if row.key_revoked:
        return replace(webhook, enabled=False, disabled_because="its API key was revoked")
    return webhook


def _types_text(types: tuple[EventType, ...] | None) -> str | None:
    return None if types is None else json.dumps(types)
