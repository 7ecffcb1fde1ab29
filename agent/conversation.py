"""One conversation: the job of an agent in a room, or in the terminal."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os

from livekit import rtc
from livekit.agents import AgentSession, JobContext, JobProcess, room_io

from settings import load_settings
from visavis import AvatarSession
from visavis.protocol import ATTRIBUTE_BRAINS, RPC_INTERRUPT

from .assistant import Assistant
from .brains.choose import Brains, Models, assemble, choose_providers, load_models
from .brains.llama import LlamaAddress, prime

logger = logging.getLogger("visavis.agent")

ECHO_LEARNING = 1.0
"""Seconds at the beginning of the agent's first words during which the person cannot cut in, while
the echo canceller of their device learns the loudspeaker. LiveKit's default is 3."""

_MODELS = "visavis.models"


def prewarm(process: JobProcess) -> None:
    """Load the models before there is a job."""
    importlib.import_module("agent.preload")
    process.userdata[_MODELS] = load_models(choose_providers(load_settings()))


async def converse(ctx: JobContext) -> None:
    """Entry point of a job: talk until the person leaves."""
    settings = load_settings()
    models: Models = ctx.proc.userdata[_MODELS]
    address = LlamaAddress.find(os.environ)
    brains = await asyncio.to_thread(assemble, settings, models, address)
    session = open_session(brains)
    session.on("close", lambda _: ctx.shutdown("the conversation is over"))
    assistant = Assistant(settings.agent_instructions, small=brains.small)

    avatar = AvatarSession(face_timeout=settings.face_timeout, avatar_name=settings.avatar_name)
    if not ctx.is_fake_job():
        await ctx.connect()
    await avatar.start(session, room=ctx.room)
    await session.start(
        assistant,
        room=ctx.room,
        room_options=room_io.RoomOptions(),
        # Nobody in the room may drive the session, and nobody needs its running commentary.
        session_host=False,
    )
    if not ctx.is_fake_job():
        await _introduce(ctx.room, session, brains)
        try:
            await ctx.wait_for_participant()
        except RuntimeError:
            logger.info("the room closed before anyone came")
            return
    session.say(settings.agent_greeting)
    if brains.small:
        await prime(brains.llm, str(assistant.instructions))


def open_session(brains: Brains) -> AgentSession[None]:
    return AgentSession(
        vad=brains.vad,
        stt=brains.stt,
        llm=brains.llm,
        tts=brains.tts,
        turn_handling=brains.turn_handling,
        aec_warmup_duration=ECHO_LEARNING,
    )


async def _introduce(room: rtc.Room, session: AgentSession[None], brains: Brains) -> None:
    """Say what is in use, and take the interrupt button's call."""

    async def interrupt(_: rtc.RpcInvocationData) -> str:
        await asyncio.shield(session.interrupt(force=True))
        return "ok"

    room.local_participant.register_rpc_method(RPC_INTERRUPT, interrupt)
    await room.local_participant.set_attributes({ATTRIBUTE_BRAINS: json.dumps(brains.description)})
