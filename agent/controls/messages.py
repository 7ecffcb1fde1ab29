"""Texts to say and to ask, from outside: in order, whole, each with its end told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from livekit.agents import AgentSession, ErrorEvent
from livekit.agents.llm import LLMError
from livekit.agents.voice import SpeechHandle

from agent.sentences import split_sentences
from visavis.protocol import MESSAGE_LIMIT
from visavis.talk import MessageNews, MessageState

logger = logging.getLogger("visavis.agent")

WAITING: Final = 32
"""Texts that may wait; more are refused."""
CHUNK: Final = 1000
"""Characters said as one speech: enough for the voice to be ahead, little to throw away."""
OVER: Final = "the conversation is over"

News = Callable[[str, MessageNews], Awaitable[None]]
"""Tells the participant of that identity."""


@dataclass(frozen=True)
class Message:
    """A text that somebody sent."""

    id: str
    """Empty: it was typed, and nobody waits for news of it."""
    sender: str
    """Their identity; empty: the gateway."""
    kind: Literal["say", "ask"]
    text: str


class Messages:
    """Speaks them one after the other. ``say``: gives a text to the voice."""

    def __init__(
        self, session: AgentSession[Any], say: Callable[[str], SpeechHandle], news: News
    ) -> None:
        self._session = session
        self._say = say
        self._news = news
        self._waiting: asyncio.Queue[Message] = asyncio.Queue(WAITING)
        self._over = False

    async def take(self, message: Message) -> None:
        """Accept or refuse it, and say which."""
        refusal = None
        if self._over:
            refusal = OVER
        elif not message.text.strip():
            refusal = "there is nothing to say in it"
        elif len(message.text) > MESSAGE_LIMIT:
            refusal = f"it has {len(message.text)} characters; at most {MESSAGE_LIMIT} are taken"
        elif self._waiting.full():
            refusal = f"{WAITING} texts are waiting; send it again when one is done"
        else:
            self._waiting.put_nowait(message)
        await self._tell(message, "refused" if refusal else "accepted", refusal)

    def retell(self, text: str) -> None:
        """Say it in its turn, whoever typed it: nobody is told what becomes of it."""
        if not self._over and not self._waiting.full():
            self._waiting.put_nowait(Message("", "", "say", text))
        else:
            logger.warning("a typed text is not said: the conversation is over, or others wait")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            message = await self._waiting.get()
            try:
                await self._take_turn(message)
            finally:
                self._waiting.task_done()

    def stop(self) -> None:
        """Begin no more of them; who sent one that waits is told so. What is being said has to be
        interrupted."""
        self._over = True

    async def all_told(self) -> None:
        """Returns when each has had its end."""
        await self._waiting.join()

    async def _take_turn(self, message: Message) -> None:
        if self._over:
            await self._tell(message, "failed", OVER)
            return
        await self._tell(message, "begun")
        try:
            end = await self._speak(message)
        except Exception:  # its text may hold what was to be said
            logger.error("a text to %s failed", message.kind)
            end = "failed"
        await self._tell(message, end)

    async def _speak(self, message: Message) -> MessageState:
        speeches = self._begin(message)
        with self._failures() as failures:
            while not self._over:
                if (handle := next(speeches, None)) is None:
                    return "done"
                await handle.wait_for_playout()
                if message.kind == "ask" and failures:
                    return "failed"
                if handle.interrupted:
                    break
                if handle.exception() is not None:  # waiting for it raises nothing
                    return "failed"
        return "interrupted"

    @contextmanager
    def _failures(self) -> Iterator[list[LLMError]]:
        """Of language models, as they come: one that says instead that it is down raises none."""
        failures = list[LLMError]()

        def on_error(event: ErrorEvent) -> None:
            if isinstance(event.error, LLMError):
                failures.append(event.error)

        self._session.on("error", on_error)
        try:
            yield failures
        finally:
            self._session.off("error", on_error)

    def _begin(self, message: Message) -> Iterator[SpeechHandle]:
        if message.kind == "ask":
            yield self._session.generate_reply(user_input=message.text)
            return
        for chunk in chunks(message.text):
            yield self._say(chunk)

    async def _tell(self, message: Message, state: MessageState, detail: str | None = None) -> None:
        if not message.id:
            return
        try:
            await self._news(message.sender, MessageNews(message.id, state, detail))
        except Exception as error:  # the sender has gone, or the room is reconnecting
            logger.info("nobody could be told that a text is %s: %s", state, type(error).__name__)


def chunks(text: str) -> Iterator[str]:
    """The text in pieces of at most :data:`CHUNK` characters, cut at the ends of sentences.

    A sentence that is longer stays whole.
    """
    chunk = ""
    for sentence, _, _ in split_sentences(text):
        if chunk and len(chunk) + len(sentence) > CHUNK:
            yield chunk
            chunk = ""
        chunk += sentence
    if chunk.strip():
        yield chunk
