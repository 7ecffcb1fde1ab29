"""Sessions are created, found and ended here, whoever asks for it.

A session's row in the store comes before its room, and goes to its end before its room does: so
whenever a gateway dies in between, another one's :class:`.janitor.Janitor` finds what is left.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from livekit.api.twirp_client import ServerError
from sqlalchemy.exc import IntegrityError

from gateway.access import Caller
from gateway.dispatch import Dispatcher
from gateway.problems import Problem, livekit_problems, no_such_session
from gateway.tokens import server_url
from settings import Settings
from store import Sessions, StoredSession, TooManyOpen, Webhooks
from visavis.events import EndReason

from .answers import CreatedSession, SessionView, Token, presence, summary
from .check import Checker, check_size
from .door import AgentUnreachable, Door, DoorError
from .draft import draft, spec_of
from .request import SessionRequest
from .room import Live, SessionRooms
from .token import EMPTY_TIMEOUT, LIFETIME, make_session_token

logger = logging.getLogger("visavis.gateway")

POLL_SECONDS: Final = 0.1
PARTING: Final = 3.0
"""Seconds in which an agent that was told to end a session records that it did."""
LIVEKIT_ERRORS: Final = (ServerError, aiohttp.ClientError, TimeoutError)


class SessionDesk:
    """Raises :class:`Problem` where something cannot be done."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        webhooks: Webhooks,
        rooms: SessionRooms,
        dispatcher: Dispatcher,
        door: Door,
        checker: Checker,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._webhooks = webhooks
        self._rooms = rooms
        self._dispatcher = dispatcher
        self._door = door
        self._checker = checker
        self._clock = clock

    async def create(
        self,
        asked: SessionRequest,
        caller: Caller,
        *,
        name: str | None = None,
        host: str | None = None,
        waits: bool = True,
    ) -> CreatedSession:
        """Begin a session; answers once its agent has taken it, and a moment later at most.

        Args:
            name: The session's id is made of it: the same one again is the same session.
            host: Under which the caller reached this server; see :func:`gateway.tokens.server_url`.
            waits: For the face, a moment.
        """
        await self._checker.check(asked)
        session = draft(asked, caller, name or secrets.token_hex(16), self._clock())
        check_size(spec_of(session))
        session = await self._keep(session)
        metadata = spec_of(session).to_metadata()
        secret = await self._tell_of(session, asked.webhook_url)
        try:
            with livekit_problems(self._settings.livekit_url):
                await self._dispatcher.bring_agent(
                    session.room, metadata=metadata, empty_timeout=EMPTY_TIMEOUT
                )
                live = await self._wait_for_face(session) if waits else Live()
        except Problem as problem:
            await self._fail(session, problem)
            raise
        return CreatedSession(
            **summary(session, self._settings.session_max_seconds),
            **presence(live, is_coming=True),
            **dict(self.token(session, host)),
            webhook_secret=secret,
        )

    async def find(self, id: str, caller: Caller) -> StoredSession:
        """Whoever may not see it is told that there is none."""
        session = await asyncio.to_thread(self._sessions.find, id)
        if session is None or caller.sees not in (None, session.owner):
            raise no_such_session()
        return session

    async def find_open(self, id: str, caller: Caller) -> StoredSession:
        session = await self.find(id, caller)
        if session.ended_at is not None:
            raise Problem(
                HTTPStatus.GONE,
                "session_over",
                "The session is over",
                f"It ended {self._clock() - session.ended_at:.0f} s ago ({session.end_reason}). "
                "Create a new one.",
            )
        return session

    async def view(self, session: StoredSession) -> SessionView:
        """As it is stored, and as it is in its room now."""
        live, is_coming = None, False
        if session.ended_at is None:
            with livekit_problems(self._settings.livekit_url):
                live = await self._rooms.look(session.room)
                if live is not None and live.agent is None:
                    is_coming = await self._dispatcher.is_taken(session.room)
        stored = summary(session, self._settings.session_max_seconds)
        return SessionView(**stored, **presence(live, is_coming=is_coming))

    async def agent(self, session: StoredSession) -> str:
        """Identity of the session's agent."""
        with livekit_problems(self._settings.livekit_url):
            live = await self._rooms.look(session.room)
        if live is None or live.agent is None:
            raise AgentUnreachable
        return live.agent

    async def renew(self, session: StoredSession, host: str | None = None) -> Token:
        """A new token for the same person. Where the agent was lost, another one comes."""
        await self.revive(session)
        return self.token(session, host)

    async def revive(self, session: StoredSession) -> None:
        """Bring an agent into its room, where there is none."""
        metadata = spec_of(session).to_metadata()
        with livekit_problems(self._settings.livekit_url):
            await self._dispatcher.bring_agent(session.room, make_room=False, metadata=metadata)

    def token(self, session: StoredSession, host: str | None = None) -> Token:
        return Token(
            server_url=server_url(self._settings, host),
            participant_token=make_session_token(session, self._settings),
            participant_identity=session.spec["participant"]["identity"],
            token_expires_at=self._clock() + LIFETIME.total_seconds(),
        )

    async def end(self, id: str, reason: EndReason = "ended") -> None:
        """Nobody is in its room any more; harmless where it is over. The agent, where there is one,
        is asked first, so that the last words are among the events."""
        session = await asyncio.to_thread(self._sessions.find, id)
        if session is None:
            return
        if session.ended_at is None and reason == "ended":
            await self._part(session)
        await asyncio.to_thread(self._sessions.end, id, reason)
        with suppress(*LIVEKIT_ERRORS):  # else a janitor does, once LiveKit answers
            await self._rooms.close(session.room)

    async def _keep(self, session: StoredSession) -> StoredSession:
        """Or what is kept of an earlier attempt."""
        known = await asyncio.to_thread(self._sessions.find, session.id)
        if known is not None:
            return known
        settings = self._settings
        try:
            await asyncio.to_thread(
                self._sessions.create,
                session,
                most=settings.max_sessions,
                most_of_owner=settings.max_sessions_per_key if session.owner else None,
            )
        except TooManyOpen as error:
            whose = "of this key" if error.owner is not None else "on this server"
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_sessions",
                "Too many sessions are open",
                f"{error.limit} sessions {whose} are open, which is the most. End one first.",
                retry_after=10,
            ) from None
        except IntegrityError:
            known = await asyncio.to_thread(self._sessions.find, session.id)
            if known is None:  # it was not that another attempt was quicker
                raise
            return known
        return session

    async def _tell_of(self, session: StoredSession, url: str | None) -> str | None:
        """Have the session's events sent to ``url``; what they are signed with."""
        if url is None:
            return None
        webhook = await asyncio.to_thread(
            self._webhooks.add, session.owner, url, session=session.id
        )
        return webhook.secret

    async def _wait_for_face(self, session: StoredSession) -> Live:
        """For a moment: who is there when it is there, or when the moment is over."""
        live: Live | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.face_timeout):
                while live is None or live.face not in ("present", "absent"):
                    await self._raise_failure(session)
                    live = await self._rooms.look(session.room) or live
                    await asyncio.sleep(POLL_SECONDS)
        await self._raise_failure(session)
        return live or Live()

    async def _raise_failure(self, session: StoredSession) -> None:
        """Of an agent that cannot do what was asked."""
        failed = await asyncio.to_thread(
            self._sessions.events, session.id, types=["session.failed", "session.ended"]
        )
        for event in failed:
            data: dict[str, Any] = dict(event.data)
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                data.get("code", "session_ended"),
                "The session could not begin",
                data.get("detail", "It ended before it began."),
            )

    async def _fail(self, session: StoredSession, problem: Problem) -> None:
        """Leave nothing behind; what fails here as well, a janitor does."""
        data = {"code": problem.code, "detail": problem.detail}
        failed = await asyncio.to_thread(
            self._sessions.events, session.id, types=["session.failed"]
        )
        if not failed:
            await asyncio.to_thread(self._sessions.append, session.id, "session.failed", data)
        await self.end(session.id, "failed")

    async def _part(self, session: StoredSession) -> None:
        with suppress(Problem, DoorError, AgentUnreachable, *LIVEKIT_ERRORS):
            await self._door.call(session.room, await self.agent(session), "end")
            async with asyncio.timeout(PARTING):
                while (now := await asyncio.to_thread(self._sessions.find, session.id)) is not None:
                    if now.ended_at is not None:
                        return
                    await asyncio.sleep(POLL_SECONDS)
