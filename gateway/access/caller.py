"""Who calls the REST side, and what they may do there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

from fastapi import Request, Security
from fastapi.security import HTTPBearer

if TYPE_CHECKING:
    from .door import Door

Scope = Literal["sessions:read", "sessions:write", "webhooks", "usage", "admin"]
"""Admin: everybody's sessions, keys and usage; the others: one's own."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

KEYLESS: Final[frozenset[Scope]] = frozenset(SCOPES) - {"admin"}
"""Of who needs no key. A proxy in front may let others be taken for this machine, without a trace:
none of them shall leave with a key of their own."""

_BEARER: Final = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="`python -m gateway keys create NAME` makes one; it begins with `vv_`.",
)
"""For the OpenAPI document: the guard has read the header by then."""


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

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or "admin" in self.scopes


def caller_with(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A FastAPI dependency: the caller, who has ``scope``.

    It raises :class:`gateway.problems.Problem`: 401 without an API key where one is needed, 403
    with one that lacks the scope.
    """

    async def caller(request: Request, _: Annotated[Any, Security(_BEARER)] = None) -> Caller:
        door: Door = request.app.state.door
        return await door.caller(request, scope)

    return caller
