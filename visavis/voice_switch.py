"""One audio output with two ways out: through the face, or plainly into the room."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from livekit import rtc
from livekit.agents.voice.io import (
    AudioOutput,
    AudioOutputCapabilities,
    PlaybackFinishedEvent,
    PlaybackStartedEvent,
)

VOICE_SAMPLE_RATE = 24_000
"""Hz that both ways out are fed; the agent session resamples to it."""


@dataclass(eq=False)
class _Segment:
    """A speech segment whose end has not been reported yet."""

    route: AudioOutput | None = None
    accepted: bool = False
    """The route took a frame, so it owes the end. Until then nobody else will report it."""
    pushed: float = 0.0
    """Seconds given to the route."""
    started_at: float | None = None
    """Unix seconds at which the route began to play."""
    played_before: float = 0.0
    """Seconds played by a route that was lost in the middle of this segment."""


class VoiceSwitch(AudioOutput):
    """Routes each speech segment to the face or to the plain voice.

    ``choose`` is awaited before a segment's first frame and answers the output that it takes; it
    decides how long a segment may wait. Every captured segment is reported finished exactly once,
    also when it is interrupted while it waits, or when its output is lost (:meth:`abandon`).
    """

    def __init__(self, choose: Callable[[], Awaitable[AudioOutput]]) -> None:
        super().__init__(
            label="Visavis",
            capabilities=AudioOutputCapabilities(pause=True),
            sample_rate=VOICE_SAMPLE_RATE,
        )
        self._choose = choose
        self._open: _Segment | None = None
        self._pending: list[_Segment] = []
        self._routes: set[AudioOutput] = set()

    @property
    def can_pause(self) -> bool:
        return bool(self._routes) and all(route.can_pause for route in self._routes)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        segment = self._open
        if segment is None:
            segment = self._open = _Segment()
            self._pending.append(segment)
        if segment.route is None:
            segment.route = await self._choose()
            self._listen(segment.route)
        route = segment.route
        await route.capture_frame(frame)
        if segment.route is route:
            segment.accepted = True
            segment.pushed += frame.duration

    def flush(self) -> None:
        super().flush()
        segment, self._open = self._open, None
        if segment is None or segment not in self._pending:
            return
        if segment.accepted and segment.route is not None:
            segment.route.flush()
        else:
            self._finish(segment, 0.0, interrupted=True)

    def clear_buffer(self) -> None:
        for segment in [s for s in self._pending if not s.accepted]:
            self._finish(segment, 0.0, interrupted=True)
        for route in {segment.route for segment in self._pending if segment.route}:
            route.clear_buffer()

    def pause(self) -> None:
        for route in self._routes:
            route.pause()

    def resume(self) -> None:
        for route in self._routes:
            route.resume()

    def abandon(self, lost: AudioOutput) -> None:
        """Stop waiting for ``lost``: an open segment goes on elsewhere, the others end here.

        What they played is taken from the clock, since ``lost`` can no longer be asked.
        """
        now = time.time()
        self._routes.discard(lost)
        for segment in [s for s in self._pending if s.route is lost]:
            played = 0.0 if segment.started_at is None else now - segment.started_at
            played = min(segment.pushed, played)
            if segment is self._open:
                segment.played_before += played
                segment.route, segment.accepted, segment.pushed = None, False, 0.0
            else:
                self._finish(segment, played, interrupted=True)

    def _finish(self, segment: _Segment, played: float, *, interrupted: bool) -> None:
        self._pending.remove(segment)
        self.on_playback_finished(
            playback_position=segment.played_before + played, interrupted=interrupted
        )

    def _listen(self, route: AudioOutput) -> None:
        if route in self._routes:
            return
        self._routes.add(route)

        def oldest() -> _Segment | None:
            return next((s for s in self._pending if s.route is route and s.accepted), None)

        def started(event: PlaybackStartedEvent) -> None:
            if (segment := oldest()) is not None and segment.started_at is None:
                segment.started_at = event.created_at
                if not segment.played_before:
                    self.on_playback_started(created_at=event.created_at)

        def finished(event: PlaybackFinishedEvent) -> None:
            if (segment := oldest()) is not None:
                self._finish(segment, event.playback_position, interrupted=event.interrupted)

        route.on("playback_started", started)
        route.on("playback_finished", finished)
