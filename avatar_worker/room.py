"""One room: the avatar joins on its agent's behalf, speaks, and leaves with it."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import astuple, dataclass

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext

from avatar_worker.agent_link import AgentLink
from avatar_worker.face import Face, Mood
from avatar_worker.heads import find_head
from avatar_worker.player import Encoding, Event, Player, RoomTracks, Voice
from avatar_worker.preload import Preloaded
from avatar_worker.render import MeshRenderer, load_head
from visavis.protocol import AvatarDispatch

logger = logging.getLogger("visavis.avatar")

AGENT_STATE = "lk.agent.state"
"""LiveKit's attribute of an agent: initializing, listening, thinking, speaking."""
AGENT_PATIENCE = 10.0
"""Seconds to wait for the agent that asked for this avatar."""
LISTENER_PATIENCE = 3.0
"""Seconds that the first word waits until somebody has subscribed to voice and picture."""

_MOODS: dict[str, Mood] = {"listening": "listening", "thinking": "thinking"}


@dataclass(frozen=True)
class Look:
    """What is drawn."""

    head: str
    width: int
    height: int
    background: str


@dataclass(frozen=True)
class Warm:
    """What a process has ready for its one room before the room is known."""

    preloaded: Preloaded
    look: Look
    renderer: MeshRenderer


def warm_up(preloaded: Preloaded) -> Warm:
    """Build what the worker's settings ask for; most dispatches ask for nothing else."""
    settings = preloaded.settings
    look = Look(
        settings.avatar_head,
        settings.avatar_width,
        settings.avatar_height,
        settings.avatar_background,
    )
    preloaded.lipsync.create()
    return Warm(preloaded, look, MeshRenderer(preloaded.head, *astuple(look)[1:]))


def _renderer(warm: Warm, dispatch: AvatarDispatch) -> MeshRenderer:
    look = Look(
        dispatch.head or warm.look.head,
        dispatch.width or warm.look.width,
        dispatch.height or warm.look.height,
        dispatch.background or warm.look.background,
    )
    if look == warm.look:
        return warm.renderer
    head = warm.preloaded.head
    if look.head != warm.look.head:
        head = load_head(find_head(look.head))
    return MeshRenderer(head, look.width, look.height, look.background)


async def serve_room(ctx: JobContext, warm: Warm) -> None:
    """Entrypoint of a job; returns when the face is in the room, which it leaves by itself."""
    dispatch = AvatarDispatch.from_json(ctx.job.metadata)
    settings = warm.preloaded.settings
    ctx.log_context_fields = {"room": ctx.job.room.name}
    renderer = await asyncio.to_thread(_renderer, warm, dispatch)
    lips = await asyncio.to_thread(warm.preloaded.lipsync.create)
    tracks = RoomTracks(
        renderer.width,
        renderer.height,
        Encoding(settings.avatar_video_codec, settings.avatar_video_bitrate),
    )

    def on_event(event: Event) -> None:
        link.notify(event)

    player = Player(face=Face(random.Random()), renderer=renderer, output=tracks, on_event=on_event)
    voice = Voice(player, lips)
    link = AgentLink(ctx.room, dispatch.agent_identity, player, voice)
    link.register_streams()
    player.start()

    async def leave() -> None:
        running.cancel()
        await asyncio.to_thread(player.stop)
        voice.aclose()
        await tracks.aclose()
        counted = player.counters
        logger.info(
            "left the room: %d pictures, %d dropped, %d underruns",
            counted.pictures,
            counted.dropped_pictures,
            counted.underruns,
        )

    ctx.add_shutdown_callback(leave)
    running = asyncio.create_task(link.run(), name="visavis agent link")
    await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    _follow_agent(ctx, dispatch.agent_identity, player)
    link.register_rpcs()
    published = await tracks.publish(ctx.room.local_participant)
    try:
        async with asyncio.timeout(LISTENER_PATIENCE):
            for publication in published:
                await publication.wait_for_subscription()
    except TimeoutError:
        logger.info("nobody listens and looks yet; speaking anyway")
    player.open_gate()


def _follow_agent(ctx: JobContext, identity: str, player: Player) -> None:
    """Mirror the agent's state in the face, and end the job when the agent leaves."""

    def follow(state: str | None) -> None:
        player.mood = _MOODS.get(state or "", "idle")

    def on_attributes(_changed: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity == identity:
            follow(participant.attributes.get(AGENT_STATE))

    def on_gone(participant: rtc.RemoteParticipant) -> None:
        if participant.identity == identity:
            ctx.shutdown("the agent left")

    def check_agent() -> None:
        if identity not in ctx.room.remote_participants:
            ctx.shutdown("the agent that asked for this avatar is not in the room")

    ctx.room.on("participant_attributes_changed", on_attributes)
    ctx.room.on("participant_disconnected", on_gone)
    asyncio.get_running_loop().call_later(AGENT_PATIENCE, check_agent)
    if (agent := ctx.room.remote_participants.get(identity)) is not None:
        follow(agent.attributes.get(AGENT_STATE))
