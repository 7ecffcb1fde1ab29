"""``/ws``: who may come in, and which session they come to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Final

from fastapi import APIRouter, Cookie, Query, WebSocket
from sqlalchemy.exc import SQLAlchemyError

from settings import Settings

from ..access import Door, address_of
from ..access.visitor import Visitor
from ..problems import Problem, store_unavailable, wrong_value
from .connection import Connection, Manners
from .endings import CLOSED, Over, refusal, shorten
from .host import Choice, Host
from .messages import NAMES, Wording
from .stage import Seat

COOKIE: Final = "visavis_session"
"""Where no token tells who comes back: the session of this browser."""
PARTING: Final = 2.0
"""Seconds in which a client that is refused may take the reason."""


def bridge_routes(settings: Settings, door: Door) -> APIRouter:
    """The host is found as ``app.state.host``."""
    routes = APIRouter()

    @routes.websocket("/ws")
    async def serve(
        socket: WebSocket,
        token: Annotated[str | None, Query()] = None,
        session: Annotated[str | None, Query()] = None,
        weights: Annotated[str, Query()] = "arkit",
        remembered: Annotated[str | None, Cookie(alias=COOKIE)] = None,
    ) -> None:
        """The protocol of avatar-chat-server (docs/websocket.md)."""
        host: Host = socket.app.state.host
        came: Visitor | None = None
        id = (session or "")[:64]

        def refused(problem: Problem) -> None:
            door.note(socket, visitor=came, session=id, problem=problem)
            metrics = getattr(socket.app.state, "metrics", None)
            if metrics is not None:
                metrics.refused(problem.code)

        try:
            if weights not in NAMES:  # a type that forbids it would tell a browser nothing
                raise wrong_value("weights", f"it is one of {', '.join(NAMES)}")
            with _store_problems():
                visitor = came = await door.admit(socket, token, session=session)
            seats = door.seats.take(visitor.owner or address_of(socket))
            with seats:
                with _store_problems():
                    choice = await host.choose(visitor, session, remembered)
                id = choice.id
                door.note(socket, visitor=visitor, session=id)
                await socket.accept(headers=_cookie(socket, choice) if not visitor.token else None)

                async def take_seat() -> Seat:
                    with _store_problems():
                        return await host.seat(choice, visitor)

                async def why_over() -> str:
                    with _store_problems():
                        return await host.why_over(id)

                async def hit() -> None:
                    await door.rates.hit_session(visitor.owner, id)

                connection = Connection(
                    socket,
                    Wording(id, NAMES[weights]),
                    take_seat,
                    why_over,
                    refused,
                    Manners(settings.websocket_first_seconds, hit),
                    waits=choice.is_next,
                )
                if await connection.serve():
                    with _store_problems():
                        await host.end(id)
        except Problem as problem:
            refused(problem)
            await _refuse(socket, refusal(problem))

    return routes


@contextmanager
def _store_problems() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError:
        raise store_unavailable() from None


async def _refuse(socket: WebSocket, over: Over) -> None:
    """A browser learns neither code nor reason of a handshake that fails: it is let in first."""
    with suppress(TimeoutError, *CLOSED):
        async with asyncio.timeout(PARTING):
            await socket.accept()
            await socket.send_text(Wording("", NAMES["arkit"]).error(over.error or "", over.reason))
            await socket.close(over.code, shorten(over.reason))


def _cookie(socket: WebSocket, choice: Choice) -> list[tuple[bytes, bytes]]:
    """For a page of another site it must be sent across, which browsers only do over TLS."""
    safe = socket.url.scheme == "wss"
    how = "SameSite=None; Secure" if safe else "SameSite=Lax"
    value = f"{COOKIE}={choice.remembered}; Path=/ws; HttpOnly; {how}"
    return [(b"set-cookie", value.encode())]
