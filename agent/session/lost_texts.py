"""Texts whose agent was lost, or leaves without the session: each gets its end."""

from __future__ import annotations

import asyncio
from typing import Final

from visavis.talk import MessageNews

from .recorder import Recorder

RETURNING: Final = 15.0
"""Seconds after which an agent that was in the room before does not come back to its texts, nor is
still writing what became of them."""


class LostTexts:
    """Tells those of an agent before apart from this one's own."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._own: set[str] = set()
        """Of this agent, without an end."""

    def note(self, news: MessageNews) -> None:
        """Of a text that this agent was given."""
        if news.state in ("accepted", "begun"):
            self._own.add(news.id)
        else:
            self._own.discard(news.id)

    async def run(self) -> None:
        """Once; cancel it where the agent leaves."""
        await asyncio.sleep(RETURNING)
        self._recorder.fail_texts(frozenset(self._own))

    def leave(self) -> None:
        """This agent goes, and the session on without it."""
        for id in self._own:
            self._recorder.note("message", id=id, state="failed", detail="the agent was lost")
