"""One agent a room: of several, the one that took it first stays, for it knows what was said.

A LiveKit server that restarts makes a room again when the first of its people is back, and calls an
agent into it although the old one is on its way.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from livekit import rtc

from visavis.protocol import ATTRIBUTE_SINCE

_REASON = "the agent that was here first is back"
_AGENT_NAME = "lk.agent_name"
"""LiveKit's, on every participant that an agent worker brought."""


def yield_to_older(room: rtc.Room, agent_name: str, leave: Callable[[str], None]) -> bool:
    """Call ``leave`` (with the reason) as soon as an agent of the same name that took the room
    earlier is in it; answers whether one is there already."""
    since = _since(room.local_participant)

    def is_older(other: rtc.RemoteParticipant) -> bool:
        return other.attributes.get(_AGENT_NAME) == agent_name and _since(other) < since

    def on_connected(other: rtc.RemoteParticipant) -> None:
        if is_older(other):
            leave(_REASON)

    room.on("participant_connected", on_connected)
    if any(is_older(other) for other in room.remote_participants.values()):
        leave(_REASON)
        return True
    return False


def _since(agent: rtc.Participant) -> float:
    """Unix seconds; infinity for one that does not say."""
    try:
        return float(agent.attributes[ATTRIBUTE_SINCE])
    except (KeyError, ValueError):
        return math.inf
