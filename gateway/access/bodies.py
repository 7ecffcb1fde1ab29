"""How much, and how slowly, somebody may send."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS: Final = 10.0
"""For the whole body."""

SMALL: Final = 16 * 1024
MEDIUM: Final = 64 * 1024
LARGE: Final = 192 * 1024
"""A session with the longest instructions and greeting, escaped."""
LONG_TEXT: Final = 640 * 1024
"""50,000 characters, each of which JSON may write as ``\\ud83d\\ude00``."""

_LIMITS: Final = (
    (re.compile(r"/v1/sessions/[^/]+/(say|ask)"), LONG_TEXT),
    (re.compile(r"/v1/sessions(/[^/]+)?"), LARGE),
    (re.compile(r"/v1/.*"), MEDIUM),
)


def limit_of(path: str) -> int:
    """Bytes that a body for ``path`` may have."""
    return next((limit for form, limit in _LIMITS if form.fullmatch(path)), SMALL)


class LimitedBody:
    """Refuses a request whose body is too long, before it is all read, or too long on its way."""

    def __init__(self, app: ASGIApp, seconds: float = SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        length = Headers(scope=scope).get("content-length", "")
        announced = int(length) if length.isdecimal() else 0
        deadline = asyncio.get_running_loop().time() + self._seconds
        received = 0
        has_all = False

        async def receive_within_limits() -> Message:
            nonlocal received, has_all
            if has_all:  # what comes now is that the client has gone, whenever that may be
                return await receive()
            if announced > limit:
                raise _too_long(limit)
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                detail = f"The body took longer than {self._seconds:g} s."
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail) from None
            received += len(message.get("body", b""))
            has_all = not message.get("more_body", False)
            if received > limit:
                raise _too_long(limit)
            return message

        await self._app(scope, receive_within_limits, send)


def _too_long(limit: int) -> HTTPException:
    detail = f"The body is longer than {limit} bytes."
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
