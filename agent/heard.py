"""Captions, chat history and the model's memory end at the same word: the last one heard.

For a voice that says when each of its words sounds. (For others LiveKit's own synchronizer guesses
from the rate of the speech.)
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from livekit import rtc
from livekit.agents import utils
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities, TextOutput

from visavis.waiting import rest

from .segment import Segment
from .segments import Segments

logger = logging.getLogger("visavis.agent")

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
        self._segments = Segments(position, clock)
        self.voice: AudioOutput = _Voice(self._segments, voice)
        self.captions: TextOutput = _Captions(self._segments, captions)
        self._break = False
        self._complained = False
        self._writer = asyncio.create_task(self._write(captions), name="captions")

    def break_line(self) -> None:
        """Begin a new line of captions with the next word, for those who missed the old one's
        beginning."""
        self._break = True
        self._segments.changed.set()

    async def aclose(self) -> None:
        await utils.aio.cancel_and_wait(self._writer)

    async def _write(self, captions: TextOutput) -> None:
        segments = self._segments
        while True:
            segments.changed.clear()
            wait: float | None = None
            if (segment := segments.first) is not None:
                played = segments.played(segment)
                if self._break and segment.shown and not segment.over:
                    captions.flush()
                self._break = False
                if segment.shown < segment.due(played):
                    segment.shown += 1
                    await self._show(captions, segment.words[segment.shown - 1].text)
                    continue
                if segment.over and not segment.text_open:
                    segments.drop_first()
                    if segment.shown:
                        captions.flush()
                    continue
                wait = segment.until_next(played)
                wait = None if wait is None else max(wait, SHORTEST)
            await rest(segments.changed, wait)

    async def _show(self, captions: TextOutput, word: str) -> None:
        try:
            await captions.capture_text(word)
        except Exception as error:  # the next one may come through; what it says may be the word
            if not self._complained:
                logger.warning("a word of the captions is lost: %s", type(error).__name__)
            self._complained = True


class _Voice(AudioOutput):
    def __init__(self, segments: Segments, next_in_chain: AudioOutput) -> None:
        super().__init__(
            label="Heard",
            capabilities=AudioOutputCapabilities(pause=True),
            next_in_chain=next_in_chain,
        )
        self._segments = segments
        self._open: Segment | None = None

    @property
    def sample_rate(self) -> int | None:
        assert self.next_in_chain is not None
        return self.next_in_chain.sample_rate

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        assert self.next_in_chain is not None
        if self._open is None:
            self._open = self._segments.open_voice()
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
        self._segments.close_voice(heard=self._open is not None)
        self._open = None
        if self.next_in_chain:
            self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        self._segments.clear()
        if self.next_in_chain:
            self.next_in_chain.clear_buffer()

    def pause(self) -> None:
        super().pause()
        self._segments.pause()

    def resume(self) -> None:
        super().resume()
        self._segments.resume()

    def on_playback_started(self, *, created_at: float) -> None:
        super().on_playback_started(created_at=created_at)
        self._segments.started(created_at)

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
            synchronized_transcript=self._segments.finish(playback_position, interrupted),
        )

    def _mark_input_truncated(self) -> None:
        if self._open is not None:
            self._open.truncated = True
        super()._mark_input_truncated()


class _Captions(TextOutput):
    def __init__(self, segments: Segments, next_in_chain: TextOutput) -> None:
        super().__init__(label="Heard", next_in_chain=next_in_chain)
        self._segments = segments

    async def capture_text(self, text: str) -> None:
        self._segments.add_text(text)

    def flush(self) -> None:
        self._segments.end_text()
