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

DEPARTURE_MARGIN = 10
"""Seconds that a room outlasts the agent's patience with a person who left."""


PICTURE_DELAY_MS = 50
"""What a browser holds the picture back, at least (WebRTC's ``playout-delay`` extension).

Sound waits 30 to 40 ms in its jitter buffer from the first second on. A picture would be shown as
it comes until two RTCP sender reports of both have been seen, after 10 to 20 s, and
``sync_streams`` can act."""


def room_configuration(settings: Settings) -> RoomConfiguration:
    """What LiveKit applies when it makes the room, and ignores for one that exists.

    ``sync_streams`` makes browsers play sound and picture in time with each other, and
    ``min_playout_delay`` keeps the picture from running ahead until it does.
    """
    return RoomConfiguration(
        empty_timeout=EMPTY_TIMEOUT,
        departure_timeout=math.ceil(settings.reconnect_grace) + DEPARTURE_MARGIN,
        sync_streams=True,
        min_playout_delay=PICTURE_DELAY_MS,
        agents=[RoomAgentDispatch(agent_name=settings.agent_name)],
    )


def room_request(room: str, config: RoomConfiguration) -> CreateRoomRequest:
    """Makes ``room`` and, in the same step, dispatches one agent into it."""
    return CreateRoomRequest(
        name=room,
        empty_timeout=config.empty_timeout,
        departure_timeout=config.departure_timeout,
        sync_streams=config.sync_streams,
        min_playout_delay=config.min_playout_delay,
        agents=config.agents,
    )
