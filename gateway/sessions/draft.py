"""A wish for a session → its row in the store, and what its agent is told."""

from __future__ import annotations

import secrets
from typing import Any

from gateway.access import Caller
from gateway.people import person_key
from gateway.room import SESSION_ROOMS
from store import StoredSession
from visavis.session import SessionSpec

from .request import SessionRequest


def draft(asked: SessionRequest, caller: Caller, name: str, now: float) -> StoredSession:
    """``name``: of which its id and its room's are made. ``now``: Unix seconds."""
    spec = asked.model_dump(exclude_none=True, exclude={"metadata"})
    person = asked.participant
    spec["participant"] = {
        "identity": person.identity or f"guest-{secrets.token_hex(6)}",
        "name": person.name,
        "control": person.control,
        "person": person_key(person.person) if person.person else None,
    }
    id, room = f"ses_{name}", f"{SESSION_ROOMS}{name}"
    return StoredSession(id, caller.owner, room, spec, asked.metadata, now)


def wish_of(session: StoredSession) -> SessionRequest:
    """What it is asked to be as of now, less who takes part."""
    asked: dict[str, Any] = {k: v for k, v in session.spec.items() if k != "participant"}
    return SessionRequest.model_validate(asked)


def spec_of(session: StoredSession) -> SessionSpec:
    """What its agent is told."""
    asked = wish_of(session)
    return SessionSpec(
        id=session.id,
        created_at=session.created_at,
        talk=asked.talk,
        brain=asked.brain,
        video=asked.video,
        greeting=asked.greeting,
        knowledge=tuple(asked.knowledge),
        max_seconds=asked.max_seconds,
        idle_seconds=asked.idle_seconds,
        transcript=asked.transcript,
    )
