"""``/v1/sessions``: created, listed, changed, ended."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from .answers import CreatedSession, SessionPage, SessionView, Token, summary
from .door import door_problems
from .parts import Id, OnlyOnce, Parts, Reader, Writer
from .request import SessionRequest, SettingsPatch


def session_routes() -> APIRouter:
    routes = APIRouter(prefix="/v1/sessions", tags=["sessions"])

    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        response_model=CreatedSession,
        operation_id="create_session",
        summary="Create a session",
    )
    async def create(
        http: Request, parts: Parts, once: OnlyOnce, caller: Writer, asked: SessionRequest
    ) -> Response:
        """Opens a room, brings an agent into it, and answers with a token for the person. `agent`
        and `face` say what was really started; what is `coming` is seen by getting the session."""

        async def work(name: str) -> CreatedSession:
            created = await parts.desk.create(asked, caller, name=name, host=http.url.hostname)
            http.state.session = created.id  # for the log of who did what
            return created

        return await once.do(HTTPStatus.CREATED, work)

    @routes.get("", operation_id="list_sessions", summary="List sessions")
    async def show_all(
        parts: Parts,
        caller: Reader,
        state: Annotated[Literal["open", "ended"] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = None,
    ) -> SessionPage:
        """Newest first; `next_cursor` is the `cursor` of the next page."""
        found = await asyncio.to_thread(
            parts.sessions.page,
            caller.sees,
            after=cursor,
            limit=limit + 1,
            is_open=None if state is None else state == "open",
        )
        longest = parts.settings.session_max_seconds
        return SessionPage.model_validate(
            {
                "sessions": [summary(each, longest) for each in found[:limit]],
                "next_cursor": found[limit - 1].id if len(found) > limit else None,
            }
        )

    @routes.get("/{id}", operation_id="get_session", summary="Get a session")
    async def show(parts: Parts, caller: Reader, id: Id) -> SessionView:
        """As it was asked for, and who and what is in its room now."""
        return await parts.desk.view(await parts.desk.find(id, caller))

    @routes.patch("/{id}", operation_id="change_settings", summary="Change a running session")
    async def change(parts: Parts, caller: Writer, id: Id, asked: SettingsPatch) -> dict[str, Any]:
        """All that is named, or nothing; answers what is in force then."""
        session = await parts.desk.find_open(id, caller)
        await parts.checker.check_change(asked)
        wish = json.loads(asked.talk.to_json())
        with door_problems(parts.settings.livekit_url):
            agent = await parts.desk.agent(session)
            answer = await parts.door.call(session.room, agent, "settings", change=wish)
        lasting = {k: v for k, v in wish.items() if k not in ("expression", "gesture")}
        if lasting:
            await asyncio.to_thread(parts.sessions.change_spec, session.id, lasting)
        in_force: dict[str, Any] = json.loads(answer)
        return in_force

    @routes.post(
        "/{id}/token",
        status_code=HTTPStatus.CREATED,
        response_model=Token,
        operation_id="renew_token",
        summary="Get a new token",
    )
    async def renew(
        http: Request, parts: Parts, once: OnlyOnce, caller: Writer, id: Id
    ) -> Response:
        """For the same person, who comes back or comes late: a session outlives its tokens. An
        agent that was lost is replaced."""

        async def work(_: str) -> Token:
            session = await parts.desk.find_open(id, caller)
            return await parts.desk.renew(session, http.url.hostname)

        return await once.do(HTTPStatus.CREATED, work)

    @routes.post(
        "/{id}/end",
        response_model=SessionView,
        operation_id="end_session",
        summary="End a session",
    )
    async def end(parts: Parts, once: OnlyOnce, caller: Writer, id: Id) -> Response:
        """Everybody leaves the room, and nothing is left of it but its events. Harmless when
        repeated."""

        async def work(_: str) -> SessionView:
            return await finish(parts, caller, id)

        return await once.do(HTTPStatus.OK, work)

    @routes.delete("/{id}", operation_id="delete_session", summary="End a session")
    async def delete(parts: Parts, caller: Writer, id: Id) -> SessionView:
        """As `POST /v1/sessions/{id}/end`."""
        return await finish(parts, caller, id)

    async def finish(parts: Parts, caller: Writer, id: Id) -> SessionView:
        session = await parts.desk.find(id, caller)
        await parts.desk.end(session.id)
        return await parts.desk.view(await parts.desk.find(id, caller))

    return routes
