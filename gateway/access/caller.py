"""Who calls the REST side, and what they may do there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from fastapi import Request

Scope = Literal["sessions:read", "sessions:write", "webhooks", "usage", "admin"]
"""Admin: everybody's sessions, keys and usage; the others: one's own."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


@dataclass(frozen=True)
class Caller:
    """Of one request."""

    owner: str
    """Id of the API key; empty where none is asked for."""
    scopes: frozenset[Scope]

    @property
    def sees(self) -> str | None:
        """Whose sessions: an owner's, or None, everybody's."""
        return None if "admin" in self.scopes else self.owner


def caller_with(scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """A FastAPI dependency: the caller, who has ``scope``."""

    async def caller(request: Request) -> Caller:
        return Caller("", frozenset(SCOPES))

    return caller
