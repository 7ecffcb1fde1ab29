"""Captions, chat history and the model's memory end at the same word: the last one heard.

For a voice that says when each of its words sounds. (For others LiveKit's own synchronizer guesses
from the rate of the speech.)
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from livekit import rtc
from livekit.agents import utils
from livekit.agents.types import TimedString
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities, TextOutput

from .segment import Segment, Word

LETTERS_PER_SECOND: Final = 15.0
"""For a word that comes without its times: about 180 English words a minute."""

BEHIND: Final = 0.06
"""Seconds by which what one knows of a voice may be behind it: an avatar says it every 0.1 s, and
is believed for half of that (:data:`visavis.face_voice.AFTER_SIGN`)."""
SHORTEST: Final = 0.02
"""Seconds between two looks at a voice that is late."""


class Heard:
    """Puts captions and voice of a session in step.

    ``voice`` and ``captions`` are to be the session's outputs; they feed the ones given. What an
    interrupted segment reports as its transcript is what its captions showed: every word of which
    half was played.

    Args:
        position: Seconds heard of the segment that sounds, as far as one knows; None: nobody knows.
            Sound may fall behind the clock without anybody saying so.
        clock: Unix seconds.
    """

    def __init__(
        self,
        voice: AudioOutput,
        captions: TextOutput,
        position: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._position = position
        self.voice: AudioOutput = _Voice(self, voice)
        self.captions: TextOutput = _Captions(self, captions)
        self._clock = clock
        self._segments: deque[Segment] = deque()
        self._paused = False
        self._break = False
        self._changed = asyncio.Event()
        self._writer = asyncio.create_task(self._write(captions), name="captions")

    def break_line(self) -> None:
        """Begin a new line of captions with the next word, for those who missed the old one's
        beginning."""
        self._break = True
        self._changed.set()

    async def aclose(self) -> None:
        await utils.aio.cancel_and_wait(self._writer)

    async def _write(self, captions: TextOutput) -> None:
        while True:
            self._changed.clear()
            wait: float | None = None
            if self._segments:
                segment = self._segments[0]
                played = self._played(segment)
                if self._break and segment.shown and not segment.over:
                    captions.flush()
                self._break = False
                if segment.shown < segment.due(played):
                    segment.shown += 1
                    await captions.capture_text(segment.words[segment.shown - 1].text)
                    continue
                if segment.over and not segment.text_open:
                    self._segments.popleft()
                    if segment.shown:
                        captions.flush()
                    continue
                wait = segment.until_next(played)
                wait = None if wait is None else max(wait, SHORTEST)
            # Not wait_for: under Python 3.11 it may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    def _played(self, segment: Segment) -> float:
        played, known = segment.played(self._clock()), self._position()
        return played if known is None else min(played, known + BEHIND)

    # the words

    def add_text(self, text: str) -> None:
        segment = next((each for each in self._segments if each.text_open), None)
        if segment is None:
            # Words that never got a voice must not become the captions of the next one.
            while self._segments and self._segments[0].is_mute:
                self._segments.popleft()
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
        self._changed.set()

    def end_text(self) -> None:
        for segment in self._segments:
            segment.text_open = False
        self._changed.set()

    # the sound

    def open_voice(self) -> Segment:
        """The segment that the next frame belongs to, until :meth:`close_voice`."""
        segment = self._find(lambda each: not each.has_voice)
        segment.has_voice = True
        return segment

    def started(self, created_at: float) -> None:
        segment = next((each for each in self._segments if each.plays and not each.started), None)
        if segment is None:
            return
        segment.started = True
        if not self._paused:
            segment.since = created_at
        self._changed.set()

    def pause(self) -> None:
        self._paused = True
        for segment in self._segments:
            segment.hold(self._clock())
        self._changed.set()

    def resume(self) -> None:
        self._paused = False
        for segment in self._segments:
            if segment.started and not segment.over and segment.since is None:
                segment.since = self._clock()
        self._changed.set()

    def clear(self) -> None:
        """Show no more words until the end is reported."""
        for segment in self._segments:
            if segment.plays:
                segment.hold(self._clock())
                segment.limit = segment.shown
        self._changed.set()

    def finish(self, position: float, interrupted: bool) -> str | None:
        """The oldest segment has ended at ``position``; its words that were heard."""
        segment = next((each for each in self._segments if each.plays), None)
        if segment is None:
            return None
        segment.over = True
        segment.hold(self._clock())
        segment.limit = None
        if interrupted or segment.truncated:
            segment.limit = max(segment.shown, segment.heard(position))
        self._changed.set()
        return "".join(word.text for word in segment.words[: segment.limit])

    def _find(self, fits: Callable[[Segment], bool]) -> Segment:
        for segment in self._segments:
            if fits(segment) and not segment.over:
                return segment
        self._segments.append(segment := Segment())
        return segment


class _Voice(AudioOutput):
    def __init__(self, heard: Heard, next_in_chain: AudioOutput) -> None:
        super().__init__(
            label="Heard",
            capabilities=AudioOutputCapabilities(pause=True),
            next_in_chain=next_in_chain,
        )
        self._heard = heard
        self._open: Segment | None = None

    @property
    def sample_rate(self) -> int | None:
        assert self.next_in_chain is not None
        return self.next_in_chain.sample_rate

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        assert self.next_in_chain is not None
        if self._open is None:
            self._open = self._heard.open_voice()
        segment = self._open
        try:
            await self.next_in_chain.capture_frame(frame)
        except BaseException:
            if not segment.captured:  # nobody will report its end
                segment.has_voice, self._open = False, None
            raise
        segment.captured = True
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        self._open = None
        if self.next_in_chain:
            self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        self._heard.clear()
        if self.next_in_chain:
            self.next_in_chain.clear_buffer()

    def pause(self) -> None:
        super().pause()
        self._heard.pause()

    def resume(self) -> None:
        super().resume()
        self._heard.resume()

    def on_playback_started(self, *, created_at: float) -> None:
        super().on_playback_started(created_at=created_at)
        self._heard.started(created_at)

    def on_playback_finished(
        self,
        *,
        playback_position: float,
        interrupted: bool,
        synchronized_transcript: str | None = None,
    ) -> None:
        if not self._pending_playback_count:  # of a capture that was cancelled before it counted
            return
        super().on_playback_finished(
            playback_position=playback_position,
            interrupted=interrupted,
            synchronized_transcript=self._heard.finish(playback_position, interrupted),
        )

    def _mark_input_truncated(self) -> None:
        if self._open is not None:
            self._open.truncated = True
        super()._mark_input_truncated()


class _Captions(TextOutput):
    def __init__(self, heard: Heard, next_in_chain: TextOutput) -> None:
        super().__init__(label="Heard", next_in_chain=next_in_chain)
        self._heard = heard

    async def capture_text(self, text: str) -> None:
        self._heard.add_text(text)

    def flush(self) -> None:
        self._heard.end_text()
