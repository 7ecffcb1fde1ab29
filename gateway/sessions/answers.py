"""What is told of sessions. All times are Unix seconds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from store import StoredSession
from visavis.events import EndReason
from visavis.talk import MessageState

from .room import Live

Presence = Literal["present", "coming", "absent"]


class Seen(BaseModel):
    """Whether somebody is there."""

    state: Presence
    detail: str | None = Field(None, description="Why not, for people.")


class ParticipantSeen(BaseModel):
    """Somebody in the room."""

    identity: str
    name: str
    kind: Literal["person", "agent", "face"]
    joined_at: float


class SessionSummary(BaseModel):
    """A session as it was asked for, and whether it is over."""

    id: str
    state: Literal["open", "ended"]
    created_at: float
    ends_at: float = Field(description="When it is over at the latest.")
    ended_at: float | None = None
    end_reason: EndReason | None = None
    room: str = Field(description="Name of its LiveKit room.")
    asked: dict[str, Any] = Field(description="As it was asked for, and changed since.")
    metadata: dict[str, Any]


class SessionView(SessionSummary):
    """A session, and what goes on in its room now."""

    agent: Seen
    face: Seen
    brains: dict[str, Any] = Field({}, description="What listens, thinks and speaks.")
    settings: dict[str, Any] = Field({}, description="In force now; empty until somebody joined.")
    participants: list[ParticipantSeen] = []


class Token(BaseModel):
    """Where to join, and with what."""

    server_url: str
    participant_token: str
    participant_identity: str
    token_expires_at: float = Field(
        description="Until when it admits. Who is in stays in; a new one comes from `token`."
    )


class CreatedSession(SessionView, Token):
    """A new session, and what of it is there already."""

    webhook_secret: str | None = Field(
        None, description="What the messages to `webhook_url` are signed with; shown only here."
    )


class SessionPage(BaseModel):
    """Newest first."""

    sessions: list[SessionSummary]
    next_cursor: str | None = Field(None, description="Of the next page; null: this is the last.")


class MessageAnswer(BaseModel):
    """What has become of a text."""

    id: str
    state: MessageState
    detail: str | None = None
    pieces: int | None = Field(None, description="In how many it was handed to the agent.")


class Turn(BaseModel):
    """What one side said."""

    seq: int = Field(description="Of its event.")
    at: float
    role: Literal["user", "agent"]
    text: str | None = Field(description="Null where the session keeps no transcript.")
    interrupted: bool = Field(False, description="The text is as far as it was heard.")


class Transcript(BaseModel):
    """What was said so far, oldest first."""

    turns: list[Turn]
    next_after: int | None = Field(None, description="`after` of the next page; null: no more yet.")


class Done(BaseModel):
    """It was done."""

    ok: Literal[True] = True


def summary(session: StoredSession, longest: float) -> dict[str, Any]:
    """The fields of a :class:`SessionSummary`. ``longest``: seconds, where it asked for nothing."""
    return {
        "id": session.id,
        "state": "open" if session.ended_at is None else "ended",
        "created_at": session.created_at,
        "ends_at": session.created_at + min(session.spec.get("max_seconds") or longest, longest),
        "ended_at": session.ended_at,
        "end_reason": session.end_reason,
        "room": session.room,
        "asked": {k: v for k, v in session.spec.items() if k != "participant"},
        "metadata": session.metadata,
    }


def presence(live: Live | None, *, is_coming: bool = False) -> dict[str, Any]:
    """The fields of a :class:`SessionView` that a :class:`SessionSummary` lacks."""
    if live is None:
        gone = Seen(state="absent", detail="There is no such room any more.")
        return {"agent": gone, "face": gone}
    agent = Seen(state="present")
    if live.agent is None:
        agent = Seen(
            state="coming" if is_coming else "absent",
            detail="It has taken the job and joins in a moment."
            if is_coming
            else "It left, or was lost.",
        )
    return {
        "agent": agent,
        "face": _face(live, agent.state),
        "brains": live.brains,
        "settings": live.settings,
        "participants": [ParticipantSeen(**vars(each)) for each in live.participants],
    }


def _face(live: Live, agent: Presence) -> Seen:
    match live.face:
        case "present":
            return Seen(state="present")
        case "absent":
            detail = "No avatar worker is free, or it failed: the agent speaks without a face."
            return Seen(state="absent", detail=detail)
        case "waiting":
            return Seen(state="coming", detail="It is on its way.")
    if agent == "absent":
        return Seen(state="absent", detail="There is no agent to bring it.")
    return Seen(state="coming", detail="The agent has not asked for it yet.")
