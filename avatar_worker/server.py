"""The avatar worker: a LiveKit ``AgentServer`` that gives each dispatch a face."""

from __future__ import annotations

import functools
import logging
import os
import sys

from livekit.agents import AgentServer, JobContext, JobProcess, JobRequest
from livekit.agents.worker import ServerEnvOption

from avatar_worker.heads import HEADS
from settings import Settings
from visavis.protocol import (
    ATTRIBUTE_HEAD,
    ATTRIBUTE_LIPSYNC,
    ATTRIBUTE_PUBLISH_ON_BEHALF,
    AvatarDispatch,
    ProtocolError,
)

logger = logging.getLogger("visavis.avatar")

HEALTH_PORT = 8082
"""Where ``start`` answers health checks; the agent worker has LiveKit's 8081."""
_WARM = "warm"
DRAIN_TIMEOUT = 5
"""Seconds: a face without its agent has nothing to finish."""


def make_server(settings: Settings, lipsync_name: str) -> AgentServer:
    """A worker that is not running yet."""
    max_rooms = settings.avatar_max_rooms
    if max_rooms is None:
        max_rooms = 2 * (os.cpu_count() or 1)
    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        setup_fnc=warm_up,
        load_fnc=functools.partial(measure_load, max_rooms=max_rooms),
        load_threshold=1.0,
        num_idle_processes=1,
        initialize_process_timeout=60,
        drain_timeout=DRAIN_TIMEOUT,
        preload_modules=["avatar_worker.preload"],
        port=ServerEnvOption(dev_default=0, prod_default=HEALTH_PORT),
    )
    answer = functools.partial(
        answer_request, server=server, settings=settings, lipsync=lipsync_name, max_rooms=max_rooms
    )
    server.rtc_session(run_job, agent_name=settings.avatar_name, on_request=answer)
    return server


def measure_load(server: AgentServer, *, max_rooms: int) -> float:
    """Rooms served of those that may be, 0..1: our own capacity, not the machine's busyness."""
    return 1.0 if max_rooms == 0 else min(1.0, len(server.active_jobs) / max_rooms)


async def answer_request(
    request: JobRequest, *, server: AgentServer, settings: Settings, lipsync: str, max_rooms: int
) -> None:
    """Accept a dispatch in the identity it asks for; refuse what is malformed or too much.

    LiveKit Cloud ignores a worker's load, so the request itself is refused there.
    """
    try:
        dispatch = AvatarDispatch.from_json(request.job.metadata)
    except ProtocolError as error:
        logger.warning("refusing a dispatch: %s", error)
        await request.reject()
        return
    if dispatch.head is not None and dispatch.head not in HEADS:
        # Only names: a path from the network is nobody's business.
        logger.warning("refusing a dispatch: no head %r here, only %s", dispatch.head, HEADS)
        await request.reject()
        return
    if len(server.active_jobs) >= max_rooms:
        logger.warning("refusing a room: already serving %d", max_rooms)
        await request.reject()
        return
    await request.accept(
        name="Avatar",
        identity=dispatch.avatar_identity,
        attributes={
            ATTRIBUTE_PUBLISH_ON_BEHALF: dispatch.agent_identity,
            ATTRIBUTE_LIPSYNC: lipsync,
            ATTRIBUTE_HEAD: dispatch.head or settings.avatar_head,
        },
    )


def warm_up(process: JobProcess) -> None:
    """Before a job: everything imported, the model's session open, the renderer built."""
    from avatar_worker import room
    from avatar_worker.preload import PRELOADED

    if PRELOADED.process_id == os.getpid() and sys.platform == "linux":
        logger.warning("the head was not preloaded; this process loaded it for itself")
    process.userdata[_WARM] = room.warm_up(PRELOADED)


async def run_job(ctx: JobContext) -> None:
    from avatar_worker.room import serve_room

    await serve_room(ctx, ctx.proc.userdata[_WARM])
