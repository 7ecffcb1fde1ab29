"""What a face needs of its agent's session and room."""

from __future__ import annotations

import asyncio
import logging

from livekit import rtc
from livekit.agents.voice.io import AudioOutput

from .protocol import ATTRIBUTE_FACE, FaceState

logger = logging.getLogger("visavis.avatar")


def last_output(output: AudioOutput | None) -> AudioOutput | None:
    """The last output of a chain: the plain voice that was there before the face."""
    while output is not None and output.next_in_chain is not None:
        output = output.next_in_chain
    return output


async def say_face(room: rtc.Room, state: FaceState) -> None:
    """Publish it in the agent's attributes."""
    try:
        await room.local_participant.set_attributes({ATTRIBUTE_FACE: state})
    except Exception:
        logger.warning("could not publish the face's state %r", state, exc_info=True)


async def until_connected(room: rtc.Room) -> None:
    """Wait for the room to be connected."""
    connected = asyncio.Event()

    def on_state(state: rtc.ConnectionState.ValueType) -> None:
        if state == rtc.ConnectionState.CONN_CONNECTED:
            connected.set()

    room.on("connection_state_changed", on_state)
    try:
        if not room.isconnected():
            await connected.wait()
    finally:
        room.off("connection_state_changed", on_state)
