"""Where the time of an answer went, told to the room: numbers alone, no word of what was said."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Final

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage

from visavis.protocol import ATTRIBUTE_TURN

logger = logging.getLogger("visavis.agent")

USER_PARTS: Final = {
    "end_of_turn": "end_of_turn_delay",
    "transcription": "transcription_delay",
}
AGENT_PARTS: Final = {
    "llm_first_token": "llm_node_ttft",
    "llm_first_sentence": "llm_node_ttfs",
    "tts_first_byte": "tts_node_ttfb",
    "playback": "playback_latency",
    "answer": "e2e_latency",
}
"""Our names for LiveKit's (``livekit.agents.llm.chat_context.MetricsReport``), all in seconds."""


class Timings:
    """How long the parts of each turn took, from a conversation's messages in their order."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}

    def of(self, message: ChatMessage) -> dict[str, float]:
        """Seconds, by our names; of an answer to speech with the parts of the person's turn."""
        metrics: dict[str, Any] = dict(message.metrics)
        if message.role == "user":
            self._heard = _pick(metrics, USER_PARTS)
            return self._heard
        parts = _pick(metrics, AGENT_PARTS)
        if "answer" in parts:
            parts, self._heard = self._heard | parts, {}
        return parts


class TurnMetrics:
    """Publishes, once an answer is over, how long its parts took (:data:`ATTRIBUTE_TURN`).

    An answer that nobody's speech asked for, such as a greeting, is passed over. The parts overlap
    where the model begins to think before the turn is over.
    """

    def __init__(self, session: AgentSession[Any], room: rtc.Room) -> None:
        self._room = room
        self._turn = 0
        self._timings = Timings()
        self._tasks: set[asyncio.Task[None]] = set()
        session.on("conversation_item_added", self._on_item)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if not isinstance(event.item, ChatMessage):
            return
        parts = self._timings.of(event.item)
        if "answer" in parts:
            self._turn += 1
            task = asyncio.create_task(self._tell(json.dumps({"turn": self._turn} | parts)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, parts: str) -> None:
        try:
            await self._room.local_participant.set_attributes({ATTRIBUTE_TURN: parts})
        except Exception:
            logger.info("could not publish the turn's timing", exc_info=True)


def _pick(metrics: dict[str, Any], names: dict[str, str]) -> dict[str, float]:
    return {
        ours: round(float(metrics[theirs]), 4)
        for ours, theirs in names.items()
        if metrics.get(theirs) is not None
    }
