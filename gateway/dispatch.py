"""Brings one agent into a room before a person is let in."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

import aiohttp
from livekit.api import LiveKitAPI
from livekit.api.twirp_client import ServerError
from livekit.protocol.agent import JobStatus
from livekit.protocol.agent_dispatch import AgentDispatch, CreateAgentDispatchRequest
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import DeleteRoomRequest, ListParticipantsRequest, ListRoomsRequest

from settings import Settings

from .problems import conversation_over, nobody_free
from .room import EMPTY_TIMEOUT, room_configuration, room_request

logger = logging.getLogger("visavis.gateway")

POLL_SECONDS = 0.075

JOINING_SECONDS = 15.0
"""How long a running job may take to join. LiveKit lists a job as running after it has ended too,
so an older one counts only while its agent is in the room."""

LISTING_SECONDS = 6.0
"""How long LiveKit may take to list a dispatch's job, or to give up finding a worker, after which
it never tries again. Its server looks for workers for 5 s at a time (``CheckEnabledTimeout``)."""

AGENT_NAME_ATTRIBUTE = "lk.agent_name"
"""LiveKit sets it on every participant that an agent worker brought."""


class Dispatcher:
    """Brings agents; waits ``settings.dispatch_timeout`` seconds for one to take a room."""

    def __init__(self, livekit: LiveKitAPI, settings: Settings) -> None:
        self._livekit = livekit
        self._agent_name = settings.agent_name
        self._config = room_configuration(settings)
        self._timeout = settings.dispatch_timeout

    async def bring_agent(
        self,
        room: str,
        *,
        make_room: bool = True,
        metadata: str = "",
        empty_timeout: int = EMPTY_TIMEOUT,
    ) -> None:
        """Return when the one agent of ``room`` is in it or on its way; make both if need be.

        Args:
            metadata: Of the agent's dispatch, where this call makes one.
            empty_timeout: Seconds that a room which this call makes waits for its first person.

        Raises:
            Problem: nobody is free, and what was made for this call is gone again; or there is no
                such room, and none was to be made.
            ServerError, aiohttp.ClientError, TimeoutError: LiveKit cannot be used.
        """
        started = time.monotonic()
        made_room = not await self._exists(room)
        own: str | None = None
        if made_room and not make_room:
            raise conversation_over()
        if made_room:
            # One step makes room and dispatch, so two callers at once still get one agent.
            await self._livekit.room.create_room(
                room_request(room, self._config, metadata, empty_timeout)
            )
        elif await self._has_agent(room) or await self.is_taken(room):
            return
        else:
            own = await self._dispatch_into(room, metadata)
        try:
            async with asyncio.timeout(self._timeout):
                while not (await self._has_agent(room) or await self.is_taken(room)):
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            await self._undo(room, made_room, own)
            raise nobody_free() from None
        logger.info("an agent took the room after %.2f s", time.monotonic() - started)

    async def _exists(self, room: str) -> bool:
        found = await self._livekit.room.list_rooms(ListRoomsRequest(names=[room]))
        return bool(found.rooms)

    async def _has_agent(self, room: str) -> bool:
        found = await self._livekit.room.list_participants(ListParticipantsRequest(room=room))
        return any(
            each.attributes.get(AGENT_NAME_ATTRIBUTE) == self._agent_name
            for each in found.participants
        )

    async def is_taken(self, room: str) -> bool:
        """Whether an agent has taken it that may not have joined yet."""
        return any(_has_fresh_job(each) for each in await self._dispatches(room))

    async def _dispatches(self, room: str) -> list[AgentDispatch]:
        """Those of our agent, oldest first."""
        found = await self._livekit.agent_dispatch.list_dispatch(room)
        ours = [each for each in found if each.agent_name == self._agent_name]
        return sorted(ours, key=lambda each: (each.state.created_at, each.id))

    async def _dispatch_into(self, room: str, metadata: str) -> str | None:
        """Dispatch an agent, unless somebody else is doing so; the id, where it was this call."""
        if any(_is_alive(each) for each in await self._dispatches(room)):
            return None
        made = await self._livekit.agent_dispatch.create_dispatch(
            CreateAgentDispatchRequest(agent_name=self._agent_name, room=room, metadata=metadata)
        )
        alive = [each.id for each in await self._dispatches(room) if _is_alive(each)]
        if alive and alive[0] != made.id:
            # Two callers saw the empty room at once: the older dispatch stays, for both.
            await self._livekit.agent_dispatch.delete_dispatch(made.id, room)
            return None
        return made.id

    async def _undo(self, room: str, made_room: bool, own: str | None) -> None:
        """Take back what this call made; best effort, for the person is told anyway."""
        with suppress(ServerError, aiohttp.ClientError, TimeoutError):
            if not made_room:
                if own is not None:
                    await self._livekit.agent_dispatch.delete_dispatch(own, room)
                return
            # First the dispatches: a worker that accepts too late would make the room again.
            for each in await self._dispatches(room):
                await self._livekit.agent_dispatch.delete_dispatch(each.id, room)
            found = await self._livekit.room.list_participants(ListParticipantsRequest(room=room))
            if all(each.kind == ParticipantInfo.Kind.AGENT for each in found.participants):
                await self._livekit.room.delete_room(DeleteRoomRequest(room=room))


def _has_fresh_job(dispatch: AgentDispatch) -> bool:
    return any(
        job.state.status == JobStatus.JS_RUNNING and _age(job.state.started_at) < JOINING_SECONDS
        for job in dispatch.state.jobs
    )


def _is_alive(dispatch: AgentDispatch) -> bool:
    looking = not dispatch.state.jobs and _age(dispatch.state.created_at) < LISTING_SECONDS
    return looking or _has_fresh_job(dispatch)


def _age(nanoseconds: int) -> float:
    """Seconds since a time of LiveKit's. Its clock and ours must agree for tokens, too."""
    return time.time() - nanoseconds / 1e9
