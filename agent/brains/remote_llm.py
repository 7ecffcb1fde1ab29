"""A brain of the user's own behind a WebSocket, as a language model of LiveKit's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from livekit import rtc
from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    ErrorEvent,
    UserInputTranscribedEvent,
    llm,
    utils,
)

from agent.manner import Manner
from agent.tools import page

from .remote_link import RemoteLink
from .remote_protocol import Action, Say, Session, fit
from .words_llm import WordsLLM, read_context, read_history, read_turn


class RemoteLLM(WordsLLM):
    """``link`` connects when the conversation is known: by :meth:`attach`; or by the first question
    where that is quicker, or where there is nothing to attach to, as in the terminal."""

    def __init__(self, link: RemoteLink, name: str, language: str | None = None) -> None:
        super().__init__(name, "remote")
        self.link = link
        self._id = utils.shortuuid("session_")
        self._room = ""
        self._instructions: Callable[[], str] = lambda: ""
        self._language: Callable[[], str] = lambda: ""
        self._first_language = language
        self._running: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def connect(
        self,
        room: str,
        instructions: Callable[[], str],
        language: Callable[[], str] = lambda: "",
    ) -> None:
        """Begin, or tell the brain that the conversation is another than it was said to be.

        ``language``: ISO 639-1; empty: as the settings say.
        """
        self._room, self._instructions, self._language = room, instructions, language
        if self._running is None:
            self._running = asyncio.create_task(self.link.run(self._describe), name="remote brain")
        else:
            self._do(self.link.refresh())

    def _describe(self) -> Session:
        language = self._language() or self._first_language
        return Session(self._id, self._room, language, self._instructions())

    def attach(self, session: AgentSession[Any], room: rtc.Room, manner: Manner) -> None:
        """Let the brain speak and act of its own accord, and know what was heard of it."""

        def on_partial(event: UserInputTranscribedEvent) -> None:
            if not event.is_final and "partial" in self.link.wants and not manner.retells:
                self._do(self.link.tell({"type": "partial", "text": fit(event.transcript)}))

        def on_item(event: ConversationItemAddedEvent) -> None:
            if isinstance(event.item, llm.ChatMessage) and event.item.role == "assistant":
                heard = fit(event.item.text_content or "")
                cut = event.item.interrupted
                self._do(self.link.tell({"type": "heard", "text": heard, "interrupted": cut}))

        def on_error(event: ErrorEvent) -> None:
            if isinstance(event.error, llm.LLMError):
                self.link.recall.give_up()

        def on_say(wish: Say) -> None:
            if wish.interrupt:
                session.interrupt(force=True)  # BARGE_IN is about people
            session.say(wish.text)

        def on_action(action: Action) -> None:
            self._do(self._act(room, action))

        session.on("user_input_transcribed", on_partial)
        session.on("conversation_item_added", on_item)
        session.on("error", on_error)
        self.link.recall.history = lambda: read_history(session.history)
        self.link.on_say, self.link.on_action = on_say, on_action
        manner.on_change = lambda: self._do(self.link.refresh())
        self.connect(room.name, lambda: manner.instructions, lambda: manner.language)

    async def answer(self, chat_ctx: llm.ChatContext) -> AsyncGenerator[str]:
        _, turn = read_turn(chat_ctx)
        instructions, context = read_context(chat_ctx)
        if self._running is None:
            self.connect("", lambda: instructions)
        name = utils.shortuuid("turn_")
        async with self.link.turn(name, turn.text, context) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        await super().aclose()
        if self._running is not None:
            await utils.aio.cancel_and_wait(self._running)
        await utils.aio.cancel_and_wait(*self._tasks)

    async def _act(self, room: rtc.Room, action: Action) -> None:
        """A card on the person's screen is the one action of version 1."""
        done: dict[str, Any] = {"type": "action.done", "id": action.id, "ok": False}
        if action.name != "card":
            done["detail"] = "unknown action"
        else:
            title, text, url = (action.data.get(name) for name in ("title", "text", "url"))
            try:
                done["detail"] = await page.show(
                    room, str(title or ""), str(text or ""), str(url) if url else None
                )
                done["ok"] = True
            except llm.ToolError as error:
                done["detail"] = error.message
        await self.link.tell(done)

    def _do(self, work: Any) -> None:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
