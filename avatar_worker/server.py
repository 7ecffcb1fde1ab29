"""The avatar worker: a LiveKit ``AgentServer`` that gives each dispatch a face."""

from __future__ import annotations

import functools
import logging
import math
import os
import sys
from pathlib import Path
from typing import Final

from livekit.agents import AgentServer, JobContext, JobProcess
from livekit.agents.types import NOT_GIVEN
from livekit.agents.worker import ServerEnvOption

from avatar_worker.admission import Admission, features
from avatar_worker.background import Backgrounds
from avatar_worker.engine import Engine
from avatar_worker.load import Board
from settings import Settings
from visavis.proxies import is_direct

logger = logging.getLogger("visavis.avatar")

HEALTH_PORT: Final = 8082
"""Where ``start`` answers health checks; the agent worker has LiveKit's 8081."""
DRAIN_TIMEOUT: Final = 15
"""Seconds that rooms have to leave in a pause of their agent, when the worker is stopped."""
_WARM: Final = "warm"


def make_server(
    settings: Settings, lipsync_name: str, engine: Engine, backgrounds: Backgrounds
) -> AgentServer:
    """A worker that is not running yet."""
    admission = Admission(settings, lipsync_name, engine, backgrounds)
    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        setup_fnc=functools.partial(warm_up, board_folder=admission.folder),
        load_fnc=admission.measure,
        # Admission refuses. LiveKit's own check would turn away the second of two first rooms.
        load_threshold=math.inf,
        num_idle_processes=1,
        initialize_process_timeout=60,
        drain_timeout=DRAIN_TIMEOUT,
        preload_modules=["avatar_worker.preload"],
        port=ServerEnvOption(dev_default=0, prod_default=HEALTH_PORT),
        http_proxy=None if is_direct(settings.livekit_url) else NOT_GIVEN,
    )
    server.rtc_session(
        run_job,
        agent_name=settings.avatar_name,
        on_request=functools.partial(admission.answer, server=server),
    )
    from store.heartbeat import announce  # not at the top: every room's process reads this module

    about = {"lipsync": lipsync_name, "heads": list(engine.heads), "features": features()}
    announce(server, "avatar", settings.store_url, about, admission.fullness)
    return server


def warm_up(process: JobProcess, *, board_folder: Path) -> None:
    """Before a job: everything imported, the model's session open, the renderer built."""
    from avatar_worker import warm
    from avatar_worker.preload import PRELOADED

    if PRELOADED.process_id == os.getpid() and sys.platform == "linux":
        logger.warning("the head was not preloaded; this process loaded it for itself")
    process.userdata[_WARM] = warm.warm_up(PRELOADED, Board(board_folder))


async def run_job(ctx: JobContext) -> None:
    from avatar_worker.room import serve_room

    # Not kept: a renderer that a room no longer uses shall be gone.
    await serve_room(ctx, ctx.proc.userdata.pop(_WARM))
