"""The segments of the agent's speech: what comes of words and of sound finds its own."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from livekit.agents import utils
from livekit.agents.types import TimedString

from .segment import Segment, Word

LETTERS_PER_SECOND: Final = 15.0
"""For a word that comes without its times: about 180 English words a minute."""

BEHIND: Final = 0.06
"""Seconds by which what one knows of a voice may be behind it: an avatar says it every 0.1 s, and
is believed for half of that (:data:`visavis.face_voice.AFTER_SIGN`)."""


class Segments:
    """Those of which something is still to be shown or to be heard, in order.

    Args:
        position: As :class:`.heard.Heard`'s.
        clock: Unix seconds.
    """

    def __init__(
        self,
        position: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._position = position
        self._clock = clock
        self._queue: deque[Segment] = deque()
        self._texts_ahead = 0
        """Texts that have ended less sounds that have: of one answer each does so once, and none
        begins before both have. Where one of the two is missing, the next beginning says so."""
        self._owes_words = False
        """Nothing came of a sound whose text has not ended."""
        self._paused = False
        self.changed = asyncio.Event()
        """Set by whatever may make a word due, or end a segment."""

    @property
    def first(self) -> Segment | None:
        return self._queue[0] if self._queue else None

    def drop_first(self) -> None:
        """It was heard and shown."""
        self._queue.popleft()

    def played(self, segment: Segment) -> float:
        """Seconds of ``segment``, the one that sounds, as far as one knows."""
        played, known = segment.played(self._clock()), self._position()
        return played if known is None else min(played, known + BEHIND)

    # the words

    def add_text(self, text: str) -> None:
        segment = next((each for each in self._queue if each.text_open), None)
        if segment is None:
            # Words that never got a voice must not become the captions of the next one.
            while self._queue and self._queue[0].is_mute:
                self._queue.popleft()
            self._texts_ahead = min(0, self._texts_ahead)
            segment = self._find(lambda each: not each.has_text)
            segment.has_text = segment.text_open = True
        before = segment.words[-1].end if segment.words else 0.0
        start, end = before, None
        if isinstance(text, TimedString):
            start = text.start_time if utils.is_given(text.start_time) else before
            end = text.end_time if utils.is_given(text.end_time) else None
        if end is None:
            end = start + len(text) / LETTERS_PER_SECOND
        segment.words.append(Word(str(text), (start + end) / 2, end))
        self.changed.set()

    def end_text(self) -> None:
        self._texts_ahead += 1
        for segment in self._queue:
            segment.text_open = False
        if self._owes_words:
            self._owes_words = False
            self._silence()
        self.changed.set()

    # the sound

    def open_voice(self) -> Segment:
        """The segment that the next frame belongs to."""
        self._texts_ahead, self._owes_words = max(0, self._texts_ahead), False
        segment = self._find(lambda each: not each.has_voice)
        segment.has_voice = True
        return segment

    def close_voice(self, *, heard: bool) -> None:
        """A sound is over. Where nothing came of it, its words must not get the next one's, those
        that are still to come included."""
        self._texts_ahead -= 1
        if not heard:
            self._owes_words = self._texts_ahead < 0
            self._silence()

    def _silence(self) -> None:
        for segment in self._queue:
            if segment.has_text and not segment.has_voice:
                segment.over, segment.limit = True, 0
        self.changed.set()

    def started(self, created_at: float) -> None:
        segment = next((each for each in self._queue if each.plays and not each.started), None)
        if segment is None:
            return
        segment.started = True
        if not self._paused:
            segment.since = created_at
        self.changed.set()

    def pause(self) -> None:
        self._paused = True
        for segment in self._queue:
            segment.hold(self._clock())
        self.changed.set()

    def resume(self) -> None:
        self._paused = False
        for segment in self._queue:
            if segment.started and not segment.over and segment.since is None:
                segment.since = self._clock()
        self.changed.set()

    def clear(self) -> None:
        """Show no more words until the end is reported."""
        for segment in self._queue:
            if segment.plays:
                segment.hold(self._clock())
                segment.limit = segment.shown
        self.changed.set()

    def finish(self, position: float, interrupted: bool) -> str | None:
        """The oldest segment has ended at ``position``; its words that were heard."""
        segment = next((each for each in self._queue if each.plays), None)
        if segment is None:
            return None
        segment.over = True
        segment.hold(self._clock())
        segment.limit = None
        if interrupted or segment.truncated:
            segment.limit = max(segment.shown, segment.heard(position))
        self.changed.set()
        return "".join(word.text for word in segment.words[: segment.limit])

    def _find(self, fits: Callable[[Segment], bool]) -> Segment:
        for segment in self._queue:
            if fits(segment) and not segment.over:
                return segment
        self._queue.append(segment := Segment())
        return segment
