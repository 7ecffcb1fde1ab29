"""Texts that a session was given when another agent held it, which was lost: each gets its end."""

from __future__ import annotations

import asyncio
from typing import Final

from .recorder import Recorder

RETURNING: Final = 15.0
"""Seconds after which an agent that was in the room before does not come back to its texts, nor is
still writing what became of them."""


class LostTexts:
    """Tells those apart from the texts of this agent's own."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._own: set[str] | None = set()

    def own(self, id: str) -> None:
        """This agent tells what becomes of that one."""
        if self._own is not None:
            self._own.add(id)

    async def run(self) -> None:
        """Once; cancel it where the agent leaves."""
        await asyncio.sleep(RETURNING)
        own, self._own = self._own or set(), None
        self._recorder.fail_texts(frozenset(own))
