"""An agent without a mind behind our own ``AvatarSession``: it says the recordings it is told to.

``python -m bench.kill_agent dev``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, room_io

from bench.bot import MIC_RATE, Speech
from bench.mouthpiece import frames
from settings import load_settings
from visavis import AvatarSession
from worker_cli import run_worker

NAME: Final = "bench-recordings"
"""Dispatch name."""
RPC_SAY: Final = "bench.say"
"""Payload: the path of a ``.npy`` of (n,) int16 at :data:`RATE`. Answered once it was played."""
RATE: Final = MIC_RATE


async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect()
    session: AgentSession[None] = AgentSession(vad=None, turn_handling={"turn_detection": "manual"})
    avatar = AvatarSession(face_timeout=30)
    await avatar.start(session, room=ctx.room)
    await session.start(
        Agent(instructions=""),
        room=ctx.room,
        room_options=room_io.RoomOptions(audio_input=False, text_input=False, text_output=False),
        session_host=False,
    )

    async def say(invocation: rtc.RpcInvocationData) -> str:
        sound = np.load(Path(invocation.payload))
        await session.say("A recording.", audio=_stream(sound), allow_interruptions=False)
        return "ok"

    ctx.room.local_participant.register_rpc_method(RPC_SAY, say)


async def _stream(speech: Speech) -> AsyncIterator[rtc.AudioFrame]:
    for frame in frames(speech):
        yield frame


def main() -> None:
    # The forkserver must find this module by its name, not as the program that was started.
    from bench import kill_agent

    settings = load_settings()
    server = AgentServer(
        load_fnc=lambda: 0.0, port=0, num_idle_processes=1, drain_timeout=0, log_level="INFO"
    )
    server.rtc_session(kill_agent.entrypoint, agent_name=NAME)
    run_worker(server, settings, hears=False)


if __name__ == "__main__":
    main()
