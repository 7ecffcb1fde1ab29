"""What avatars say to the agent, brought to whom it concerns."""

from __future__ import annotations

import logging
from typing import Final

from livekit import rtc

from .face_voice import FaceVoice
from .playback import PlaybackFinished, SignOfLife
from .protocol import (
    RPC_PLAYBACK_FINISHED,
    RPC_PLAYBACK_STARTED,
    TOPIC_ALIVE,
    ProtocolError,
)

logger = logging.getLogger("visavis.voice")

MALFORMED: Final = 1422
"""Code of the RPC error that answers a message that cannot be read."""


class Inbox:
    """One for each room: hears RPCs and signs of life, and knows the avatars that may send them.

    Messages of anybody else, and of avatars that were given up, change nothing.
    """

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._faces: dict[str, FaceVoice] = {}

    def add(self, identity: str, face: FaceVoice) -> None:
        self._faces[identity] = face

    def remove(self, identity: str) -> None:
        self._faces.pop(identity, None)

    def open(self) -> None:
        """Listen. The room must be connected."""
        local = self._room.local_participant
        local.register_rpc_method(RPC_PLAYBACK_STARTED, self._on_started)
        local.register_rpc_method(RPC_PLAYBACK_FINISHED, self._on_finished)
        self._room.on("data_received", self._on_data)

    def close(self) -> None:
        """Leave nothing behind in the room. The room may be gone."""
        self._faces.clear()
        self._room.off("data_received", self._on_data)
        if self._room.isconnected():
            local = self._room.local_participant
            local.unregister_rpc_method(RPC_PLAYBACK_STARTED)
            local.unregister_rpc_method(RPC_PLAYBACK_FINISHED)

    async def _on_started(self, call: rtc.RpcInvocationData) -> str:
        if (face := self._faces.get(call.caller_identity)) is None:
            return "ignored"
        face.started(call.payload)
        return "ok"

    async def _on_finished(self, call: rtc.RpcInvocationData) -> str:
        if (face := self._faces.get(call.caller_identity)) is None:
            return "ignored"
        try:
            end = PlaybackFinished.from_json(call.payload)
        except ProtocolError as error:
            logger.warning("an avatar's message cannot be read: %s", error)
            raise rtc.RpcError(MALFORMED, str(error)) from None
        face.finished(end)
        return "ok"

    def _on_data(self, packet: rtc.DataPacket) -> None:
        if packet.topic != TOPIC_ALIVE or packet.participant is None:
            return
        if (face := self._faces.get(packet.participant.identity)) is None:
            return
        try:
            face.sign(SignOfLife.from_json(packet.data))
        except ProtocolError as error:
            logger.warning("an avatar's sign of life cannot be read: %s", error)
