"""Requests that may come twice, and the answer that each has had."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

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
from sqlalchemy.exc import IntegrityError

from .database import TABLES

KEPT: Final = 24 * 3600.0
"""Seconds."""
LEASE: Final = 6.0
"""Seconds after which a request that has no answer yet is tried again: whoever had it may have
died. Until then the others wait. Should they live, see :attr:`Attempt.nonce`."""

REQUESTS: Final = Table(
    "visavis_requests",
    TABLES,
    Column("owner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("tried_at", Float, nullable=False),
    Column("status", Integer, nullable=True),
    Column("body", Text, nullable=True),
)
"""Times are Unix seconds."""


class OtherRequest(Exception):
    """The key was used for something else."""


@dataclass(frozen=True)
class Attempt:
    """It is on the caller to answer the request."""

    nonce: str
    """The same in each attempt: name after it what must not be made twice."""
    tried_at: float
    """Unix seconds; no other attempt's."""


@dataclass(frozen=True)
class Answer:
    """What the request was answered."""

    status: int
    """Of HTTP."""
    body: str


class Requests:
    """By owner and key, for all gateways. All methods block."""

    def __init__(self, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._store = store
        self._clock = clock

    def begin(self, owner: str, key: str, fingerprint: str) -> Attempt | Answer | None:
        """None: somebody else is at it; ask again in a moment.

        Raises :class:`OtherRequest` where the key has another ``fingerprint``.
        """
        try:
            return self._insert(owner, key, fingerprint)
        except IntegrityError:
            return self._look(owner, key, fingerprint)

    def finish(self, owner: str, key: str, answer: Answer) -> Answer:
        """Keep the answer; of two attempts the first one's counts, for both."""
        with self._store.begin() as connection:
            connection.execute(
                update(REQUESTS)
                .where(*_this(owner, key), REQUESTS.c.status.is_(None))
                .values(status=answer.status, body=answer.body)
            )
            row = connection.execute(select(REQUESTS).where(*_this(owner, key))).first()
        return answer if row is None else _answer(row)

    def give_up(self, owner: str, key: str, attempt: Attempt) -> None:
        """It was not done: the next one with the key begins anew, unless one is at it already."""
        with self._store.begin() as connection:
            mine = REQUESTS.c.tried_at == attempt.tried_at, REQUESTS.c.status.is_(None)
            connection.execute(delete(REQUESTS).where(*_this(owner, key), *mine))

    def forget(self) -> int:
        """Those that are older than :data:`KEPT`; how many."""
        with self._store.begin() as connection:
            old = REQUESTS.c.at < self._clock() - KEPT
            return connection.execute(delete(REQUESTS).where(old)).rowcount

    def _insert(self, owner: str, key: str, fingerprint: str) -> Attempt:
        nonce, now = secrets.token_hex(16), self._clock()
        with self._store.begin() as connection:
            connection.execute(
                delete(REQUESTS).where(*_this(owner, key), REQUESTS.c.at < now - KEPT)
            )
            connection.execute(
                insert(REQUESTS).values(
                    owner=owner, key=key, fingerprint=fingerprint, nonce=nonce, at=now, tried_at=now
                )
            )
        return Attempt(nonce, now)

    def _look(self, owner: str, key: str, fingerprint: str) -> Attempt | Answer | None:
        with self._store.begin() as connection:
            row = connection.execute(select(REQUESTS).where(*_this(owner, key))).first()
            if row is None:  # just given up
                return None
            if row.fingerprint != fingerprint:
                raise OtherRequest
            if row.status is not None:
                return _answer(row)
            now = self._clock()
            taken = connection.execute(
                update(REQUESTS)
                .where(
                    *_this(owner, key),
                    REQUESTS.c.status.is_(None),
                    REQUESTS.c.tried_at == row.tried_at,
                    REQUESTS.c.tried_at < now - LEASE,
                )
                .values(tried_at=now)
            )
            return Attempt(row.nonce, now) if taken.rowcount else None


def _this(owner: str, key: str) -> tuple[Any, ...]:
    return REQUESTS.c.owner == owner, REQUESTS.c.key == key


def _answer(row: Row[Any]) -> Answer:
    return Answer(row.status, row.body)
