"""What a participant sees: when pictures came, and how wide the mouth was open."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

MOUTH: Final = (58 / 128, 70 / 128, 73 / 128, 82 / 128)
"""Where the mouth of the default head is: left, right, top, bottom as parts of the picture."""
MOUTH_SCRIPT: Final = f"const MOUTH = {json.dumps(MOUTH)};"
"""The same for what runs in a browser."""

SMALLEST: Final = 64
"""Pixels across; LiveKit shows a tiny black picture for a track that has none yet."""
BLACK: Final = 250
"""Darkness that is no face: LiveKit's sources send black pictures until they are given one."""


@dataclass
class SeenTrack:
    """One video track as it came."""

    identity: str
    """Of its participant."""
    first: float | None = None
    """Arrival of its first picture."""
    pictures: deque[tuple[float, float]] = field(default_factory=deque)
    """(monotonic time of arrival, what was noted), oldest first."""


Look = Callable[[rtc.VideoFrame], float | None]
"""What is noted of a picture; None: there is no face in it, as if it had not come."""


class Eyes:
    """Watches every video track of a room from now on, until :meth:`aclose`."""

    def __init__(self, room: rtc.Room, look: Look | None = None) -> None:
        """``look``: :func:`darkness` of the mouth unless given."""
        self._look = look or _darkness_of_a_face
        self.tracks: list[SeenTrack] = []
        self._room = room
        self._tasks: set[asyncio.Task[None]] = set()
        room.on("track_subscribed", self._on_track)
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track is not None:
                    self._on_track(publication.track, publication, participant)

    def mouth(self, since: float, until: float) -> NDArray[np.float64]:
        """(n, 2): time and what was noted of the pictures that came between the two."""
        rows = [
            picture
            for track in self.tracks
            for picture in track.pictures
            if since < picture[0] <= until
        ]
        return np.array(sorted(rows), np.float64).reshape(-1, 2)

    def first_picture(self, since: float) -> float | None:
        """Arrival of the first picture of a track that showed none before ``since``."""
        firsts = (track.first for track in self.tracks)
        return min((at for at in firsts if at is not None and at > since), default=None)

    async def wait_for_picture(self, since: float, limit: float) -> float:
        """Time of :meth:`first_picture`. Raises TimeoutError."""
        async with asyncio.timeout(limit):
            while (seen := self.first_picture(since)) is None:
                await asyncio.sleep(0.01)
            return seen

    def forget(self, before: float) -> None:
        """Let go of what came earlier, so that hours can be watched."""
        for track in self.tracks:
            while track.pictures and track.pictures[0][0] < before:
                track.pictures.popleft()

    async def aclose(self) -> None:
        self._room.off("track_subscribed", self._on_track)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_track(
        self,
        track: rtc.Track,
        _publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            seen = SeenTrack(participant.identity)
            self.tracks.append(seen)
            task = asyncio.create_task(_watch(track, seen, self._look))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _watch(track: rtc.Track, seen: SeenTrack, look: Look) -> None:
    stream = rtc.VideoStream(track)
    try:
        async for event in stream:
            if event.frame.width < SMALLEST:
                continue
            at, noted = time.monotonic(), look(event.frame)
            if noted is None:
                continue
            seen.first = at if seen.first is None else seen.first
            seen.pictures.append((at, noted))
    finally:
        await stream.aclose()


def darkness(frame: rtc.VideoFrame) -> float:
    """How dark the mouth's region is, 0 to 255: half open is about 30 more than shut."""
    width, height = frame.width, frame.height
    if frame.type != rtc.VideoBufferType.I420:
        frame = frame.convert(rtc.VideoBufferType.I420)
    luma = np.frombuffer(frame.data, np.uint8)[: width * height].reshape(height, width)
    left, right, top, bottom = MOUTH
    region = luma[
        round(top * height) : round(bottom * height), round(left * width) : round(right * width)
    ]
    return 255.0 - float(region.mean())


def _darkness_of_a_face(frame: rtc.VideoFrame) -> float | None:
    dark = darkness(frame)
    return None if dark > BLACK else dark
