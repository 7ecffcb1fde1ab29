"""A session's face: whether it came."""

from __future__ import annotations

import asyncio
from typing import Final

from livekit import rtc

from visavis.protocol import ATTRIBUTE_FACE, ATTRIBUTE_PUBLISH_ON_BEHALF, FaceState

LATE: Final = 2.0
"""Seconds beyond ``FACE_TIMEOUT`` after which a face counts as absent."""


async def find_face(room: rtc.Room, patience: float) -> FaceState:
    """Whether it is there, once that is known; ``patience``: ``FACE_TIMEOUT``, seconds."""
    agent = room.local_participant
    settled = asyncio.Event()

    def look(*_: object) -> None:
        if agent.attributes.get(ATTRIBUTE_FACE) in ("present", "absent"):
            settled.set()

    room.on("participant_attributes_changed", look)
    try:
        look()
        async with asyncio.timeout(patience + LATE):
            await settled.wait()
    except TimeoutError:
        return "absent"
    finally:
        room.off("participant_attributes_changed", look)
    return "present" if agent.attributes.get(ATTRIBUTE_FACE) == "present" else "absent"


def has_come(room: rtc.Room) -> bool:
    """Whether it is in the room."""
    own = room.local_participant.identity
    people = room.remote_participants.values()
    return any(each.attributes.get(ATTRIBUTE_PUBLISH_ON_BEHALF) == own for each in people)
