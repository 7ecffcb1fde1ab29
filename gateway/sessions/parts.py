"""The parts of the session API, put together, and looked up by its routes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path, Request
from livekit.api import LiveKitAPI
from sqlalchemy import Engine

from gateway.access import Caller, caller_with
from gateway.dispatch import Dispatcher
from gateway.known_heads import KnownHeads
from settings import Settings
from store import Sessions, Webhooks, Workers
from store.idempotency import Requests

from .check import Checker
from .door import Door
from .idempotency import Key, Once
from .janitor import Janitor
from .room import SessionRooms
from .service import SessionDesk
from .texts import Courier


@dataclass(frozen=True)
class SessionParts:
    """Of one gateway."""

    settings: Settings
    sessions: Sessions
    requests: Requests
    checker: Checker
    desk: SessionDesk
    door: Door
    courier: Courier
    janitor: Janitor

    @classmethod
    def of(
        cls,
        settings: Settings,
        store: Engine,
        livekit: LiveKitAPI,
        dispatcher: Dispatcher,
        clock: Callable[[], float] = time.time,
    ) -> SessionParts:
        """``clock``: Unix seconds."""
        sessions, rooms = Sessions(store, clock), SessionRooms(livekit, settings.agent_name)
        checker = Checker(settings, KnownHeads(settings, Workers(store, clock)))
        door = Door(livekit, settings)
        desk = SessionDesk(
            settings, sessions, Webhooks(store, clock), rooms, dispatcher, door, checker, clock
        )
        return cls(
            settings,
            sessions,
            Requests(store, clock),
            checker,
            desk,
            door,
            Courier(door),
            Janitor(settings, store, desk, rooms, clock=clock),
        )


def session_parts(http: Request) -> SessionParts:
    return cast(SessionParts, http.app.state.sessions)


Reader = Annotated[Caller, Depends(caller_with("sessions:read"))]
Writer = Annotated[Caller, Depends(caller_with("sessions:write"))]
Parts = Annotated[SessionParts, Depends(session_parts)]


async def once(http: Request, parts: Parts, caller: Writer, idempotency_key: Key = None) -> Once:
    return await Once.of(parts.requests, http, caller, idempotency_key)


Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
OnlyOnce = Annotated[Once, Depends(once)]
