"""How long a session may last, and how long it may be silent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

LEAD: Final = 30.0
"""Seconds before its end at which a session is warned; a tenth of the limit where that is less."""
SHORTEST_LEAD: Final = 5.0
"""Seconds, in which a warning can be said and answered; half of the limit where that is less."""
HEARING: Final = 2.0
"""Seconds after a sound of the person's in which it may still turn out to have been words."""

LimitName = Literal["duration", "idle"]


@dataclass
class Limit:
    """One of a session's."""

    name: LimitName
    seconds: float
    ends_at: float
    """Unix seconds."""
    warned: bool = False

    @property
    def lead(self) -> float:
        """Seconds."""
        return min(LEAD, max(self.seconds / 10, SHORTEST_LEAD), self.seconds / 2)


@dataclass(frozen=True)
class Warn:
    """Say that ``limit`` ends the session soon."""

    limit: LimitName
    ends_at: float
    seconds_left: float


@dataclass(frozen=True)
class Clear:
    """``limit`` does not end it after all."""

    limit: LimitName


@dataclass(frozen=True)
class End:
    """The session is over, for ``limit``."""

    limit: LimitName


Step = Warn | Clear | End


class Limits:
    """What is due, by the times that it is told; it has no clock of its own.

    A word of either side puts the idle limit off, and it stands still while somebody speaks.

    Args:
        created_at: Unix seconds, of the session; a duration counts from here.
        now: Unix seconds; silence counts from here.
    """

    def __init__(
        self,
        *,
        created_at: float,
        now: float,
        max_seconds: float | None,
        idle_seconds: float | None,
    ) -> None:
        self._limits: list[Limit] = []
        self._idle: Limit | None = None
        self._speaking: set[Literal["agent", "person"]] = set()
        self._cleared = False
        if max_seconds is not None:
            self._limits.append(Limit("duration", max_seconds, created_at + max_seconds))
        if idle_seconds is not None:
            self._idle = Limit("idle", idle_seconds, now + idle_seconds)
            self._limits.append(self._idle)

    def word(self, now: float) -> None:
        """Somebody said something, or wrote it."""
        if self._idle is not None:
            self._idle.ends_at = now + self._idle.seconds
            self._cleared = self._cleared or self._idle.warned
            self._idle.warned = False

    def speak(self, who: Literal["agent", "person"], speaks: bool, now: float) -> None:
        """Begins or ends. What the agent says are words; of the person, :meth:`word` will tell."""
        if speaks == (who in self._speaking):
            return
        if speaks:
            self._speaking.add(who)
        else:
            self._speaking.discard(who)
        if who == "agent":
            self.word(now)
        elif self._idle is not None and not speaks:
            self._idle.ends_at = max(self._idle.ends_at, now + HEARING)

    def step(self, now: float) -> Step | None:
        """The next thing to do at ``now``; ask again until there is none."""
        if self._cleared:
            self._cleared = False
            return Clear("idle")
        for limit in self._limits:
            if limit is self._idle and self._speaking:
                continue
            if now >= limit.ends_at:
                return End(limit.name)
            if not limit.warned and now >= limit.ends_at - limit.lead:
                limit.warned = True
                return Warn(limit.name, limit.ends_at, limit.ends_at - now)
        return None

    def shown(self, now: float) -> Warn | None:
        """What is warned of, the earliest where there are several."""
        warned = [limit for limit in self._limits if limit.warned]
        first = min(warned, key=lambda limit: limit.ends_at, default=None)
        return Warn(first.name, first.ends_at, first.ends_at - now) if first is not None else None

    def until_next(self, now: float) -> float:
        """Seconds until something may be due; infinite where only a word can change that."""
        if self._cleared:
            return 0.0
        times = [
            limit.ends_at if limit.warned else limit.ends_at - limit.lead
            for limit in self._limits
            if not (limit is self._idle and self._speaking)
        ]
        return max(0.0, min(times, default=math.inf) - now)
