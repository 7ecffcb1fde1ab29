"""Where visitors get their tokens, and administrators their keys."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from store import StoredKey

from ..names import Identity, Name
from ..problems import Problem
from ..sessions.parts import session_parts
from ..tokens import RoomName
from .caller import Caller, Scope, caller_with
from .door import Door, door_of
from .keyring import KeyRing
from .visitor import Visitor, VisitorTokens

Admin = Annotated[Caller, Depends(caller_with("admin"))]


class VisitorTokenRequest(BaseModel):
    """What the token shall be good for: all of it optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: Annotated[
        str | None, Field(max_length=64, description="Only this session; needs an API key.")
    ] = None
    room: Annotated[RoomName | None, Field(description="Only this room.")] = None
    identity: Annotated[Identity | None, Field(description="Only as this participant.")] = None
    origin: Annotated[
        str | None,
        Field(
            max_length=200,
            description="The site that it is for, where an API key asks; empty: for a program.",
        ),
    ] = None
    ttl: Annotated[
        int | None, Field(ge=1, le=86_400, description="Seconds; at most the usual.")
    ] = None


class VisitorToken(BaseModel):
    """A token, and for whom."""

    token: str
    ttl: int = Field(description="Seconds that it admits.")
    origin: str = Field(description="The site that it is for; empty: for a program.")


class NewKey(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[Name, Field(min_length=1, description="For people, to tell keys apart.")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=8)]


class Key(BaseModel):
    """An API key as it may be shown; times are Unix seconds."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: float
    used_at: float | None
    revoked_at: float | None


class MadeKey(Key):
    key: str = Field(description="The key itself: it is shown this once.")


class KeyList(BaseModel):
    keys: list[Key]


def access_routes(tokens: VisitorTokens, keys: KeyRing, ttl: int) -> APIRouter:
    """``POST /api/auth/token``, and ``/v1/keys``. ``ttl``: seconds that a token admits at most."""
    routes = APIRouter()

    @routes.post("/api/auth/token", tags=["access"])
    async def visitor_token(
        http: Request, response: Response, request: VisitorTokenRequest | None = None
    ) -> VisitorToken:
        """A token for the site that asks (header ``Origin``), or that an API key asks for."""
        visitor = await _visitor(http, request or VisitorTokenRequest())
        http.state.visitor = visitor
        seconds = min(ttl, (request and request.ttl) or ttl)
        response.headers["Cache-Control"] = "no-store"
        return VisitorToken(token=tokens.make(visitor, seconds), ttl=seconds, origin=visitor.origin)

    @routes.post("/v1/keys", status_code=HTTPStatus.CREATED, tags=["keys"])
    async def create_key(request: NewKey, _: Admin, response: Response) -> MadeKey:
        """Make an API key. Once there is one, ``/v1`` asks everybody for theirs."""
        made, text = await keys.make(request.name, request.scopes)
        response.headers["Cache-Control"] = "no-store"
        return MadeKey(**_shown(made).model_dump(), key=text)

    @routes.get("/v1/keys", tags=["keys"])
    async def list_keys(_: Admin) -> KeyList:
        """All API keys, newest first, revoked ones as well."""
        return KeyList(keys=[_shown(each) for each in await keys.list()])

    @routes.delete("/v1/keys/{key}", status_code=HTTPStatus.NO_CONTENT, tags=["keys"])
    async def revoke_key(key: str, _: Admin) -> None:
        """Revoke an API key for good, by its id. Its sessions go on; the visitors' tokens that
        were made with it admit nobody any more."""
        if not await keys.revoke(key):
            raise Problem(
                HTTPStatus.NOT_FOUND, "key_unknown", "No such key", "There is no key with this id."
            )

    return routes


def _shown(key: StoredKey) -> Key:
    return Key(
        id=key.id,
        name=key.name,
        scopes=key.scopes,
        created_at=key.created_at,
        used_at=key.used_at,
        revoked_at=key.revoked_at,
    )


async def _visitor(http: Request, request: VisitorTokenRequest) -> Visitor:
    door = door_of(http)
    caller = await door.identify(http)
    if caller is None:
        return await _page_visitor(door, http, request)
    await door.caller(http, "sessions:write")
    origin = http.headers.get("origin") if request.origin is None else request.origin
    visitor = Visitor(
        origin=(origin or "").lower().removesuffix("/"),
        room=request.room or "",
        identity=request.identity or "",
        owner=caller.owner,
    )
    if request.session is None:
        return visitor
    desk = session_parts(http).desk
    session = await desk.find_open(request.session, caller)
    http.state.session = session.id
    person = session.spec["participant"]["identity"]
    if request.room is not None or request.identity not in (None, person):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "wrong_identity",
            "The session knows better",
            "A session has a room and a participant of its own: leave room and identity out.",
        )
    return replace(visitor, session=session.id, room=session.room, identity=person)


async def _page_visitor(door: Door, http: Request, request: VisitorTokenRequest) -> Visitor:
    """The guard has seen that the site may ask."""
    origin = http.headers.get("origin")
    if not origin:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "origin_required",
            "Which site?",
            "A page's request has the header Origin; a program needs an API key.",
        )
    if request.session is not None:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "api_key_required",
            "An API key is needed",
            "Only who made a session gives out tokens for it: ask with the API key.",
        )
    if request.origin not in (None, origin):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "wrong_origin",
            "A token for another site",
            "A page gets tokens for its own site alone.",
        )
    return Visitor(origin=origin, room=request.room or "", identity=request.identity or "")
