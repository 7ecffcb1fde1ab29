"""Which rooms a worker takes."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from pathlib import Path
from typing import Final

from livekit.agents import AgentServer, JobRequest
from livekit.agents.utils.hw import get_cpu_monitor

from avatar_worker.background import BackgroundError, Backgrounds
from avatar_worker.engine import Engine
from avatar_worker.load import FULL, Board, Fullness, measure
from avatar_worker.look import Look
from settings import Settings
from visavis.opus import is_opus_here
from visavis.protocol import (
    ATTRIBUTE_FEATURES,
    ATTRIBUTE_LIPSYNC,
    ATTRIBUTE_PUBLISH_ON_BEHALF,
    AvatarDispatch,
    Feature,
    ProtocolError,
)

logger = logging.getLogger("visavis.avatar")

ROOMS_PER_CORE: Final = 3
"""The most that is ever taken, were drawing to cost nothing: encoding alone takes 5.3 ms of a
picture's 33 (VP8, 512 × 512), voice and lips another 3. The limit that counts is the measured one.
"""
VOICE_WEIGHT: Final = 1 / 4
"""A room without a picture, in parts of one with."""


class Admission:
    """Measures how full one worker is, and answers its requests.

    What is reported makes LiveKit's server prefer the emptiest worker; LiveKit Cloud ignores it. A
    request that does not fit is refused: that is what keeps the rooms that there are.
    """

    def __init__(
        self, settings: Settings, lipsync_name: str, engine: Engine, backgrounds: Backgrounds
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._backgrounds = backgrounds
        self._lipsync_name = lipsync_name
        self._cores = get_cpu_monitor().cpu_count()
        self._max_rooms = (
            max(1, round(ROOMS_PER_CORE * self._cores))
            if settings.avatar_max_rooms is None
            else settings.avatar_max_rooms
        )
        self._folder = tempfile.TemporaryDirectory(prefix="visavis-rooms-")
        self._board = Board(self.folder)
        self._coming: dict[str, float] = {}
        """Weights of rooms that are accepted and not running yet."""
        self._one_at_a_time = asyncio.Lock()

    @property
    def folder(self) -> Path:
        """Of the board; lives as long as this object."""
        return Path(self._folder.name)

    def measure(self, server: AgentServer) -> float:
        """LiveKit's ``load_fnc``, called every half second, not on the event loop."""
        if server.draining:
            self._board.drain()
        return self._measure(server, more=1.0).reported

    def fullness(self, server: AgentServer) -> float:
        """From 0 to 1 and more, where one more room does not fit. Blocking."""
        return self._measure(server, more=1.0).share

    async def answer(self, request: JobRequest, server: AgentServer) -> None:
        """Accept a dispatch in the identity it asks for; refuse what is malformed or too much."""
        try:
            dispatch = self._read(request.job.metadata)
        except ProtocolError as error:
            logger.warning("refusing a dispatch: %s", error)
            await request.reject()
            return
        weight = self._weight(dispatch)
        async with self._one_at_a_time:
            fullness = await asyncio.to_thread(self._measure, server, weight)
            fits = fullness.share < FULL
            if fits:
                self._coming[request.job.id] = weight
        if not fits:
            logger.warning("refusing a room, it would not fit: %s", fullness)
            await request.reject()
            return
        try:
            await request.accept(
                name="Avatar",
                identity=dispatch.avatar_identity,
                attributes=self._attributes(dispatch),
            )
        finally:
            del self._coming[request.job.id]

    def _read(self, metadata: str) -> AvatarDispatch:
        dispatch = AvatarDispatch.from_json(metadata)
        heads = self._engine.heads
        if dispatch.head is not None and dispatch.head not in heads:
            # Only names: a path from the network is nobody's business.
            raise ProtocolError(f"no head {dispatch.head!r} here, only {', '.join(heads)}")
        if dispatch.background is not None:
            try:
                self._backgrounds.check(dispatch.background)
            except BackgroundError as error:
                raise ProtocolError(str(error)) from None
        return dispatch

    def _attributes(self, dispatch: AvatarDispatch) -> dict[str, str]:
        return {
            ATTRIBUTE_PUBLISH_ON_BEHALF: dispatch.agent_identity,
            ATTRIBUTE_FEATURES: " ".join(features()),
            ATTRIBUTE_LIPSYNC: self._lipsync_name,
            **Look.of(self._settings, dispatch).shown(self._engine.heads).attributes,
        }

    def _measure(self, server: AgentServer, more: float) -> Fullness:
        running = {info.job.id: info.job.metadata for info in server.active_jobs}
        weights = dict(self._coming)
        for job_id, metadata in running.items():
            weights[job_id] = self._weight(AvatarDispatch.from_json(metadata))
        self._board.forget_all_but(set(weights))
        notes = {job_id: note for job_id in running if (note := self._board.read(job_id))}
        return measure(
            weights,
            notes,
            max_rooms=self._max_rooms,
            cores=self._cores,
            now=time.time(),
            rate=self._settings.avatar_video_fps,
            more=more,
        )

    def _weight(self, dispatch: AvatarDispatch) -> float:
        return 1.0 if wants_video(self._settings, dispatch) else VOICE_WEIGHT


def features() -> list[Feature]:
    """What the avatar can do beyond LiveKit's protocol."""
    always: list[Feature] = ["pause", "alive", "weights", "appearance", "spoken"]
    return [*always, "opus"] if is_opus_here() else always


def wants_video(settings: Settings, dispatch: AvatarDispatch) -> bool:
    return settings.avatar_video if dispatch.video is None else dispatch.video
