"""The agent worker: registers with LiveKit and runs a process for each conversation."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable

from livekit.agents import AgentServer, JobRequest
from livekit.agents.types import NOT_GIVEN
from livekit.agents.worker import ServerEnvOption

from settings import Settings
from store.heartbeat import announce
from visavis.protocol import ATTRIBUTE_SINCE
from visavis.proxies import is_direct

from . import capture
from .brains.inventory import list_brains
from .brains.providers import choose_providers
from .conversation import converse, prewarm
from .replacement import replace_lost_agents

logger = logging.getLogger("visavis.agent")

CONVERSATIONS_PER_CORE = 4
"""Where the language model runs elsewhere; what is left is hearing, speaking and the network."""
HEALTH_PORT = 8081
"""Where ``start`` answers health checks."""
FULL = 0.69
"""Load at which LiveKit sends no more jobs: its server asks nobody from 0.7 on (its
``agents.target_load``)."""


def capacity(settings: Settings) -> int:
    """Conversations that this worker holds at once."""
    if choose_providers(settings).llm == "embedded":
        return settings.llama_slots
    return CONVERSATIONS_PER_CORE * (os.cpu_count() or 1)


def build_server(settings: Settings, *, alone: bool = False) -> AgentServer:
    """A worker that is not running yet. ``alone``: for one conversation, as in the terminal."""
    most = capacity(settings)
    capture.warn(settings.debug_audio_capture)

    def fullness(server: AgentServer) -> float:
        return len(server.active_jobs) / most

    # LiveKit's default measures the machine's CPU: one busy with other things would turn every
    # job away, and nobody would be told.
    def load(server: AgentServer) -> float:
        return FULL * fullness(server)

    server = AgentServer(
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_api_secret.get_secret_value(),
        setup_fnc=prewarm,
        load_fnc=load,
        load_threshold=FULL,
        num_idle_processes=0 if alone else ServerEnvOption(dev_default=1, prod_default=2),
        initialize_process_timeout=60.0,
        shutdown_process_timeout=10.0,
        session_end_timeout=10.0,
        drain_timeout=5,
        job_memory_warn_mb=1500,
        # LiveKit's default under ``dev``, DEBUG, writes what people say into the log.
        log_level="INFO",
        port=ServerEnvOption(dev_default=0, prod_default=HEALTH_PORT),
        preload_modules=["agent.preload"],
        http_proxy=None if is_direct(settings.livekit_url) else NOT_GIVEN,
    )
    server.rtc_session(
        converse,
        agent_name=settings.agent_name,
        on_request=answer_up_to(most, server),
    )
    if not alone:
        replace_lost_agents(
            server,
            settings.livekit_url,
            settings.livekit_api_key,
            settings.livekit_api_secret.get_secret_value(),
        )
        announce(server, "agent", settings.store_url, list_brains(settings), fullness)
    return server


def answer_up_to(most: int, server: AgentServer) -> Callable[[JobRequest], Awaitable[None]]:
    """Refuse what is too much here as well: LiveKit Cloud does not ask for our load."""

    async def answer(request: JobRequest) -> None:
        if len(server.active_jobs) >= most:
            logger.warning("all %d conversations are taken; refusing one more", most)
            await request.reject()
        else:
            await request.accept(attributes={ATTRIBUTE_SINCE: f"{time.time():.3f}"})

    return answer
