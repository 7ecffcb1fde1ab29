"""Decides who may enter: asked by the guard of the REST side, and by the WebSocket."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import cast

from sqlalchemy import Engine
from starlette.requests import HTTPConnection

from settings import Settings
from store import Keys, Sessions
from visavis.proxies import is_loopback

from ..problems import Problem
from .address import address_of, is_asked_for_here, is_through_proxy
from .audit import Audit, Entry
from .caller import KEYLESS, SCOPES, Caller, Scope
from .keyring import PREFIX, KeyRing
from .origins import Origins
from .rates import Rates
from .seats import Seats
from .visitor import Visitor, VisitorTokens, not_admitted, token_required

logger = logging.getLogger("visavis.gateway")


class Door:
    """Of one gateway. A request finds it by :func:`door_of`."""

    def __init__(self, settings: Settings, store: Engine, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        secret = settings.auth_secret_key
        self._settings = settings
        self._sessions = Sessions(store, clock)
        self.keys = KeyRing(Keys(store, clock))
        self.origins = Origins(settings.auth_allowed_origins)
        self.rates = Rates.from_settings(settings)
        self.seats = Seats(settings.websockets_per_address)
        self.audit = Audit(clock, settings.audit_log)
        self.tokens = VisitorTokens(
            secrets.token_hex(32) if secret is None else secret.get_secret_value(), clock
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """While the gateway serves."""
        self._warn()
        with self.audit.writing():
            try:
                yield
            finally:
                await self.rates.close()

    def _warn(self) -> None:
        settings = self._settings
        if settings.auth_enabled and settings.auth_secret_key is None:
            logger.warning(
                "AUTH_SECRET_KEY is empty: tokens are signed with a key made for this start. They "
                "end with it, and no other gateway knows them. `openssl rand -hex 32` makes one."
            )
        if not settings.auth_enabled and not is_loopback(settings.host):
            logger.warning(
                "AUTH_ENABLED=false and HOST=%s: whoever reaches this port may open conversations. "
                "/v1 asks for an API key all the same.",
                settings.host,
            )

    async def identify(self, connection: HTTPConnection) -> Caller | None:
        """Whose API key the request carries; None: it carries none. Raises :class:`Problem`: 401,
        429.

        Found once a request.
        """
        state = connection.scope.setdefault("state", {})
        if "caller" not in state:
            text = bearer(connection)
            caller = None
            if text is not None and text.startswith(PREFIX):
                here = address_of(connection)
                key = await self.keys.read(text, here, lambda: self.rates.hit("address", here))
                known = frozenset(scope for scope in SCOPES if scope in key.scopes)
                caller = Caller(key.id, known)
            state["caller"] = caller
        return cast(Caller | None, state["caller"])

    async def caller(self, connection: HTTPConnection, scope: Scope) -> Caller:
        """Who calls, with ``scope``. Raises :class:`Problem`: 401, 403."""
        caller = await self.identify(connection)
        if caller is None:
            if scope not in KEYLESS or not await self.is_open(connection):
                raise key_required()
            caller = Caller("", KEYLESS)
        if not caller.may(scope):
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "scope_missing",
                "The API key may not do this",
                f"It lacks the scope {scope}.",
                headers={
                    "WWW-Authenticate": 'Bearer realm="visavis", error="insufficient_scope", '
                    f'scope="{scope}"'
                },
            )
        return caller

    async def is_open(self, connection: HTTPConnection) -> bool:
        """Whether ``/v1`` needs no key: nobody made one yet, and nothing but this machine asks.

        The name that was asked for matters, too: a site may have its name lead here (DNS
        rebinding), and a proxy may let others in.
        """
        return (
            not self._settings.auth_enabled
            and is_loopback(self._settings.host)
            and is_asked_for_here(connection)
            and not is_through_proxy(connection)
            and not await self.keys.is_locked()
        )

    async def visitor(self, connection: HTTPConnection) -> Visitor:
        """Who comes with a REST request: the bearer of a token, or of an API key with the scope
        ``sessions:write``, or anybody where neither is asked for. Raises :class:`Problem`: 401,
        403."""
        if (caller := await self.identify(connection)) is not None:
            await self.caller(connection, "sessions:write")
            return Visitor(owner=caller.owner)
        return await self.check_token(bearer(connection), connection.headers.get("origin"))

    async def check_token(
        self, token: str | None, origin: str | None, *, session: str | None = None
    ) -> Visitor:
        """Whom ``token`` admits.

        Args:
            token: Of ``/api/auth/token``; None or empty: none was sent.
            origin: The header ``Origin`` that it came with.
            session: Id of the session that it shall admit to; None: what the token says, or a new
                one.

        Raises:
            Problem: 401: there is none where one is needed, it was tampered with, it has expired,
                the API key that asked for it was revoked; 403: it is for another site or session,
                or its session is over.
        """
        if not token:
            if self._settings.auth_enabled:
                raise token_required()
            return Visitor(origin=origin or "")
        visitor = self.tokens.read(token)
        if visitor.origin != (origin or ""):
            raise not_admitted(
                "wrong_origin", "A token for another site", "This token was made for another site."
            )
        if visitor.owner:
            await self.keys.check_in_use(visitor.owner)
        if visitor.session:
            if session is not None and session != visitor.session:
                raise not_admitted(
                    "wrong_session",
                    "A token for another session",
                    "This token admits to another session.",
                )
            found = await asyncio.to_thread(self._sessions.find, visitor.session)
            if found is None or found.ended_at is not None:
                raise not_admitted(
                    "session_over", "The session is over", "The token's session is over."
                )
        return visitor

    async def admit(
        self, connection: HTTPConnection, token: str | None, *, session: str | None = None
    ) -> Visitor:
        """Whom a WebSocket's handshake lets in: its site may use the gateway, its address does not
        ask too often, its token is good. Raises :class:`Problem`: 401, 403, 429."""
        origin = connection.headers.get("origin")
        self.check_origin(connection)
        await self.rates.hit("address", address_of(connection))
        if origin:
            await self.rates.hit("origin", origin)
        if token and token.startswith(PREFIX):
            raise not_admitted(
                "api_key_in_url",
                "An API key does not belong there",
                "API keys stay on your server: ask /api/auth/token with it for a token.",
            )
        return await self.check_token(token, origin, session=session)

    def note(
        self,
        connection: HTTPConnection,
        *,
        visitor: Visitor | None = None,
        session: str = "",
        problem: Problem | None = None,
    ) -> None:
        """Write down that a WebSocket was let in, or was not."""
        self.audit.record(
            Entry(
                action=f"WEBSOCKET {connection.url.path[:64]}",
                status=HTTPStatus.SWITCHING_PROTOCOLS if problem is None else problem.status,
                problem="" if problem is None else problem.code,
                session=session,
                key="" if visitor is None else visitor.owner,
                token="" if visitor is None else visitor.token,
                origin=connection.headers.get("origin", "")[:200],
                address=address_of(connection),
            )
        )

    def check_origin(self, connection: HTTPConnection) -> None:
        """Raises :class:`Problem`: 403, for the page of a site that is not allowed."""
        headers = connection.headers
        if not self.origins.allow(headers.get("origin"), headers.get("host")):
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "origin_not_allowed",
                "This site may not use the server",
                "AUTH_ALLOWED_ORIGINS must name the site that the request comes from.",
            )


def door_of(connection: HTTPConnection) -> Door:
    return cast(Door, connection.app.state.door)


def bearer(connection: HTTPConnection) -> str | None:
    """What follows ``Bearer`` in the header ``Authorization`` (RFC 6750 §2.1)."""
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() or None if scheme.lower() == "bearer" else None


def key_required() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "api_key_required",
        "An API key is needed",
        "`python -m gateway keys create NAME` makes one; send it as `Authorization: Bearer vv_…`.",
        headers={"WWW-Authenticate": 'Bearer realm="visavis"'},
    )
