"""A session as it is held: what happens is recorded, the gateway is answered, and it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from livekit import rtc
from livekit.agents import AgentSession, CloseEvent, CloseReason, JobContext, utils
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS

from agent.controls import Control, Messages, fulfil
from agent.controls.messages import News
from agent.job_store import JobStore
from settings import Settings
from visavis import AvatarSession
from visavis.avatar_session import APPEARANCE_SEEN
from visavis.events import EndReason
from visavis.protocol import RPC_DOOR, FaceState
from visavis.session import SessionSpec, door_key
from visavis.talk import MessageNews, TalkChange

from .beginning import open_recorder
from .door import SENDER, Door
from .ending import delete_again, delete_room
from .face import find_face, has_come
from .limits import LimitName, Limits
from .log import Log, note_failure
from .lost_texts import LostTexts
from .timekeeper import Timekeeper, show_in
from .voice import Voice

logger = logging.getLogger("visavis.agent")

PARTING: Final = 8.0
"""Seconds for a goodbye."""
TELLING: Final = 1.0
"""Seconds for telling who sent a text that it is not said any more."""
ANSWERING: Final = 0.3
"""Seconds in which the answer gets out to who ended the session, or hung up, by a call."""

_ROOM_CLOSED: Final[dict[int, EndReason]] = {
    rtc.DisconnectReason.ROOM_DELETED: "ended",
    rtc.DisconnectReason.ROOM_CLOSED: "left",
}


class Sitting:
    """Holds one session: :meth:`enter` once the room is there, :meth:`begin` once the conversation
    is, :meth:`admit` once somebody is."""

    def __init__(
        self,
        ctx: JobContext,
        settings: Settings,
        spec: SessionSpec,
        store: JobStore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._spec = spec
        self._talk = spec.talk
        self.knowledge = list(spec.knowledge)
        self.began = spec.created_at
        """Unix seconds. An agent that was lost may have held it until now."""
        self._clock = clock
        self._recorder = open_recorder(store, spec.id, words=spec.transcript)
        self._lost_texts = LostTexts(self._recorder)
        key = door_key(settings.livekit_api_secret.get_secret_value(), ctx.job.room.name)
        self._door = Door(key, lambda: self.end("ended"), time.monotonic, self._is_anybody_there)
        self._voice: Voice | None = None
        self._messages: Messages | None = None
        self._avatar: AvatarSession | None = None
        self._timekeeper: Timekeeper | None = None
        self._somebody = False
        self._ending: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        store.at_the_end(self.aclose)

    def enter(self) -> None:
        """The agent is in the room."""
        self._recorder.start()
        room = self._ctx.room
        room.local_participant.register_rpc_method(RPC_DOOR, self._door.answer)
        room.on("disconnected", self._on_disconnected)
        self._tasks.append(asyncio.create_task(self._leave_what_is_over()))

    def begin(
        self,
        session: AgentSession[Any],
        control: Control,
        avatar: AvatarSession,
    ) -> None:
        """The conversation has begun, without a listener yet."""
        self._voice, self._avatar = Voice(session, control), avatar
        Log(session, self._recorder)
        session.on("close", self._on_close)
        avatar.on(APPEARANCE_SEEN, lambda looks: self.keep(TalkChange(appearance=looks)))
        spec, settings = self._spec, self._settings
        limits = Limits(
            created_at=spec.created_at,
            now=self._clock(),
            max_seconds=spec.max_seconds or settings.session_max_seconds,
            idle_seconds=spec.idle_seconds or settings.session_idle_seconds,
        )
        self._timekeeper = Timekeeper(
            limits,
            self._recorder,
            announce=self._announce,
            show=show_in(self._ctx.room),
            end=self.end,
            clock=self._clock,
        )
        self._timekeeper.attach(session, self._ctx.room)
        self._tasks.append(asyncio.create_task(self._timekeeper.run(), name="session limits"))
        self._tasks.append(asyncio.create_task(self._lost_texts.run(), name="lost texts"))
        self._door.begin(lambda asked: fulfil(asked, control, avatar))

    def admit(self, messages: Messages, brains: Mapping[str, str]) -> None:
        """Somebody is there. ``brains``: what is in use, for people."""
        assert self._voice is not None and self._timekeeper is not None
        self._somebody, self._messages = True, messages
        self._recorder.note_start(self._find_face, brains)
        self._timekeeper.word()
        self._door.admit(messages.take, self._voice.interrupt)

    def keep(self, change: TalkChange) -> None:
        """The conversation is held otherwise from now on, also by an agent in this one's place."""
        if (talk := self._talk.then(change)) != self._talk:
            self._talk = talk
            self._recorder.keep_talk(talk)

    def overhear(self, text: str) -> None:
        """The person said it while the agent retells."""
        self._recorder.note("user.turn", text=text)

    def miss_brain(self) -> None:
        """A realtime model is lost; it is asked back."""
        note_failure(self._recorder)

    def news(self, tell_sender: News) -> News:
        """Keeps what becomes of texts, and tells those who are in the room."""

        async def tell(sender: str, news: MessageNews) -> None:
            detail = {} if news.detail is None else {"detail": news.detail}
            self._lost_texts.note(news)
            self._recorder.note("message", id=news.id, state=news.state, **detail)
            if sender == SENDER:
                self._door.hear(news)
            else:
                await tell_sender(sender, news)

        return tell

    def end(self, reason: EndReason) -> None:
        """Begin to end it, for the first reason that there is."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(reason), name="end of the session")

    def fail(self) -> None:
        """The agent cannot go on."""
        if self._ending is None:
            detail = "a part of the agent failed for good"
            self._recorder.note("session.failed", code="agent_failed", detail=detail)
        self.end("failed")

    def leave(self, why: str) -> None:
        """The person has."""
        logger.info("%s", why)
        self.end("left" if self._somebody else "idle")

    async def aclose(self) -> None:
        """The job is over, whether the session is or not."""
        if self._ending is not None:
            await asyncio.wait([self._ending], timeout=PARTING)
        await utils.aio.cancel_and_wait(*self._tasks)
        self._lost_texts.leave()
        await self._recorder.close()

    async def _end(self, reason: EndReason) -> None:
        logger.info("the session ends: %s", reason)
        by_limit = reason in ("duration", "idle")
        with suppress(Exception):  # a voice that fails keeps nobody here
            async with asyncio.timeout(PARTING):
                await self._part(aloud=by_limit and self._is_heard)
        self._recorder.start()  # one that fails before it is in the room ends as well
        await self._recorder.close(reason)
        await asyncio.sleep(ANSWERING)
        has_face = self._avatar is not None and has_come(self._ctx.room)
        if self._avatar is not None:
            with suppress(Exception):  # or it would be called back into a room that is gone
                async with asyncio.timeout(PARTING):
                    await self._avatar.aclose()
        await delete_room(self._ctx)
        self._ctx.shutdown(f"the session is over: {reason}")
        if not has_face:
            await delete_again(self._ctx)

    async def _part(self, *, aloud: bool) -> None:
        """Stop the voice, so that the last turn is among the events, and the ends of the texts; and
        say goodbye."""
        if self._messages is not None:
            self._messages.stop()
        if self._voice is None:
            return
        try:
            await self._voice.interrupt()
        finally:  # of a session that has failed, the texts have as well
            if self._messages is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TELLING):
                        await self._messages.all_told()
        if aloud:
            await self._voice.say_goodbye()

    async def _announce(self, limit: LimitName, seconds: float) -> None:
        if self._voice is not None and self._is_heard and self._ending is None:
            await self._voice.warn(limit, seconds)

    @property
    def _is_heard(self) -> bool:
        """What is said to nobody waits, and would be said when it is no longer true."""
        return self._somebody and self._is_anybody_there()

    def _is_anybody_there(self) -> bool:
        people = self._ctx.room.remote_participants.values()
        return any(each.kind in DEFAULT_PARTICIPANT_KINDS for each in people)

    async def _find_face(self) -> FaceState:
        return await find_face(self._ctx.room, self._settings.face_timeout)

    async def _leave_what_is_over(self) -> None:
        """An agent that takes a lost one's place may be late."""
        if (reason := await self._recorder.find_end()) is not None:
            self.end(reason)

    def _on_disconnected(self, reason: int = rtc.DisconnectReason.UNKNOWN_REASON) -> None:
        if reason in _ROOM_CLOSED:
            known = _ROOM_CLOSED[reason]
            self.end("idle" if known == "left" and not self._somebody else known)

    def _on_close(self, event: CloseEvent) -> None:
        if event.reason == CloseReason.ERROR:
            self.fail()
