"""The keys with which programs may use the API, as far as the gateways need to know them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Engine, Float, Row, String, Table, Text, insert, select, update

from .database import TABLES

KEYS: Final = Table(
    "visavis_keys",
    TABLES,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("used_at", Float, nullable=True),
    Column("revoked_at", Float, nullable=True),
)
"""Times are Unix seconds; ``scopes`` a JSON array."""


@dataclass(frozen=True)
class StoredKey:
    """A key without its secret."""

    id: str
    digest: str
    """SHA-256 of the whole key, in hexadecimal."""
    name: str
    scopes: tuple[str, ...]
    created_at: float
    used_at: float | None = None
    """To the minute."""
    revoked_at: float | None = None


class Keys:
    """All in one database. All methods block; each is one transaction."""

    def __init__(self, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._store = store
        self._clock = clock

    def add(self, id: str, digest: str, name: str, scopes: tuple[str, ...]) -> StoredKey:
        key = StoredKey(id, digest, name, scopes, self._clock())
        with self._store.begin() as connection:
            connection.execute(
                insert(KEYS).values(
                    id=id,
                    digest=digest,
                    name=name,
                    scopes=json.dumps(scopes),
                    created_at=key.created_at,
                )
            )
        return key

    def find(self, id: str) -> StoredKey | None:
        """Revoked ones, too."""
        with self._store.connect() as connection:
            row = connection.execute(select(KEYS).where(KEYS.c.id == id)).first()
        return _key(row) if row is not None else None

    def list(self) -> list[StoredKey]:
        """Newest first, revoked ones, too."""
        query = select(KEYS).order_by(KEYS.c.created_at.desc(), KEYS.c.id)
        with self._store.connect() as connection:
            return [_key(row) for row in connection.execute(query)]

    def are_there(self) -> bool:
        """Whether there is one, or was: revoking the last one opens nothing."""
        with self._store.connect() as connection:
            return connection.execute(select(KEYS.c.id).limit(1)).first() is not None

    def revoke(self, id: str) -> bool:
        """For good. False, where there is no such key."""
        with self._store.begin() as connection:
            connection.execute(
                update(KEYS)
                .where(KEYS.c.id == id, KEYS.c.revoked_at.is_(None))
                .values(revoked_at=self._clock())
            )
            return connection.execute(select(KEYS.c.id).where(KEYS.c.id == id)).first() is not None

    def use(self, id: str) -> None:
        """Note that it was used now."""
        with self._store.begin() as connection:
            connection.execute(update(KEYS).where(KEYS.c.id == id).values(used_at=self._clock()))


def _key(row: Row[Any]) -> StoredKey:
    return StoredKey(
        row.id,
        row.digest,
        row.name,
        tuple(json.loads(row.scopes)),
        row.created_at,
        row.used_at,
        row.revoked_at,
    )
