"""Asking LiveKit for an avatar, and taking it back."""

from __future__ import annotations

import logging
from typing import Literal

from livekit import api
from livekit.protocol.agent import JobStatus

from .protocol import AvatarDispatch

logger = logging.getLogger("visavis.avatar")

Progress = Literal["unanswered", "coming", "over"]
"""Unanswered: no worker has taken it, or LiveKit does not say. Over: it will not come any more."""


class FaceDesk:
    """The calls to LiveKit's API, for one room. None raises: a room without a face talks on.

    Whatever the API's client does: a proxy's page in place of an answer is a ``DecodeError`` of
    protobuf's.
    """

    def __init__(self, livekit: api.LiveKitAPI, room: str, avatar_name: str) -> None:
        self._livekit = livekit
        self._room = room
        self._avatar_name = avatar_name

    async def ask(self, request: AvatarDispatch) -> str | None:
        """Ask for an avatar; answers the dispatch's id, None when LiveKit cannot be asked."""
        try:
            made = await self._livekit.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(
                    agent_name=self._avatar_name, room=self._room, metadata=request.to_json()
                )
            )
        except Exception as error:
            logger.warning("cannot ask LiveKit for a face: %r", error)
            return None
        return str(made.id)

    async def progress(self, dispatch_id: str) -> Progress:
        """What has become of a dispatch."""
        try:
            dispatch = await self._livekit.agent_dispatch.get_dispatch(dispatch_id, self._room)
        except Exception as error:
            logger.debug("LiveKit does not say what became of a face: %r", error)
            return "unanswered"
        if dispatch is None or not dispatch.state.jobs:
            return "unanswered"
        coming = (JobStatus.JS_PENDING, JobStatus.JS_RUNNING)
        return "coming" if any(j.state.status in coming for j in dispatch.state.jobs) else "over"

    async def withdraw(self, dispatch_id: str | None, identity: str) -> None:
        """End the dispatch's job, and remove its avatar, which may only be stalled."""
        await self.remove(identity)
        if dispatch_id is not None:
            try:
                await self._livekit.agent_dispatch.delete_dispatch(dispatch_id, self._room)
            except Exception as error:
                logger.info("the dispatch of a face that is gone stays behind: %r", error)

    async def remove(self, identity: str) -> None:
        """Remove an avatar from the room, if it is there."""
        try:
            await self._livekit.room.remove_participant(
                api.RoomParticipantIdentity(room=self._room, identity=identity)
            )
        except Exception as error:
            if getattr(error, "code", None) != "not_found":
                logger.warning("an avatar could not be removed from the room: %r", error)
