"""What happens in a session, as the products around Visavis are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

EventType = Literal[
    "session.created",
    "session.started",
    "user.turn",
    "agent.turn",
    "agent.interrupted",
    "session.warned",
    "message",
    "session.ended",
    "session.failed",
]
"""Created: by the gateway. Started: the person and the agent are both there; ``face`` says whether
its face is. User turn: ``text``. Agent turn: ``text`` as far as it was heard, ``interrupted``,
``timing`` in seconds. Interrupted: the voice was stopped. Warned: ``limit`` (``duration`` or
``idle``) and ``seconds_left``. Message: of a text to say or to ask, a
:class:`visavis.talk.MessageNews`. Ended: ``reason``, an :data:`EndReason`. Failed: ``code`` and
``detail``; the session may go on."""

EndReason = Literal["ended", "left", "duration", "idle", "lost", "failed"]
"""Ended: by the API. Left: the person went. Duration, idle: a limit. Lost: the room was found gone.
Failed: it could not begin."""


@dataclass(frozen=True)
class Event:
    """One of a session's, in its order."""

    session: str
    seq: int
    """From 1, without gaps."""
    type: EventType
    at: float
    """Unix seconds."""
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
