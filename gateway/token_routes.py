"""``POST /api/token``: a seat for whoever may have one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Header, Request, Response

from settings import Settings

from .access.caller import Caller
from .access.door import Door
from .access.visitor import Visitor
from .dispatch import Dispatcher
from .problems import livekit_problems
from .sessions.parts import session_parts
from .tokens import (
    TokenRequest,
    TokenResponse,
    limit_to,
    make_room_name,
    make_token,
    server_url,
)


def token_routes(settings: Settings, door: Door) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/token", status_code=HTTPStatus.CREATED, tags=["page"])
    async def token(
        http: Request,
        response: Response,
        request: TokenRequest | None = None,
        if_match: Annotated[Literal["*"] | None, Header()] = None,
    ) -> TokenResponse:
        """LiveKit's standard token endpoint. With the header ``If-Match: *`` it opens no new room:
        412 says that the one asked for is closed."""
        visitor = await door.visitor(http)
        http.state.visitor = visitor
        request = limit_to(request or TokenRequest(), visitor.room, visitor.identity)
        response.headers["Cache-Control"] = "no-store"
        if visitor.session:
            return await _back_into_session(http, visitor)
        room = request.room_name or make_room_name()
        dispatcher = cast(Dispatcher, http.app.state.dispatcher)
        with livekit_problems(settings.livekit_url):
            await dispatcher.bring_agent(room, make_room=if_match is None)
        return TokenResponse(
            server_url=server_url(settings, http.url.hostname),
            participant_token=make_token(request, room, settings),
        )

    return routes


async def _back_into_session(http: Request, visitor: Visitor) -> TokenResponse:
    """With the session's own rights, whatever else was asked for."""
    http.state.session = visitor.session
    desk = session_parts(http).desk
    # Whoever made the token was let see the session; an administrator sees everybody's.
    session = await desk.find_open(visitor.session, Caller(visitor.owner, frozenset({"admin"})))
    renewed = await desk.renew(session, http.url.hostname)
    return TokenResponse(server_url=renewed.server_url, participant_token=renewed.participant_token)
