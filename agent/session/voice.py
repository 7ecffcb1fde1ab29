"""What is said in a session that nobody asked for: that it ends soon, and goodbye."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import AgentSession

from agent.brains.realtime_care import speak
from agent.controls import Control
from agent.languages import LANGUAGES, Language

from .limits import LimitName


class Voice:
    """Says it in the conversation's language, also while it retells."""

    def __init__(self, session: AgentSession[Any], control: Control) -> None:
        self._session = session
        self._control = control

    async def warn(self, limit: LimitName, seconds: float) -> None:
        """That ``limit`` ends the session in so many seconds; returns once it is said."""
        words = self._words
        current = self._session.current_speech
        text = words.time_is_short if limit == "duration" else words.silence_is_long
        handle = speak(self._session, text)
        if current is not None and not current.done():
            done, _ = await asyncio.wait([asyncio.ensure_future(current)], timeout=seconds / 2)
            if not done:  # a long text; what is left of it would not be heard anyway
                current.interrupt(force=True)
        await handle.wait_for_playout()

    async def interrupt(self) -> None:
        """Stop speaking; what was heard is in the conversation then."""
        await asyncio.shield(self._session.interrupt(force=True))

    async def say_goodbye(self) -> None:
        await speak(self._session, self._words.goodbye).wait_for_playout()

    @property
    def _words(self) -> Language:
        return LANGUAGES[self._control.talk.language]
