"""Stands before the REST side: sites, keys, rates; and writes down what was asked and what came
of it."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import Problem, problem_response, store_unavailable
from .address import address_of
from .audit import Entry
from .door import Door

_GUARDED: Final = ("/api/", "/v1/")
"""What lies elsewhere (the page, heads, health) is the same for everybody."""
_SESSION: Final = re.compile(r"/v1/sessions/([^/]+)(/.*)?")
_PLAIN: Final = re.compile(r"[A-Za-z0-9/_.-]{1,100}")
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PRIVATE: Final = ("/transcript", "/events", "/api/memory")
"""Paths that end so show what people said: reading them is written down, too."""


class Guard:
    """Lets a request through to ``app``, or answers in its place."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        connection = HTTPConnection(scope)
        guarded = _is_guarded(scope["path"])
        status = 500

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await (self._check(connection) if guarded else self._count_file(connection))
        except (Problem, SQLAlchemyError) as error:
            problem = error if isinstance(error, Problem) else store_unavailable()
            scope["state"]["problem"] = problem.code
            await problem_response(problem)(scope, receive, send_and_see)
        else:
            await self._app(scope, receive, send_and_see)
        finally:
            if guarded and _is_worth_noting(scope, status):
                self._door.audit.record(_entry(connection, status))

    async def _count_file(self, connection: HTTPConnection) -> None:
        await self._door.rates.hit("files", address_of(connection))

    async def _check(self, connection: HTTPConnection) -> None:
        """Raises :class:`Problem`: 401, 403, 429."""
        door, path = self._door, connection.scope["path"]
        caller = await door.identify(connection)
        owner: str | None = None
        if caller is not None:
            owner = caller.owner
            await door.rates.hit("key", owner)
        elif path.startswith("/v1/") and await door.is_open(connection):
            owner = ""
            door.check_origin(connection)
            await door.rates.hit("key", owner)
        else:
            await door.rates.hit("address", address_of(connection))
            door.check_origin(connection)
            if origin := connection.headers.get("origin"):
                await door.rates.hit("origin", origin)
        session = _SESSION.fullmatch(path)
        is_change = connection.scope["method"] not in _READING
        if session is not None and is_change and owner is not None:
            await door.rates.hit_session(owner, session[1])


def _is_guarded(path: str) -> bool:
    return path.startswith(_GUARDED)


def _is_worth_noting(scope: Scope, status: int) -> bool:
    reads = scope["method"] in _READING
    return not reads or status >= 400 or scope["path"].endswith(_PRIVATE)


def _route(scope: Scope) -> str:
    """As it is written in the code; of a request that did not get so far, the path, where it is one
    that somebody may have meant."""
    route = getattr(scope.get("route"), "path", None)
    if isinstance(route, str) and route:
        return route
    return scope["path"] if _PLAIN.fullmatch(scope["path"]) else "elsewhere"


def _entry(connection: HTTPConnection, status: int) -> Entry:
    scope = connection.scope
    state = scope["state"]
    in_path = _SESSION.fullmatch(scope["path"])
    session = state.get("session") or (in_path[1] if in_path is not None else "")
    caller = state.get("caller")
    visitor = state.get("visitor")
    return Entry(
        action=f"{scope['method'][:16]} {_route(scope)}",
        status=status,
        problem=state.get("problem", ""),
        session=session[:64],
        key=caller.owner if caller is not None else "",
        token=visitor.token if visitor is not None else "",
        origin=connection.headers.get("origin", "")[:200],
        address=address_of(connection),
    )
