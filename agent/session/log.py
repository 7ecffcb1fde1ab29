"""What is said in a session, and what fails in it, for its events."""

from __future__ import annotations

from typing import Any, Final

from livekit.agents import AgentSession, ConversationItemAddedEvent, ErrorEvent
from livekit.agents.llm import ChatMessage, LLMError

from agent.brains.steady_llm import BrokenAnswer
from agent.turn_metrics import Timings

from .recorder import Recorder

NO_ANSWER: Final = "no language model answers"


class Log:
    """Listens to ``session``, and notes each turn once it is over."""

    def __init__(self, session: AgentSession[Any], recorder: Recorder) -> None:
        self._recorder = recorder
        self._timings = Timings()
        session.on("conversation_item_added", self._on_item)
        session.on("error", self._on_error)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage):
            return
        timing, text = self._timings.of(item), (item.text_content or "").strip()
        if item.role == "user":
            self._recorder.note("user.turn", text=text)
        elif item.role == "assistant":
            if item.interrupted:
                self._recorder.note("agent.interrupted")
            self._recorder.note(
                "agent.turn", text=text, interrupted=item.interrupted, timing=timing
            )

    def _on_error(self, event: ErrorEvent) -> None:
        if isinstance(event.error, LLMError):  # see Sitting.miss_brain for realtime models
            is_broken = isinstance(event.error.error, BrokenAnswer)
            note_failure(self._recorder, "an answer broke off" if is_broken else NO_ANSWER)


def note_failure(recorder: Recorder, detail: str = NO_ANSWER) -> None:
    """Of a language model. Its provider's own words stay out: they may quote what was said."""
    recorder.note("session.failed", code="brain_failed", detail=detail)
