"""Keeps a face in the room: asks for one, speaks through it, replaces it when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from livekit import rtc

from .dispatch import FaceDesk
from .face_line import FaceLine, LineError
from .face_voice import FaceVoice
from .inbox import Inbox
from .plain_voice import PlainVoice
from .protocol import ATTRIBUTE_FEATURES, AvatarDispatch, FaceState
from .speech import Speech
from .waiting import rest
from .watchdog import TICK

logger = logging.getLogger("visavis.avatar")

ANSWER_PATIENCE: Final = 2.0
"""Seconds that a worker may take to accept, at first; later as many as :data:`BACKOFF` has.
LiveKit asks the workers that it has at that moment: one that comes later is not asked."""
JOIN_PATIENCE: Final = 20.0
"""Seconds that an accepted job may take until its avatar is in the room: asked anew, a worker
that is slow to start would never arrive."""
LONG_ENOUGH: Final = 10.0
"""Seconds after which a face that is lost is asked for again at once."""
BACKOFF: Final = (1.0, *[2.0] * 14, 5.0, 10.0)
"""Seconds from one question to the next while no face comes or stays; the last for ever. A worker
that was killed is back within half a minute."""
ROOM_OVER: Final = (rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED)
"""Why a face leaves that is not to be replaced: asking for another would make the room anew."""


@dataclass(frozen=True)
class Visit:
    """One avatar that was asked for, by an identity of its own: a late one can be told apart."""

    identity: str
    dispatch_id: str | None


class FaceKeeper:
    """Runs as long as the agent is in the room.

    Args:
        look: What to ask for now; the avatar identity in it is the stem of each visit's own.
        say: Publishes the face's state.
        patience: Seconds that the first word waits for the first face.
        on_arrival: Called with each face's identity when it is there.
    """

    def __init__(
        self,
        *,
        room: rtc.Room,
        desk: FaceDesk,
        inbox: Inbox,
        speech: Speech,
        plain: PlainVoice,
        look: Callable[[], AvatarDispatch],
        say: Callable[[FaceState], Coroutine[Any, Any, None]],
        patience: float,
        on_arrival: Callable[[str], None],
    ) -> None:
        self._room = room
        self._desk = desk
        self._inbox = inbox
        self._speech = speech
        self._plain = plain
        self._look = look
        self._say = say
        self._patience = patience
        self._on_arrival = on_arrival
        self._numbers = itertools.count(1)
        self._expected: str | None = None
        self._over = False
        self._asking = asyncio.Lock()
        self._visit: Visit | None = None
        self._tasks: asyncio.TaskGroup

    async def run(self) -> None:
        """Until cancelled, or the room is over. It must be connected."""
        now = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as self._tasks:
            deadline = self._tasks.create_task(self._give_up_waiting())
            self._room.on("participant_connected", self._turn_away)
            misses = 0
            try:
                while not self._over:
                    asked = now()
                    async with self._asking:
                        visit = self._visit = await self._ask()
                    patience = max(ANSWER_PATIENCE, _pause(misses))
                    if await self._arrives(visit, patience):
                        arrived = now()
                        deadline.cancel()
                        await self._speak_through(visit)
                        misses = 0 if now() - arrived > LONG_ENOUGH else misses
                    self._expected = None
                    self._tasks.create_task(self._desk.withdraw(visit.dispatch_id, visit.identity))
                    await asyncio.sleep(max(0.0, asked + _pause(misses) - now()))
                    misses += 1
            finally:
                self._room.off("participant_connected", self._turn_away)

    async def dismiss(self) -> None:
        """Send away the face that is there, or on its way; no other is asked for."""
        self._over = True
        async with self._asking:
            visit, self._visit = self._visit, None
        if visit is not None:
            await self._desk.withdraw(visit.dispatch_id, visit.identity)

    async def _give_up_waiting(self) -> None:
        await self._say("waiting")
        await asyncio.sleep(self._patience)
        logger.warning("no face within %.1f s: speaking plainly", self._patience)
        self._speech.prefer(self._plain)
        await self._say("absent")
        await self._prepare_plain()

    def _turn_away(self, participant: rtc.RemoteParticipant) -> None:
        """An avatar that comes after it was given up would be a second face."""
        ours = participant.identity.startswith(f"{self._look().avatar_identity}-")
        if ours and participant.identity != self._expected:
            self._tasks.create_task(self._desk.remove(participant.identity))

    async def _ask(self) -> Visit:
        look = self._look()
        identity = f"{look.avatar_identity}-{next(self._numbers)}"
        self._expected = identity
        local = self._room.local_participant.identity
        request = replace(look, agent_identity=local, avatar_identity=identity)
        return Visit(identity, await self._desk.ask(request))

    async def _arrives(self, visit: Visit, patience: float) -> bool:
        """True once the avatar can be spoken through; False when it is not worth waiting more.
        ``patience``: seconds until a worker has accepted."""
        if visit.dispatch_id is None:
            return False
        loop = asyncio.get_running_loop()
        asked, accepted = loop.time(), False
        with self._watching() as changed:
            while not self._is_here(visit.identity):
                waited = loop.time() - asked
                progress = await self._desk.progress(visit.dispatch_id)
                accepted = accepted or progress == "coming"
                if progress == "over":
                    return self._is_here(visit.identity)
                if not accepted and waited > patience:
                    return False
                if waited > JOIN_PATIENCE:
                    logger.warning("an avatar was promised and did not come")
                    return False
                await rest(changed, 0.5)
                changed.clear()
        return True

    def _is_here(self, identity: str) -> bool:
        participant = self._room.remote_participants.get(identity)
        if (
            participant is None
            or participant.state != rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
        ):
            return False
        kinds = [track.kind for track in participant.track_publications.values()]
        return rtc.TrackKind.KIND_AUDIO in kinds  # there may be no picture

    @contextlib.contextmanager
    def _watching(self) -> Iterator[asyncio.Event]:
        """An event that is set by whatever may bring a face, or take it away."""
        changed = asyncio.Event()

        def on_change(*_: object) -> None:
            changed.set()

        self._room.on("participant_active", on_change)
        self._room.on("track_published", on_change)
        try:
            yield changed
        finally:
            self._room.off("participant_active", on_change)
            self._room.off("track_published", on_change)

    async def _speak_through(self, visit: Visit) -> None:
        """Returns when the face is lost, its words already in the plain voice's mouth."""
        participant = self._room.remote_participants[visit.identity]
        features = set(participant.attributes.get(ATTRIBUTE_FEATURES, "").split())
        gone = asyncio.Event()
        line = FaceLine(self._room, visit.identity, opus="opus" in features)

        def lose(reason: str) -> None:
            if not gone.is_set():
                logger.warning("the face is lost (%s); the agent speaks plainly", reason)
                gone.set()
                self._inbox.remove(visit.identity)
                self._speech.lost(face, self._plain)

        clock = asyncio.get_running_loop().time
        face = FaceVoice(
            self._speech,
            line,
            features,
            on_dead=lose,
            on_doubt=self._plain.rouse,
            clock=clock,
        )

        def on_left(participant: rtc.RemoteParticipant) -> None:
            if participant.identity == visit.identity:
                self._over = self._over or participant.disconnect_reason in ROOM_OVER
                lose("it left the room")

        async def guard(work: Coroutine[Any, Any, None]) -> None:
            try:
                await work
            except LineError as error:
                lose(str(error))
            except Exception:
                logger.exception("speaking through the face failed")
                lose("an error of the agent's own")

        self._room.on("participant_disconnected", on_left)
        self._inbox.add(visit.identity, face)
        working = [
            self._tasks.create_task(guard(line.run())),
            self._tasks.create_task(guard(self._tick(face))),
            self._tasks.create_task(self._prepare_plain()),
        ]
        try:
            if self._speech.is_sounding:  # a voice that nobody hears yet would be a gap
                await _first(gone, face.audible)
            if not gone.is_set():
                self._speech.prefer(face)
                self._on_arrival(visit.identity)
                await _first(gone, self._plain.silent)  # who stops listening to it loses words
            if not gone.is_set():
                await self._say("present")
            await gone.wait()
        finally:
            self._room.off("participant_disconnected", on_left)
            for task in working:
                task.cancel()
        self._tasks.create_task(self._say("absent"))

    async def _tick(self, face: FaceVoice) -> None:
        while True:
            await asyncio.sleep(TICK)
            connected = self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED
            face.tick(connected=connected)

    async def _prepare_plain(self) -> None:
        try:
            await self._plain.prepare()
        except Exception as error:
            logger.warning("the plain voice could not be prepared: %s", error)


async def _first(*events: asyncio.Event) -> None:
    """Wait for any of them."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _pause(misses: int) -> float:
    """Seconds from the question after so many misses to the next."""
    return BACKOFF[min(misses, len(BACKOFF) - 1)]
