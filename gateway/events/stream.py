"""``GET /v1/sessions/{id}/events``: a session's events as server-sent events
(https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from sqlalchemy.exc import SQLAlchemyError

from store import Sessions
from visavis.events import Event

from ..access.caller import Caller, caller_with
from ..problems import Problem, no_such_session
from .feed import HEARTBEAT_SECONDS, MOST_OF_OWNER, MOST_READERS, Feed
from .message import encode

HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back until it had a buffer full
}
_MOST_SEQ: Final = 2**31 - 1

_may_read = caller_with("sessions:read")
MayRead = Annotated[Caller, Depends(_may_read)]
Seq = Annotated[int, Query(ge=0, le=_MOST_SEQ)]
LastSeq = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=_MOST_SEQ)]

_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events as they come; their `id` is their `seq`.",
        "content": {"text/event-stream": {"itemSchema": _EVENT}},
    },
    204: {"description": "The session is over, and there is nothing more to tell."},
}


def stream_routes(sessions: Sessions, feed: Feed) -> APIRouter:
    routes = APIRouter(tags=["sessions"])

    @routes.get(
        "/v1/sessions/{id}/events",
        response_class=Response,
        responses=_ANSWERS,
        operation_id="stream_events",
        summary="Follow a session",
    )
    async def events(
        request: Request,
        caller: MayRead,
        id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")],
        after: Seq = 0,
        last_event_id: LastSeq = None,
    ) -> Response:
        """A session's events from its first on, or from behind the one that `after` or
        `Last-Event-ID` names, until `session.ended`."""
        request.state.session = id  # for the log of who did what
        seq = after if last_event_id is None else last_event_id
        session = await asyncio.to_thread(sessions.find, id)
        if session is None or caller.sees not in (None, session.owner):
            raise no_such_session()
        if session.ended_at is not None and not await asyncio.to_thread(
            sessions.events, id, after=seq, limit=1
        ):
            return Response(status_code=HTTPStatus.NO_CONTENT)  # or a browser asks for ever
        if feed.readers >= MOST_READERS:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too_many_streams",
                "Too many streams are open",
                f"{MOST_READERS} streams of events are open here. Try again in a minute.",
                retry_after=60,
            )
        if caller.owner and feed.readers_of(caller.owner) >= MOST_OF_OWNER:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_streams",
                "Too many streams are open",
                f"{MOST_OF_OWNER} streams of events are open here with this key. Close one first.",
                retry_after=60,
            )
        pages = feed.follow(id, seq, caller.owner)
        return EventSourceResponse(_stream(pages, request), headers=HEADERS)

    return routes


async def _stream(
    following: AsyncGenerator[list[Event], None], request: Request
) -> AsyncIterator[bytes]:
    checked_at = time.monotonic()
    yield KEEPALIVE_COMMENT  # the answer's headers leave with the first bytes
    async with aclosing(following) as pages:
        async for page in pages:
            for event in page:
                yield _encode(event)
            if not page:
                yield KEEPALIVE_COMMENT
            if time.monotonic() - checked_at >= HEARTBEAT_SECONDS:
                checked_at = time.monotonic()
                if not await _still_may(request):
                    return


async def _still_may(request: Request) -> bool:
    """Whether the key is still good: streams outlast many."""
    state = request.scope.setdefault("state", {})
    caller = state.pop("caller", None)  # who it was when the request came
    try:
        await _may_read(request)
    except Problem:
        state["caller"] = caller
        return False
    except SQLAlchemyError:  # nobody can tell now
        state["caller"] = caller
    return True


def _encode(event: Event) -> bytes:
    data = encode(event.to_dict()).decode()
    return format_sse_event(data_str=data, event=event.type, id=str(event.seq))
