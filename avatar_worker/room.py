"""One room: the avatar joins on its agent's behalf, speaks, and leaves with it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import AsyncExitStack
from typing import Final

from livekit.agents import AutoSubscribe, JobContext

from avatar_worker.agent_link import AgentLink
from avatar_worker.appearance_desk import AppearanceDesk
from avatar_worker.audience import Audience
from avatar_worker.face import Face, Mood
from avatar_worker.lipsync import LipSync
from avatar_worker.lipsync.on_demand import LipsOnDemand
from avatar_worker.load import INTERVAL, WARM_UP, Board, Processor, RoomLoad
from avatar_worker.look import Look
from avatar_worker.player import Encoding, Event, Frame, Player, RoomTracks, Spoken, Voice
from avatar_worker.player.quality import Quality
from avatar_worker.presence import AgentPresence
from avatar_worker.wardrobe import Wardrobe, WardrobeError
from avatar_worker.warm import Warm, first_renderers
from avatar_worker.watchers import Watchers
from settings import Settings
from visavis.native_log import keep_native_log_out
from visavis.protocol import AvatarDispatch

logger = logging.getLogger("visavis.avatar")

QUALITY_WARM_UP: Final = 3.0
"""Seconds in which everything is slow once: the first pictures, the connection, the subscribers."""
LEAD_MARGIN: Final = 0.02
"""Seconds of sound beyond what lip-sync needs, to draw the frame. Some frames of a voice that comes
at real-time pace in longer pieces show the mouth of the frame before: to wait for another piece
would cost more."""

_MOODS: Final[dict[str, Mood]] = {"listening": "listening", "thinking": "thinking"}


async def serve_room(ctx: JobContext, warm: Warm) -> None:
    """Entrypoint of a job; returns when the face is in the room, which it leaves by itself."""
    dispatch = AvatarDispatch.from_json(ctx.job.metadata)
    settings = warm.preloaded.settings
    keep_native_log_out()
    ctx.log_context_fields = {"room": ctx.job.room.name}
    renderers = await first_renderers(warm, dispatch)
    factory = warm.preloaded.lipsync
    on_demand = LipsOnDemand(factory) if renderers is None else None
    lips: LipSync = await asyncio.to_thread(factory.create) if on_demand is None else on_demand
    size = None if renderers is None else (renderers.look.width, renderers.look.height)
    tracks = RoomTracks(_encoding(settings), size)

    def on_event(event: Event) -> None:
        link.notify(event)

    def on_frame(frame: Frame) -> None:
        watchers.notify(frame)

    def on_spoken(spoken: Spoken) -> None:
        watchers.notify_spoken(spoken)

    async def on_watched(watched: bool) -> None:
        if on_demand is not None:
            await asyncio.to_thread(on_demand.wake if watched else on_demand.rest)
            player.expect(lips.lead + LEAD_MARGIN)

    player = Player(
        face=Face(random.Random()),
        renderer=None if renderers is None else renderers(),
        output=tracks,
        on_event=on_event,
        on_frame=on_frame,
        on_spoken=on_spoken,
        lead=lips.lead + LEAD_MARGIN,
        quality=Quality(settings.avatar_video_fps, warm_up=QUALITY_WARM_UP),
        scaled=renderers,
        engine=warm.engine,
    )
    wardrobe = Wardrobe(
        Look.of(settings, dispatch),
        renderers,
        player,
        engine=warm.preloaded.engine,
        backgrounds=warm.preloaded.backgrounds,
        load=warm.load_beside,
    )
    desk = AppearanceDesk(ctx.room, dispatch.agent_identity, wardrobe)
    voice = Voice(player, lips)
    link = AgentLink(ctx.room, dispatch.agent_identity, player, voice)
    watchers = Watchers(ctx.room, player, on_watched=on_watched)

    async def live() -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(link.run())
                tasks.create_task(watchers.run())
                tasks.create_task(_report(ctx, warm.board, player))
        except Exception:
            logger.exception("the avatar failed and leaves; its agent speaks on alone")
            ctx.shutdown("the avatar failed")

    async def leave() -> None:
        await leaving.aclose()
        counted = player.counters
        logger.info(
            "left the room: %d pictures, %d dropped, %d underruns",
            counted.pictures,
            counted.dropped_pictures,
            counted.underruns,
        )

    leaving = AsyncExitStack()  # last in, first out
    ctx.add_shutdown_callback(leave)
    leaving.callback(warm.board.forget, ctx.job.id)
    leaving.push_async_callback(tracks.aclose)
    leaving.callback(voice.aclose)
    leaving.push_async_callback(asyncio.to_thread, player.stop)
    leaving.callback(wardrobe.close)
    link.register_streams()
    running = asyncio.create_task(live(), name="visavis room")
    leaving.push_async_callback(_cancel, running)
    await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    player.start()
    presence = AgentPresence(
        ctx.room,
        dispatch.agent_identity,
        on_state=lambda state: player.follow(_MOODS.get(state or "", "idle")),
        on_gone=ctx.shutdown,
    )
    leaving.callback(presence.aclose)
    link.register_rpcs()
    watchers.register()
    desk.register()
    published = await tracks.publish(ctx.room.local_participant)
    audience = Audience(ctx.room, player, published, watchers.listened)
    leaving.callback(audience.close)
    await audience.gather()
    link.announce()
    await _hang(wardrobe, desk)


def _encoding(settings: Settings) -> Encoding:
    return Encoding(
        video_codec=settings.avatar_video_codec,
        video_bitrate=settings.avatar_video_bitrate,
        video_fps=settings.avatar_video_fps,
        audio_bitrate=settings.avatar_audio_bitrate,
        audio_red=settings.avatar_audio_red,
        audio_dtx=settings.avatar_audio_dtx,
    )


async def _hang(wardrobe: Wardrobe, desk: AppearanceDesk) -> None:
    """The background that did not come in time."""
    try:
        await wardrobe.hang()
    except WardrobeError as error:
        logger.warning("%s", error)
        await desk.tell()


async def _report(ctx: JobContext, board: Board, player: Player) -> None:
    """Note on the board what the room costs; leave in a pause when the worker is stopped."""
    await asyncio.sleep(WARM_UP)
    processor = Processor()
    while True:
        await asyncio.sleep(INTERVAL)
        # What the last pictures cost says nothing of a room that makes none any more.
        spent = player.quality.frame_seconds if (draws := player.draws) else None
        load = RoomLoad(
            at=time.time(),
            frame_seconds=spent.p95 if spent else 0.0,
            is_full_quality=player.quality.is_full or not draws,
            cores=processor.read(),
        )
        try:
            is_draining = await asyncio.to_thread(board.write, ctx.job.id, load)
        except OSError as error:
            logger.warning("the worker cannot be told how busy this room is: %s", error)
            return
        if is_draining and player.playhead.segment is None:
            ctx.shutdown("the worker is being stopped")
            return


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
