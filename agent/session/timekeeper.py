"""Warns of a session's limits and ends it, in voice and on screen."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS

from visavis.protocol import ATTRIBUTE_LIMIT

from .limits import Clear, End, LimitName, Limits, Warn
from .recorder import Recorder

logger = logging.getLogger("visavis.agent")


class Timekeeper:
    """Does what the limits ask for, when they do.

    Args:
        announce: Says aloud that the limit is near, in at most so many seconds; returns when it has
            been said.
        show: Publishes the nearest limit; None: there is none now.
        end: Ends the session.
        clock: Unix seconds.
    """

    def __init__(
        self,
        limits: Limits,
        recorder: Recorder,
        *,
        announce: Callable[[LimitName, float], Awaitable[None]],
        show: Callable[[Warn | None], Awaitable[None]],
        end: Callable[[LimitName], None],
        clock: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._recorder = recorder
        self._announce = announce
        self._show = show
        self._end = end
        self._clock = clock
        self._changed = asyncio.Event()
        self._announcing = 0
        self._somebody_came = False

    def attach(self, session: AgentSession[Any], room: rtc.Room) -> None:
        """Notice who says something, and who comes."""
        room.on("participant_connected", self._on_connected)
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_person)
        session.on("user_input_transcribed", self._on_words)
        session.on("speech_created", self._on_speech)

    def word(self) -> None:
        """Somebody said something, or wrote it, or came."""
        self._limits.word(self._clock())
        self._changed.set()

    async def run(self) -> None:
        """Until the session is over by a limit."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._tell_who_came()
                now = self._clock()
                match self._limits.step(now):
                    case End(limit):
                        self._end(limit)
                        return
                    case Warn() as warning:
                        self._recorder.note(
                            "session.warned",
                            limit=warning.limit,
                            seconds_left=round(warning.seconds_left, 1),
                        )
                        await self._show(self._limits.shown(now))
                        tasks.create_task(self._say(warning))
                    case Clear():
                        await self._show(self._limits.shown(now))
                    case None:
                        await self._wait(self._limits.until_next(now))

    async def _tell_who_came(self) -> None:
        """A page that was loaded anew would count from what was left at the warning."""
        while self._somebody_came:
            self._somebody_came = False
            if (warning := self._limits.shown(self._clock())) is not None:
                await self._show(warning)

    async def _say(self, warning: Warn) -> None:
        self._announcing += 1
        try:
            await self._announce(warning.limit, warning.seconds_left)
        except Exception as error:  # a voice that fails; the screen says it as well
            logger.warning("the end could not be announced: %s", type(error).__name__)
        finally:
            self._announcing -= 1

    async def _wait(self, seconds: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind in DEFAULT_PARTICIPANT_KINDS:
            self._somebody_came = True
            self._changed.set()

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        speaks = event.new_state in ("speaking", "thinking")
        # An announcement is no word of the agent's, or it would put off what it announces.
        if not (speaks and self._announcing):
            self._speak("agent", speaks)

    def _on_person(self, event: UserStateChangedEvent) -> None:
        self._speak("person", event.new_state == "speaking")

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if event.transcript.strip():
            self.word()

    def _on_speech(self, _: SpeechCreatedEvent) -> None:
        """It is about to be said; a slow voice may still take a while."""
        if not self._announcing:
            self.word()

    def _speak(self, who: Literal["agent", "person"], speaks: bool) -> None:
        self._limits.speak(who, speaks, self._clock())
        self._changed.set()


def show_in(room: rtc.Room) -> Callable[[Warn | None], Awaitable[None]]:
    """Publishes it as :data:`ATTRIBUTE_LIMIT`."""

    async def show(warning: Warn | None) -> None:
        text = ""
        if warning is not None:
            text = json.dumps(
                {
                    "limit": warning.limit,
                    "ends_at": round(warning.ends_at, 3),
                    "seconds_left": round(warning.seconds_left, 1),
                }
            )
        try:
            await room.local_participant.set_attributes({ATTRIBUTE_LIMIT: text})
        except Exception as error:  # a room that reconnects
            logger.warning("a limit could not be shown: %s", type(error).__name__)

    return show
