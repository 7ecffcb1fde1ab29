"""An agent whose process dies is replaced at once; LiveKit would leave the room without one.

Its server takes some 20 s to notice that a participant is dead, and starts no job again. The worker
knows as soon as its process is gone. Where the worker itself is to end, LiveKit lets its jobs go on
for the drain timeout and then has them leave: each calls another agent as its last act.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import Any, Final

from livekit import api
from livekit.agents import AgentServer, JobContext
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS, RunningJobInfo
from livekit.protocol.agent import Job

from visavis.session import find_id

logger = logging.getLogger("visavis.agent")

LOOK_EVERY: Final = 0.25
"""Seconds."""
LEAVING: Final = 0.5
"""Seconds after the end of a process until the server has certainly seen it leave, if it did."""
BACKOFF: Final = (0.0, 1.0, 3.0, 10.0, 30.0)
"""Seconds until another agent is called: after the first loss, and after each further one of an
agent that was lost soon. After as many none is called any more: something kills each."""
SOON: Final = 60.0
"""Seconds of its life within which the loss of an agent is one more in a row."""

CUT: Final = "parent process shutdown"
"""LiveKit's reason for the end of a job whose worker ends."""

_PERSONS: Final = frozenset(int(kind) for kind in DEFAULT_PARTICIPANT_KINDS)
_REPLACES: Final = "replaces"
_LOSSES: Final = "losses"
"""In a row, the one that is replaced among them."""


class Replacement:
    """Watches the jobs of ``server``, from its start on.

    A job that ended while its participant is still in the room has died. The participant is removed
    and another agent called, if there is anybody to talk with; ever later, and at last none, where
    one after another dies soon.
    """

    def __init__(self, server: AgentServer, livekit: api.LiveKitAPI) -> None:
        self._server = server
        self._livekit = livekit

    async def run(self) -> None:
        """Until cancelled."""
        known: dict[str, RunningJobInfo] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                active = {info.job.id: info for info in self._server.active_jobs}
                for job_id in known.keys() - active.keys():
                    tasks.create_task(self.replace_if_lost(known[job_id]))
                known = active
                await asyncio.sleep(LOOK_EVERY)

    async def replace_if_lost(self, info: RunningJobInfo) -> None:
        room, identity = info.job.room.name, info.accept_arguments.identity
        lived = time.time() - info.accepted_at
        losses = 1 + (_count_losses(info.job.metadata) if lived < SOON else 0)
        await asyncio.sleep(LEAVING)
        try:
            if not await self._remove(room, identity):
                return
            if losses > len(BACKOFF):
                logger.error("agents are lost soon, %d in a row: calling no other", losses)
                return
            wait = BACKOFF[losses - 1]
            logger.warning("an agent was lost; calling another into its room in %.0f s", wait)
            await asyncio.sleep(wait)
            await call_another(self._livekit, info.job, identity, losses)
        except Exception as error:  # the next one that is lost is to be replaced as well
            logger.warning("a lost agent could not be replaced: %r", error)

    async def _remove(self, room: str, identity: str) -> bool:
        """Was it still there?"""
        try:
            await self._livekit.room.remove_participant(
                api.RoomParticipantIdentity(room=room, identity=identity)
            )
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return False
            raise
        return True


async def call_another(livekit: api.LiveKitAPI, job: Job, identity: str, losses: int = 0) -> None:
    """Into the room of ``job``, whose agent ``identity`` is gone, if there is anybody to talk with.

    ``losses``: of agents in a row.

    Raises what LiveKit's API client raises.
    """
    room = job.room.name
    found = await livekit.room.list_participants(api.ListParticipantsRequest(room=room))
    expected = find_id(job.metadata) is not None  # its person may still come
    if expected or any(int(each.kind) in _PERSONS for each in found.participants):
        metadata = hand_on(job.metadata, identity, losses)
        await livekit.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=job.agent_name, room=room, metadata=metadata)
        )


def hand_over_if_cut(ctx: JobContext) -> None:
    """Call another agent where the worker ends before the conversation does."""

    async def hand_over(reason: str) -> None:
        """Called once the agent has left the room."""
        if reason != CUT or ctx.is_fake_job():
            return
        logger.info("the worker ends; calling another agent into the room")
        try:
            await call_another(ctx.api, ctx.job, ctx.local_participant_identity)
        except Exception as error:
            logger.warning("a conversation could not be handed over: %r", error)

    ctx.add_shutdown_callback(hand_over)


def hand_on(metadata: str, identity: str, losses: int) -> str:
    """The metadata of a lost agent's dispatch for the one that takes its place: the same session,
    the same knowledge."""
    handed = _read(metadata) | {_REPLACES: identity, _LOSSES: losses}
    return json.dumps(handed, ensure_ascii=False)  # LiveKit counts bytes


def is_replacement(metadata: str) -> bool:
    """Does this metadata of a job come from :class:`Replacement`?"""
    return _REPLACES in _read(metadata)


def _count_losses(metadata: str) -> int:
    losses = _read(metadata).get(_LOSSES)
    return losses if isinstance(losses, int) and losses > 0 else 0


def _read(metadata: str) -> dict[str, Any]:
    data: Any = None
    with suppress(ValueError):
        data = json.loads(metadata)
    return data if isinstance(data, dict) else {}


def replace_lost_agents(server: AgentServer, url: str, key: str, secret: str) -> None:
    """Run a :class:`Replacement` for as long as ``server`` runs."""
    running: list[asyncio.Task[None]] = []

    async def run() -> None:
        async with api.LiveKitAPI(url, key, secret) as livekit:
            await Replacement(server, livekit).run()

    @server.on("worker_started")
    def on_started() -> None:
        running.append(asyncio.create_task(run(), name="replacement of lost agents"))
