"""Follows a person into the language that they speak."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from livekit.agents import AgentSession, ConversationItemAddedEvent, UserInputTranscribedEvent, llm

from .detection import LanguageWatch


class Follower:
    """Judges each turn of the person's by all that was said in it so far.

    So that the answer to the turn that decides is in the new language already, it does not wait for
    the turn's end.

    Args:
        language: The one in force.
        change: Speaks another from now on, or leaves it.
    """

    def __init__(
        self, language: Callable[[], str], change: Callable[[str], Awaitable[None]]
    ) -> None:
        self._language = language
        self._change = change
        self._watch = LanguageWatch()
        self._in_order = asyncio.Lock()
        self._turn = 0
        self._said = ""
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, session: AgentSession[Any]) -> None:
        session.on("user_input_transcribed", self._on_words)
        session.on("conversation_item_added", self._on_item)

    def end_turn(self) -> None:
        """What is said from now on is another turn."""
        self._turn, self._said = self._turn + 1, ""

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._said = f"{self._said} {event.transcript}".strip()
            task = asyncio.create_task(self._judge(self._said, self._turn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "user":
            self.end_turn()

    async def _judge(self, said: str, turn: int) -> None:
        async with self._in_order:
            code = await asyncio.to_thread(self._watch.hear, said, self._language(), turn)
            if code is not None:
                await self._change(code)
