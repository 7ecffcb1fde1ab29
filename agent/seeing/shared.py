"""The newest frame of what the person shares, and nothing once they share it no more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final, Protocol, cast

from livekit import rtc

from .pictures import Source

logger = logging.getLogger("visavis.agent")

SOURCES: Final[dict[int, Source]] = {
    rtc.TrackSource.SOURCE_SCREENSHARE: "screen",
    rtc.TrackSource.SOURCE_CAMERA: "camera",
}
_EVENTS: Final = (
    "track_published",
    "track_unpublished",
    "track_subscribed",
    "track_unsubscribed",
    "track_muted",
    "track_unmuted",
    "participant_connected",
    "participant_disconnected",
)
_CLOSING: Final = 1.0
"""Seconds that LiveKit's stream may take to end."""


class Stream(Protocol):
    """What is used of ``rtc.VideoStream``."""

    def __aiter__(self) -> AsyncIterator[rtc.VideoFrameEvent]: ...
    async def aclose(self) -> None: ...


def open_stream(track: rtc.Track) -> Stream:
    """Keeps one frame, the newest."""
    return rtc.VideoStream(track, capacity=1)


class View:
    """One track while it is shared."""

    def __init__(self, source: Source, stream: Stream) -> None:
        self.source = source
        self.frame: rtc.VideoFrame | None = None
        self.turn = 0
        """Quarters by which the frame is to be turned clockwise."""
        self._task = asyncio.create_task(self._watch(stream), name=f"watch the {source}")

    def close(self) -> asyncio.Task[None]:
        """Forget the frame, and read no more."""
        self._task.cancel()
        self.frame = None
        return self._task

    async def _watch(self, stream: Stream) -> None:
        try:
            async for event in stream:
                self.frame, self.turn = event.frame, cast(int, event.rotation)
        except Exception as error:
            logger.warning("the %s cannot be seen: %s", self.source, type(error).__name__)
        finally:
            self.frame = None
            with suppress(Exception):
                async with asyncio.timeout(_CLOSING):
                    await stream.aclose()


class Shared:
    """Camera and screen of one person in ``room``.

    Args:
        whose: Their identity now; None: nobody's.
        sees: Whether frames are wanted. Else it is only noted what is shared, and nothing decoded.
    """

    def __init__(
        self,
        room: rtc.Room,
        whose: Callable[[], str | None],
        *,
        sees: bool,
        stream: Callable[[rtc.Track], Stream] = open_stream,
    ) -> None:
        self._room = room
        self._whose = whose
        self._sees = sees
        self._stream = stream
        self._views: dict[tuple[str, int], View] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.on_change: Callable[[], None] | None = None
        """Called whenever something may have begun or ended."""
        for event in _EVENTS:
            room.on(event, self._on_event)
        self.update()

    @property
    def sources(self) -> list[Source]:
        """What is shared now, the screen first."""
        found = {SOURCES[publication.source] for publication in self._publications()}
        return [source for source in SOURCES.values() if source in found]

    @property
    def views(self) -> list[View]:
        """What can be seen now, the screen first."""
        self.update()
        order = list(SOURCES.values())
        return sorted(self._views.values(), key=lambda view: order.index(view.source))

    def update(self) -> None:
        """Open what has begun, close what is over."""
        wanted = {
            (publication.sid, id(publication.track)): publication
            for publication in self._publications()
            if self._sees and publication.track is not None
        }
        for key in self._views.keys() - wanted.keys():
            task = self._views.pop(key).close()
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        for key in wanted.keys() - self._views.keys():
            track = wanted[key].track
            assert track is not None
            self._views[key] = View(SOURCES[wanted[key].source], self._stream(track))

    async def aclose(self) -> None:
        for event in _EVENTS:
            self._room.off(event, self._on_event)
        tasks = [view.close() for view in self._views.values()]
        self._views.clear()
        await asyncio.gather(*tasks, *self._closing, return_exceptions=True)

    def _publications(self) -> list[rtc.RemoteTrackPublication]:
        person = self._room.remote_participants.get(self._whose() or "")
        if person is None:
            return []
        return [
            publication
            for publication in person.track_publications.values()
            if publication.source in SOURCES and not publication.muted
        ]

    def _on_event(self, *_: object) -> None:
        self.update()
        if self.on_change is not None:
            self.on_change()
