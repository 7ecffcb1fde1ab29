"""Tokens for people behind browsers: short-lived, signed, for one site and perhaps one room."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

import jwt

from ..problems import Problem

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "visavis"
_AUDIENCE: Final = "visavis-visitor"
_CLAIMS: Final = {
    "origin": "origin",
    "jti": "token",
    "session": "session",
    "room": "room",
    "sub": "identity",
    "owner": "owner",
}
"""Claim to field."""
MOST_CHARACTERS: Final = 4096
"""Of a token: they travel in a URL."""


@dataclass(frozen=True)
class Visitor:
    """Somebody whom a token admits, or who needs none."""

    origin: str = ""
    """The site that the token is for; empty: for programs, which send none."""
    token: str = ""
    """Id of the token, the same each time that it is shown; empty: there was none."""
    session: str = ""
    """The only session that it admits to; empty: any that it opens for itself."""
    room: str = ""
    """The only room; empty: any."""
    identity: str = ""
    """The only identity in the room; empty: any."""
    owner: str = ""
    """Id of the API key that asked for the token; empty: a page did."""
    expires_at: float | None = None
    """Unix seconds."""


class VisitorTokens:
    """Makes and reads them: JSON Web Tokens (RFC 7519) with HMAC-SHA256."""

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        self._secret = secret
        self._clock = clock

    def make(self, visitor: Visitor, ttl: int) -> str:
        """For ``visitor``, but for its ``token`` and ``expires_at``; admits for ``ttl`` seconds."""
        now = int(self._clock())
        visitor = replace(visitor, token=secrets.token_urlsafe(12))
        claims: dict[str, Any] = {
            claim: value for claim, name in _CLAIMS.items() if (value := getattr(visitor, name))
        }
        claims |= {"iss": _ISSUER, "aud": _AUDIENCE, "iat": now, "exp": now + ttl}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> Visitor:
        """Raises :class:`Problem`: 401, where the token is not ours, or too old."""
        if len(token) > MOST_CHARACTERS:
            raise invalid_token()
        try:
            # The clock is ours, so what depends on it is checked below.
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options={
                    "require": ["exp", "iat", "iss", "aud", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            expires_at = float(claims["exp"])
        except (jwt.PyJWTError, TypeError, ValueError):
            raise invalid_token() from None
        if self._clock() >= expires_at:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "token_expired",
                "The token has expired",
                "Ask /api/auth/token for a new one.",
                headers={"WWW-Authenticate": 'Bearer realm="visavis", error="invalid_token"'},
            )
        given = {name: str(claims.get(claim, "")) for claim, name in _CLAIMS.items()}
        return Visitor(**given, expires_at=expires_at)


def invalid_token() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "invalid_token",
        "The token is not valid",
        "It was not signed here, or it was changed. Ask /api/auth/token for a new one.",
        headers={"WWW-Authenticate": 'Bearer realm="visavis", error="invalid_token"'},
    )


def token_required() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "token_required",
        "A token is needed",
        "Ask /api/auth/token for one and send it as `Authorization: Bearer …`, or to the "
        "WebSocket as `?token=…`.",
        headers={"WWW-Authenticate": 'Bearer realm="visavis"'},
    )


def not_admitted(code: str, title: str, detail: str) -> Problem:
    """A token that is good, but not for this."""
    return Problem(HTTPStatus.FORBIDDEN, code, title, detail)
