"""What is remembered of people between conversations, and how it is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from .database import FACTS, PEOPLE, TURNS

MOST_FACTS: Final = 40
MOST_TURNS: Final = 400
"""Of one person; the oldest go."""
LONGEST: Final = 4000
"""Characters of a turn or a fact; what is longer is cut."""
WISH_KEPT: Final = 7 * 86_400.0
"""Seconds that it is known of somebody unknown when they asked to be forgotten: no conversation
that had begun before goes on for so long."""


@dataclass(frozen=True)
class Turn:
    """Something that was said, as far as it was heard."""

    at: float
    """Unix seconds."""
    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Memory:
    """What is known of one person."""

    facts: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    """Oldest first."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON, whole: what a person who asks is given."""
        return {"facts": list(self.facts), "turns": [asdict(turn) for turn in self.turns]}


class MemoryChangedError(RuntimeError):
    """Another conversation of the person has kept something since."""


class Memories:
    """Of everybody in one database. All methods block; each is one transaction.

    ``person`` is an unguessable name that the person's client, or the product around Visavis,
    chose for them: who knows it may read and delete what it stands for.
    """

    def __init__(self, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._store = store
        self._clock = clock

    def recall(self, person: str) -> Memory:
        """Empty for somebody unknown."""
        with self._store.connect() as connection:
            return self._recall(connection, person)

    def keep(
        self,
        person: str,
        *,
        since: float,
        turns: Sequence[Turn],
        facts: Sequence[str] | None,
        instead_of: Memory | None = None,
    ) -> bool:
        """Add ``turns``; before, put ``facts`` in the place of all that is known, unless None.

        False, and nothing is kept, where the person asked to be forgotten after ``since``, the
        conversation's beginning (Unix seconds).

        ``instead_of``: what was known when the facts were gathered. Raises
        :class:`MemoryChangedError`, and nothing is kept, where it no longer is.
        """
        with self._store.begin() as connection:
            self._know(connection, person)
            if self._forgotten_at(connection, person) > since:
                return False
            if instead_of is not None and self._recall(connection, person) != instead_of:
                raise MemoryChangedError
            if facts is not None:
                self._clear(connection, person)
                if facts:
                    connection.execute(
                        insert(FACTS),
                        [{"person": person, "text": _storable(f)} for f in facts[:MOST_FACTS]],
                    )
            if turns:
                rows = [asdict(turn) | {"person": person} for turn in turns[-MOST_TURNS:]]
                for row in rows:
                    row["text"] = _storable(row["text"])
                connection.execute(insert(TURNS), rows)
                self._drop_oldest(connection, person)
        return True

    def forget(self, person: str) -> None:
        """Delete all that is known, and what conversations that run now would add."""
        with self._store.begin() as connection:
            self._know(connection, person)
            self._clear(connection, person)
            connection.execute(
                update(PEOPLE).where(PEOPLE.c.person == person).values(forgotten_at=self._clock())
            )

    def drop_strangers(self) -> int:
        """Those of whom nothing is known, and no longer need be: anybody may ask to be forgotten.
        How many."""
        known = [
            select(table.c.id).where(table.c.person == PEOPLE.c.person).exists()
            for table in (FACTS, TURNS)
        ]
        old = PEOPLE.c.changed_at < self._clock() - WISH_KEPT
        with self._store.begin() as connection:
            return connection.execute(delete(PEOPLE).where(old, ~or_(*known))).rowcount

    def _recall(self, connection: Connection, person: str) -> Memory:
        facts = connection.scalars(
            select(FACTS.c.text).where(FACTS.c.person == person).order_by(FACTS.c.id)
        )
        turns = connection.execute(
            select(TURNS.c.at, TURNS.c.role, TURNS.c.text)
            .where(TURNS.c.person == person)
            .order_by(TURNS.c.id)
        )
        return Memory(tuple(facts), tuple(Turn(*row) for row in turns))

    def _clear(self, connection: Connection, person: str) -> None:
        for table in (FACTS, TURNS):
            connection.execute(delete(table).where(table.c.person == person))

    def _forgotten_at(self, connection: Connection, person: str) -> float:
        query = select(PEOPLE.c.forgotten_at).where(PEOPLE.c.person == person)
        return connection.scalar(query) or 0.0

    def _know(self, connection: Connection, person: str) -> None:
        """Make the person's row, or lock it: two conversations of one person take turns."""
        now = self._clock()
        lock = update(PEOPLE).where(PEOPLE.c.person == person).values(changed_at=now)
        if connection.execute(lock).rowcount:
            return
        try:
            with connection.begin_nested():
                row = {"person": person, "forgotten_at": 0.0, "changed_at": now}
                connection.execute(insert(PEOPLE), row)
        except IntegrityError:  # somebody else has just made it
            connection.execute(lock)

    def _drop_oldest(self, connection: Connection, person: str) -> None:
        newest = select(TURNS.c.id).where(TURNS.c.person == person).order_by(TURNS.c.id.desc())
        oldest_kept = connection.scalars(newest.offset(MOST_TURNS - 1).limit(1)).first()
        if oldest_kept is not None:
            connection.execute(
                delete(TURNS).where(TURNS.c.person == person, TURNS.c.id < oldest_kept)
            )


def _storable(text: str) -> str:
    """Of any text, what a Postgres takes: no NUL, and no half of a character."""
    return text.replace("\0", "").encode(errors="replace").decode()[:LONGEST]
