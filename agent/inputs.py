"""Between the microphone and the session's ears."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from livekit import rtc
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


def subscribe_to_people(room: rtc.Room) -> None:
    """Hear and see who is there and who comes, but no agent: to decode the picture of its own face
    would cost a conversation a twentieth of a core, and sound that nobody listens to as well."""

    def on_published(
        publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            publication.set_subscribed(True)

    room.on("track_published", on_published)
    for participant in room.remote_participants.values():
        for publication in participant.track_publications.values():
            on_published(publication, participant)
