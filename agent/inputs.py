"""Between the microphone and the session's ears."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from livekit.agents import AgentSession, JobContext

from . import capture
from .gate import Gate


def refine_inputs(
    ctx: JobContext, session: AgentSession[Any], recordings: Path | None, *, gated: bool
) -> None:
    """Record what is heard in the folder ``recordings``, if any; ``gated``: hear no echoes."""
    microphone = session.input.audio
    if microphone is None or not (gated or recordings):
        return
    if recordings is not None:
        capture.warn(recordings)
        recording = capture.Recording(recordings, ctx.job.room.name)
        microphone = capture.Captured(microphone, recording)

        async def close() -> None:
            await asyncio.to_thread(recording.close)

        ctx.add_shutdown_callback(close)
    if gated:
        microphone = Gate(microphone, lambda: session.agent_state == "speaking")
    session.input.audio = microphone
