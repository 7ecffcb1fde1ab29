"""``/v1/sessions/{id}/…``: what is said in a session, and what was."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from gateway.problems import Problem
from store import StoredSession
from visavis.events import EventType

from .answers import Done, MessageAnswer, Transcript, Turn
from .door import door_problems
from .parts import Id, OnlyOnce, Parts, Reader, SessionParts, Writer
from .request import TextRequest

_TURNS: list[EventType] = ["user.turn", "agent.turn"]


def talk_routes() -> APIRouter:
    routes = APIRouter(prefix="/v1/sessions/{id}", tags=["sessions"])

    @routes.post(
        "/say",
        status_code=HTTPStatus.ACCEPTED,
        response_model=MessageAnswer,
        operation_id="say",
        summary="Have a text said",
    )
    async def say(
        parts: Parts, once: OnlyOnce, caller: Writer, id: Id, asked: TextRequest
    ) -> Response:
        """Word for word, after what is waiting to be said. The answer says that it was accepted;
        what becomes of it comes as events, and from `messages`."""

        async def work(name: str) -> MessageAnswer:
            session = await parts.desk.find_open(id, caller)
            return await hand_on(parts, session, "say", asked, once.lasting(name))

        return await once.do(HTTPStatus.ACCEPTED, work)

    @routes.post(
        "/ask",
        status_code=HTTPStatus.ACCEPTED,
        response_model=MessageAnswer,
        operation_id="ask",
        summary="Have a text answered aloud",
    )
    async def ask(
        parts: Parts, once: OnlyOnce, caller: Writer, id: Id, asked: TextRequest
    ) -> Response:
        """As if the person had said it."""

        async def work(name: str) -> MessageAnswer:
            session = await parts.desk.find_open(id, caller)
            return await hand_on(parts, session, "ask", asked, once.lasting(name))

        return await once.do(HTTPStatus.ACCEPTED, work)

    @routes.post(
        "/interrupt",
        response_model=Done,
        operation_id="interrupt",
        summary="Stop the voice",
    )
    async def interrupt(parts: Parts, once: OnlyOnce, caller: Writer, id: Id) -> Response:
        """It falls silent at once; texts that wait are said next."""

        async def work(_: str) -> Done:
            session = await parts.desk.find_open(id, caller)
            with door_problems(parts.settings.livekit_url):
                agent = await parts.desk.agent(session)
                await parts.door.call(session.room, agent, "interrupt")
            return Done()

        return await once.do(HTTPStatus.OK, work)

    @routes.get("/messages/{message}", operation_id="get_message", summary="What became of a text")
    async def message(
        parts: Parts, caller: Reader, id: Id, message: Annotated[str, Path(max_length=64)]
    ) -> MessageAnswer:
        """Accepted and begun; then done, interrupted or failed. Or it was refused."""
        session = await parts.desk.find(id, caller)
        news = await asyncio.to_thread(parts.sessions.message, session.id, message)
        if news is None:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "no_such_message",
                "There is no such text",
                "No text with this id was given to this session.",
            )
        return MessageAnswer.model_validate(news)

    @routes.get("/transcript", operation_id="get_transcript", summary="What was said")
    async def transcript(
        parts: Parts,
        caller: Reader,
        id: Id,
        after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> Transcript:
        """So far, or in all once the session is over. `next_after` is the `after` of what comes
        next."""
        session = await parts.desk.find(id, caller)
        found = await asyncio.to_thread(
            parts.sessions.events, session.id, after=after, limit=limit + 1, types=_TURNS
        )
        turns = [
            Turn(
                seq=event.seq,
                at=event.at,
                role="user" if event.type == "user.turn" else "agent",
                text=_sendable(event.data.get("text")),
                interrupted=bool(event.data.get("interrupted")),
            )
            for event in found[:limit]
        ]
        return Transcript(turns=turns, next_after=turns[-1].seq if len(found) > limit else None)

    return routes


def _sendable(text: str | None) -> str | None:
    """A brain may have said half a surrogate pair."""
    return text and text.encode(errors="replace").decode()


async def hand_on(
    parts: SessionParts,
    session: StoredSession,
    kind: Literal["say", "ask"],
    asked: TextRequest,
    name: str,
) -> MessageAnswer:
    """Raises :class:`Problem`. ``name``: the text's id, where it has none."""
    with door_problems(parts.settings.livekit_url):
        agent = await parts.desk.agent(session)
        news, pieces = await parts.courier.hand_on(
            session.room, agent, kind, asked.id or f"msg_{name}", asked.text
        )
    if news.state == "refused":
        detail = news.detail or "The agent does not take it."
        raise Problem(HTTPStatus.CONFLICT, "text_refused", "The text was refused", detail)
    return MessageAnswer(id=news.id, state=news.state, detail=news.detail, pieces=pieces)
