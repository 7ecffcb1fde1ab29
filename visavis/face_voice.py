"""The voice behind an avatar: what it is given, and what it says of it.

An avatar may lose every message and even its life; each leg still ends. One of ours names its
streams and sends signs of life; of a stranger's we know no more than LiveKit's protocol tells.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Final, Protocol

from .playback import PlaybackFinished, SignOfLife
from .protocol import ALIVE_INTERVAL
from .segment import RATE, Leg
from .speech import Speech
from .watchdog import SILENT, SPEAKING, STARTING, Watchdog

logger = logging.getLogger("visavis.voice")

CLEAR_TIMEOUT: Final = 2.0
"""Seconds after which an interrupted leg ends without the avatar's word (LiveKit's figure)."""
END_PATIENCE: Final = 5.0
"""Seconds beyond a leg's length after which a stranger's finish is taken for lost."""
LOST: Final = 60
"""Ticks (6 s) in which its signs do not name the leg that was sent in full: the avatar has lost it.
It may hold the first word for three seconds, until somebody listens."""
UNDER_WAY: Final = RATE
"""Samples after which an avatar that speaks has left the effort of beginning behind."""
AFTER_SIGN: Final = ALIVE_INTERVAL / 2
"""Seconds that an avatar lives beyond its last sign, on average."""


class Line(Protocol):
    """What is needed of :class:`.face_line.FaceLine`."""

    def expect(self, lead: float) -> None: ...
    def open(self, stream_id: str) -> None: ...
    def write(self, stream_id: str, audio: bytes) -> None: ...
    def close(self, stream_id: str) -> None: ...
    def drop(self, stream_id: str) -> bool: ...
    def clear(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


@dataclass
class _Playing:
    """The leg that the avatar has."""

    leg: Leg
    known: int = 0
    """Samples heard at ``known_at``."""
    known_at: float | None = None
    """None: it has not begun."""
    closed_at: float | None = None
    cleared_at: float | None = None
    is_missing: bool = False
    """By the avatar's last sign, which should have named it."""
    missing: int = 0
    """Ticks."""


class FaceVoice:
    """A route through one avatar.

    Args:
        speech: Whom to tell.
        line: Sends.
        features: What the avatar advertises (:data:`.protocol.Feature`).
        on_dead: Called, once or more, with the reason why the avatar must be given up.
        on_doubt: Called at each tick while it has something to say and is worryingly silent.
        clock: Seconds, monotonic.
        wall: Unix time.
    """

    def __init__(
        self,
        speech: Speech,
        line: Line,
        features: Set[str],
        *,
        on_dead: Callable[[str], None],
        on_doubt: Callable[[], None] = lambda: None,
        clock: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._speech = speech
        self._line = line
        self._features = features
        self._on_dead = on_dead
        self._on_doubt = on_doubt
        self._clock = clock
        self._wall = wall
        self._watchdog = Watchdog() if "alive" in features else None
        self._playing: _Playing | None = None
        self._paused = False
        self._overdue = 0
        """Interrupted legs that a stranger may still answer, though nobody waits any more."""
        self.audible = asyncio.Event()
        """Somebody can hear the avatar; a stranger does not tell."""
        if self._watchdog is None:
            self.audible.set()

    @property
    def can_pause(self) -> bool:
        return "pause" in self._features

    # What the speech asks for.

    def open(self, leg: Leg) -> None:
        self._playing = _Playing(leg)
        if self._watchdog is not None:
            self._watchdog.begin()
        self._line.open(leg.id)

    def send(self, leg: Leg, audio: bytes) -> None:
        if self._of(leg) is not None:
            self._line.write(leg.id, audio)

    def close(self, leg: Leg) -> None:
        if (playing := self._of(leg)) is not None:
            playing.closed_at = self._clock()
            self._line.close(leg.id)

    def cuttable(self, leg: Leg) -> int | None:
        return None

    def cut(self, leg: Leg, at: int) -> None:
        raise RuntimeError("what an avatar was given cannot be cut short")

    def clear(self, leg: Leg) -> None:
        if (playing := self._of(leg)) is None:
            return
        if self._line.drop(leg.id):
            playing.cleared_at = self._clock()
            self._line.clear()
        else:
            self._end(playing, 0, interrupted=True)

    def pause(self) -> None:
        if self.can_pause:
            self._paused = True
            self._line.pause()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._line.resume()

    def position(self, leg: Leg) -> int:
        if (playing := self._of(leg)) is None or playing.known_at is None:
            return 0
        since = self._clock() - playing.known_at
        if self._watchdog is not None:
            since = 0.0 if self._paused else min(since, AFTER_SIGN)
        return min(playing.known + round(since * RATE), leg.sent)

    # What the avatar says.

    def started(self, stream_id: str) -> None:
        """It plays the first sample; ``stream_id`` may be empty."""
        if (playing := self._playing) is not None and stream_id in ("", playing.leg.id):
            self._start(playing, self._wall())

    def finished(self, end: PlaybackFinished) -> None:
        playing = self._playing
        if playing is None or end.stream_id not in (None, playing.leg.id):
            return
        unasked = end.stream_id is None and end.interrupted and playing.cleared_at is None
        if unasked and self._overdue:
            self._overdue -= 1
            return
        self._end(playing, round(end.playback_position * RATE), interrupted=end.interrupted)

    def sign(self, sign: SignOfLife) -> None:
        """A sign of life."""
        if self._watchdog is None:
            return
        self._watchdog.sign(at_rest=self._playing is None)
        self.audible.set()
        if sign.lead is not None:
            self._line.expect(sign.lead)
        if (playing := self._playing) is None:
            return
        if ends := [end for end in sign.ended if end.stream_id == playing.leg.id]:
            self.finished(ends[-1])
        elif sign.stream_id == playing.leg.id:
            position = round(sign.position * RATE)
            self._start(playing, self._wall() - sign.position)
            playing.known = max(playing.known, position)
            playing.known_at = self._clock()
            playing.is_missing, playing.missing = False, 0
        else:
            playing.is_missing = playing.closed_at is not None and not sign.paused

    def tick(self, *, connected: bool) -> None:
        """Every :data:`.watchdog.TICK` seconds. ``connected``: the agent is, to the room."""
        playing = self._playing
        if self._watchdog is not None and self._watchdog.tick(
            _patience(playing), connected=connected
        ):
            self._on_dead("no sign of life")
        elif playing is not None and connected:
            if self._watchdog is not None and self._watchdog.doubts:
                self._on_doubt()
            self._look_after(playing)

    # Inside.

    def _look_after(self, playing: _Playing) -> None:
        now = self._clock()
        if playing.cleared_at is not None:
            if now - playing.cleared_at >= CLEAR_TIMEOUT:
                logger.warning("the avatar did not answer an interrupt: going on without")
                self._overdue += 1
                self._end(playing, self.position(playing.leg), interrupted=True)
        elif self._watchdog is not None:
            playing.missing += playing.is_missing
            if playing.missing >= LOST:
                self._on_dead("it does not play what it was given")
        elif playing.closed_at is not None:
            begun = max(playing.closed_at, playing.known_at or 0.0)
            if now - begun >= playing.leg.sent / RATE + END_PATIENCE:
                logger.warning("the avatar did not say that a segment is over: taking it for so")
                self._end(playing, playing.leg.sent, interrupted=False)

    def _of(self, leg: Leg) -> _Playing | None:
        return self._playing if self._playing is not None and self._playing.leg is leg else None

    def _start(self, playing: _Playing, at: float) -> None:
        if playing.known_at is None:
            playing.known_at = self._clock()
            self._speech.started(playing.leg, at)

    def _end(self, playing: _Playing, position: int, *, interrupted: bool) -> None:
        self._playing = None
        if playing.cleared_at is None:  # what is left of it would go first, as slowly as speech
            self._line.drop(playing.leg.id)
        if position > 0:
            self._start(playing, self._wall() - position / RATE)
        self._speech.ended(playing.leg, position, interrupted=interrupted)


def _patience(playing: _Playing | None) -> int:
    """Ticks without a sign after which an avatar is dead."""
    if playing is None:
        return SILENT
    return SPEAKING if playing.known >= UNDER_WAY else STARTING
