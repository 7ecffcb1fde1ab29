"""Which session a WebSocket is for, and its seat in that session's room."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from livekit.api import LiveKitAPI

from settings import Settings
from store import StoredSession

from ..access.caller import SCOPES, Caller
from ..access.visitor import Visitor, not_admitted
from ..problems import Problem, livekit_problems, no_such_session
from ..sessions import SessionParts, SessionRequest
from ..sessions.request import Participant
from ..sessions.room import SessionRooms
from .stage import Seat

MOST_SESSIONS: Final = 100
"""One after the other, of one token."""
MOST_TRIES: Final = 10
"""Of them in which a client is greeted that comes by itself while none of its sessions begins. From
then on it has to say something: its tries are not to use up its token."""
PREFIX: Final = "ses_"
WAITING: Final = "~"
"""After an id that a browser remembers: of a session that begins with its client's first words,
also when it comes back before it has said any."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Choice:
    """Of a session."""

    id: str
    known: StoredSession | None
    """None: it is not there yet."""
    is_next: bool = False
    """The client had one that was held, and it is over. It begins when they say something: a page
    that was left open shall not go on for ever."""

    @property
    def remembered(self) -> str:
        """For the browser to keep, and to bring when it comes back."""
        return self.id + (WAITING if self.is_next else "")


class Host:
    """Brings WebSockets to sessions, on any gateway to the same ones."""

    def __init__(
        self,
        settings: Settings,
        parts: SessionParts,
        rooms: SessionRooms,
        new_name: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._settings = settings
        self._sessions = parts.sessions
        self._desk = parts.desk
        self._rooms = rooms
        self._new_name = new_name

    @classmethod
    def of(cls, settings: Settings, parts: SessionParts, livekit: LiveKitAPI) -> Host:
        return cls(settings, parts, SessionRooms(livekit, settings.agent_name))

    async def choose(self, visitor: Visitor, asked: str | None, remembered: str | None) -> Choice:
        """The session that is meant.

        Args:
            asked: Id of a session that the client names.
            remembered: :attr:`Choice.remembered`, out of its cookie. Other windows may have the
                same, so it counts only where nobody else is connected.

        Raises:
            Problem: the one that it names is not there, not theirs, or over; or LiveKit cannot
                be asked.
        """
        if visitor.room and not visitor.session:
            raise not_admitted(
                "wrong_room",
                "A token for a room",
                "This token admits to one room, and the WebSocket has rooms of its own.",
            )
        if id := visitor.session or asked:
            return Choice(id, await self._find(visitor, id))
        if visitor.token:
            return await self._of_token(visitor)
        known, waits = None, False
        if remembered is not None:
            waits = remembered.endswith(WAITING)
            known = await self._known(remembered.removesuffix(WAITING))
        if known is None or known.owner:
            return Choice(PREFIX + self._new_name(), None, is_next=waits)
        if known.ended_at is not None:
            is_next = await self._was_held(known)
            return Choice(PREFIX + self._new_name(), None, is_next=is_next)
        if await self._is_attended(known):
            return Choice(PREFIX + self._new_name(), None)
        return Choice(known.id, known)

    async def seat(self, choice: Choice, visitor: Visitor) -> Seat:
        """Raises :class:`Problem`."""
        session = await asyncio.to_thread(self._sessions.find, choice.id)
        if session is None:
            person = Participant(identity=visitor.identity or None, control=False)
            asked = SessionRequest(video=False, participant=person, metadata=_mark(visitor))
            caller = Caller(visitor.owner, frozenset(SCOPES))
            name = choice.id.removeprefix(PREFIX)
            created = await self._desk.create(asked, caller, name=name, waits=False)
            token = created.participant_token
        elif session.ended_at is not None:
            raise session_over(session)
        else:
            token = (await self._desk.renew(session)).participant_token
        return Seat(self._settings.livekit_url, token)

    async def why_over(self, id: str) -> str:
        """For people."""
        session = await asyncio.to_thread(self._sessions.find, id)
        reason = session.end_reason if session is not None else None
        if reason not in (None, "failed"):  # what failed before did not end it
            return f"The session is over ({reason})."
        failed = await asyncio.to_thread(self._sessions.events, id, types=["session.failed"])
        if failed:
            return str(failed[-1].data.get("detail") or "The session has failed.")
        return "The session is over."

    async def end(self, id: str) -> None:
        """The client has left for good."""
        await self._desk.end(id, "left")

    async def _find(self, visitor: Visitor, id: str) -> StoredSession:
        session = await self._known(id)
        if session is None:
            raise no_such_session()
        is_theirs = (
            id == visitor.session
            or session.owner == visitor.owner != ""
            or (not visitor.token and not session.owner)
            or self._is_of_a_page(session, visitor)
            or id.startswith(PREFIX + self._name_of(visitor.token))
        )
        if not is_theirs:
            raise not_admitted(
                "wrong_session", "Another's session", "This session is not yours to join."
            )
        if visitor.identity not in ("", session.spec["participant"]["identity"]):
            raise not_admitted(
                "wrong_identity", "A token for another", "This token is for another identity."
            )
        if session.ended_at is not None:
            raise session_over(session)
        return session

    def _is_of_a_page(self, session: StoredSession, visitor: Visitor) -> bool:
        """Whether it began here, on the visitor's site: a page whose token has expired comes back
        with another. The session's id is known to nobody but that page."""
        nobodys = not session.owner and not visitor.owner
        return nobodys and session.metadata == _mark(visitor)

    async def _known(self, id: str) -> StoredSession | None:
        """Clients send anything; not every store takes it."""
        if _ID.fullmatch(id) is None:
            return None
        return await asyncio.to_thread(self._sessions.find, id)

    async def _of_token(self, visitor: Visitor) -> Choice:
        """The token's newest: their ids follow from it, so that every gateway finds them."""
        name = self._name_of(visitor.token)
        last: StoredSession | None = None
        for number in range(MOST_SESSIONS):
            id = f"{PREFIX}{name}" + (f"-{number}" if number else "")
            known = await asyncio.to_thread(self._sessions.find, id)
            if known is None:
                tired = number >= MOST_TRIES
                is_next = last is not None and (tired or await self._was_held(last))
                return Choice(id, None, is_next=is_next)
            if known.ended_at is None:
                return Choice(id, known)
            last = known
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_sessions",
            "Too many sessions with one token",
            f"{MOST_SESSIONS} sessions were held with this token. Ask for a new one.",
        )

    async def _was_held(self, over: StoredSession) -> bool:
        """Else it never began, as nobody was free for it: who tries again is to be greeted."""
        if over.end_reason != "failed":
            return True
        return await asyncio.to_thread(self._sessions.happened, over.id, "session.started")

    def _name_of(self, token: str) -> str:
        """Of the first session of the token with this id. Who reads an old token somewhere does not
        learn it."""
        secret = self._settings.livekit_api_secret.get_secret_value().encode()
        text = f"visavis bridge {token}".encode()
        return hmac.new(secret, text, hashlib.sha256).hexdigest()[:32]

    async def _is_attended(self, session: StoredSession) -> bool:
        with livekit_problems(self._settings.livekit_url):
            live = await self._rooms.look(session.room)
        identity = session.spec["participant"]["identity"]
        return live is not None and any(p.identity == identity for p in live.participants)


def _mark(visitor: Visitor) -> dict[str, str]:
    """The metadata of a session that begins here."""
    return {"by": "websocket", "origin": visitor.origin}


def session_over(session: StoredSession) -> Problem:
    return Problem(
        HTTPStatus.GONE,
        "session_over",
        "The session is over",
        f"The session is over ({session.end_reason}).",
    )
