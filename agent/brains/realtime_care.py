"""A realtime model that is lost is spoken for, and asked back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from livekit.agents import Agent, AgentSession, ErrorEvent, llm
from livekit.agents.voice import SpeechHandle

from .hibari import speakable
from .patience import explain

logger = logging.getLogger("visavis.brains")

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
"""Seconds before the model is asked back; twice as long after each failure in a row."""
NEW_OUTAGE: Final = 120.0
"""Seconds without a failure after which the next one is news, and said aloud again."""


Session = TypeVar("Session", bound=llm.RealtimeSession[Any])


def speak(session: AgentSession[Any], text: str) -> SpeechHandle:
    """Say ``text`` in the agent's voice: a realtime model says it itself, if it is so kind."""
    if isinstance(session.llm, llm.RealtimeModel):
        return session.generate_reply(instructions=f"Say exactly this and nothing else: {text}")
    return session.say(text)


def say(session: AgentSession[Any], text: str, *, is_english: bool) -> SpeechHandle:
    """Say ``text`` word for word. The voice that does so beside a realtime model knows English
    alone: what is not ``is_english`` the model is asked to say, which nobody can make it do."""
    if isinstance(session.llm, llm.RealtimeModel) and not (is_english and speakable(text)):
        return speak(session, text)
    return session.say(text)


def close_quietly(session: Session) -> Session:
    """LiveKit's sessions fail to close when they had failed before, and the agent with them."""
    close = session.aclose

    async def aclose() -> None:
        try:
            await close()
        except Exception as error:
            logger.debug("a lost realtime session is closed (%s)", type(error).__name__)

    session.aclose = aclose  # type: ignore[method-assign]
    return session


class RealtimeCare:
    """Keeps a session whose realtime model has failed for good from ending.

    LiveKit has tried again by then, and would close the session. Instead ``trouble`` is said in the
    session's other voice, and after a while a new agent takes over with what was said so far:
    ``make_agent``, which gives it a model of its own. ``on_loss`` is called once an outage, however
    often the model is asked back in it: no other listener of the session's errors can tell one from
    a hiccup.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        make_agent: Callable[[], Agent],
        trouble: str,
        on_loss: Callable[[], object] = lambda: None,
        *,
        first_delay: float = FIRST_DELAY,
    ) -> None:
        self._session = session
        self._make_agent = make_agent
        self._trouble = trouble
        self._on_loss = on_loss
        self._first_delay = self._delay = first_delay
        self._failed_at: float | None = None
        self._mending: asyncio.Task[None] | None = None
        session.on("error", self._on_error)
        session.on("close", self._on_close)

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        if not isinstance(error, llm.RealtimeModelError):
            return
        if error.recoverable:
            logger.warning("the realtime model failed (%s); LiveKit tries again", _say(error.error))
            return
        error.recoverable = True  # LiveKit looks at it after us, and would end the session
        logger.error("the realtime model is lost: %s", _say(error.error))
        if self._mending is None or self._mending.done():
            now = time.monotonic()
            is_news = self._failed_at is None or now - self._failed_at > NEW_OUTAGE
            self._failed_at = now
            if is_news:
                self._delay = self._first_delay
                self._on_loss()
            self._mending = asyncio.create_task(self._mend(is_news), name="mend the realtime model")

    async def _mend(self, is_news: bool) -> None:
        if is_news:
            await self._session.say(self._trouble, add_to_chat_ctx=False)
        await asyncio.sleep(self._delay)
        self._delay = min(2 * self._delay, LONGEST_DELAY)
        # A new model as well: LiveKit would hand the old one's dead connection to the new agent.
        agent = self._make_agent()
        await agent.update_instructions(str(self._session.current_agent.instructions))
        await agent.update_chat_ctx(self._session.history.copy(exclude_instructions=True))
        self._session.update_agent(agent)

    def _on_close(self, _: object) -> None:
        if self._mending is not None:
            self._mending.cancel()


def _say(error: Exception) -> str:
    """Providers' words stay out: they may quote what was said."""
    cause = error.__cause__
    status = getattr(cause, "status", None) or getattr(cause, "code", None)
    return f"{explain(error)}, {status}" if isinstance(status, int) else explain(error)
