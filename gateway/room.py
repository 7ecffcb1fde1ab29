"""How a room for a conversation is made."""

from __future__ import annotations

import math
from datetime import timedelta

from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import CreateRoomRequest, RoomConfiguration

from settings import Settings

TOKEN_LIFETIME = timedelta(seconds=60)
"""How long a token admits to the room; whoever is in stays in.

LiveKit's clients keep a token until a minute before it ends, so with this one they always ask
anew, and are told when nobody is free.
"""

EMPTY_TIMEOUT = 90
"""Seconds that a room waits for its first person: longer than a token admits."""

SESSION_ROOMS = "session-"
"""With which the names of sessions' rooms begin, and no other room's."""

DEPARTURE_MARGIN = 10
"""Seconds that a room outlasts the agent's patience with a person who left."""


def room_configuration(settings: Settings) -> RoomConfiguration:
    """What LiveKit applies when it makes the room, and ignores for one that exists.

    ``sync_streams`` makes browsers play sound and picture in time with each other.
    """
    return RoomConfiguration(
        empty_timeout=EMPTY_TIMEOUT,
        departure_timeout=math.ceil(settings.reconnect_grace) + DEPARTURE_MARGIN,
        sync_streams=True,
        agents=[RoomAgentDispatch(agent_name=settings.agent_name)],
    )


def room_request(
    room: str,
    config: RoomConfiguration,
    metadata: str = "",
    empty_timeout: int = EMPTY_TIMEOUT,
) -> CreateRoomRequest:
    """Makes ``room`` and, in the same step, dispatches one agent with ``metadata`` into it."""
    return CreateRoomRequest(
        name=room,
        empty_timeout=empty_timeout,
        departure_timeout=config.departure_timeout,
        sync_streams=config.sync_streams,
        agents=[
            RoomAgentDispatch(agent_name=each.agent_name, metadata=metadata)
            for each in config.agents
        ],
    )
