"""What a pause sounds like: as if that was all, or as if more were to come."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents import stt, utils
from numpy.typing import NDArray

from .brains import smart_turn
from .brains.mono import to_mono

logger = logging.getLogger("visavis.agent")

SILENCE: Final = 0.1
"""Seconds put behind what was heard: a recogniser takes that much silence for a pause, and the
model has learned from twice as much."""
_SILENCE: Final = np.zeros(round(SILENCE * smart_turn.RATE), np.int16)
LATEST: Final = 0.25
"""Seconds that a judgement is waited for: an answer is not kept back by a busy machine."""

TELLING: Final = 4
"""Words from which on it is asked how a pause sounds. Shorter answers ("I think so.") sound open to
any detector, and are said most."""

Judge = Callable[[NDArray[np.int16]], float]
"""The chance that a turn is over: of (n,) samples at :data:`.smart_turn.RATE`."""


class Tone:
    """Remembers the last seconds of what it passes on, and judges them where it is asked to.

    A judgement that was begun in time costs nobody any waiting.
    """

    def __init__(self, judge: Judge | None = None) -> None:
        self._judge = judge or _judge
        self._heard: deque[rtc.AudioFrame] = deque()
        self._seconds = 0.0
        self._judging: asyncio.Task[float] | None = None
        self._text = ""
        """What had been said when it was begun."""
        self._loading: asyncio.Task[None] | None = None
        self._is_broken = False

    async def passing(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncGenerator[rtc.AudioFrame]:
        """The same frames; mono."""
        async for frame in audio:
            self._heard.append(frame)
            self._seconds += frame.duration
            while self._seconds > smart_turn.SECONDS:
                self._seconds -= self._heard.popleft().duration
            if self._loading is None:
                self._loading = asyncio.create_task(self._load(frame))
            yield frame

    def follow(self, event: stt.SpeechEvent) -> None:
        """Begin to judge a pause as soon as a recogniser takes it for one."""
        if event.type == stt.SpeechEventType.PREFLIGHT_TRANSCRIPT and event.alternatives:
            if _is_telling(text := event.alternatives[0].text):
                self._begin(text)
        elif event.type in (
            stt.SpeechEventType.START_OF_SPEECH,
            stt.SpeechEventType.INTERIM_TRANSCRIPT,
        ):
            self._forget()

    async def is_open(self, text: str, below: float) -> bool:
        """More is to come after ``text``: the chance of an end is ``below``, by the judgement that
        was begun when it had been said, or else by one of now. Of short texts none is asked for."""
        if self._is_broken or not _is_telling(text):
            return False
        if self._judging is None or text != self._text:
            self._begin(text)
        if (judging := self._judging) is None:
            return False
        await asyncio.wait({judging}, timeout=LATEST)
        self._judging = None
        if not judging.done():
            return False
        if error := judging.exception():
            logger.warning("nothing can be told by how a pause sounds: %s", error)
            self._is_broken = True
            return False
        return judging.result() < below

    async def _load(self, frame: rtc.AudioFrame) -> None:
        """The model, before anybody has to wait for it."""
        with contextlib.suppress(Exception):  # is_open says so
            await asyncio.to_thread(self._ask, [frame])

    def _begin(self, text: str) -> None:
        self._forget()
        self._text = text
        if frames := list(self._heard):
            self._judging = asyncio.create_task(asyncio.to_thread(self._ask, frames))

    def _forget(self) -> None:
        if self._judging is not None:
            self._judging.cancel()
        self._judging = None

    async def aclose(self) -> None:
        tasks = [task for task in (self._judging, self._loading) if task is not None]
        await utils.aio.cancel_and_wait(*tasks)

    def _ask(self, frames: list[rtc.AudioFrame]) -> float:
        heard = to_mono(utils.merge_frames(frames), smart_turn.RATE)
        return self._judge(np.concatenate([heard, _SILENCE]))


def _judge(pcm: NDArray[np.int16]) -> float:
    return smart_turn.load().chance_of_end(pcm)


def _is_telling(text: str) -> bool:
    return len(text.split()) >= TELLING
