"""A person who goes may come back: the conversation waits for them, and then goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from livekit import rtc
from livekit.agents import AgentSession, JobContext
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

from visavis.protocol import RPC_HANG_UP

from .outputs import Outputs

logger = logging.getLogger("visavis.agent")

SETTLING: Final = 1.0
"""Seconds from a person's return until they hear: their client subscribes to voice and picture."""

_Reason = rtc.DisconnectReason
FOR_GOOD: Final = frozenset(
    {_Reason.PARTICIPANT_REMOVED, _Reason.ROOM_DELETED, _Reason.ROOM_CLOSED, _Reason.USER_REJECTED}
)
"""Reasons for leaving after which nobody comes back. A page that reloads gives the same reason as
one whose person hangs up, CLIENT_INITIATED; the latter calls :data:`RPC_HANG_UP` first."""


_STANDARD: Final = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
"""A client with a screen, not a telephone."""


class Link(Protocol):
    """Whom the session hears: LiveKit's ``RoomIO``."""

    @property
    def linked_participant(self) -> rtc.RemoteParticipant | None: ...

    def set_participant(self, participant_identity: str | None) -> None: ...


class Attendance:
    """Watches who is there to talk with.

    When the last person is gone, ``fall_silent`` is called at once and, unless somebody comes into
    the room within ``grace`` seconds, ``over``. Whoever comes first is heard from then on, also in
    another identity; ``go_on`` is called once they are likely to hear.

    An agent that loses its room and finds it again sees everybody leave, one by one and without a
    reason, and come back: nothing ends meanwhile, and it hears whom it heard before.

    Args:
        link: Tells whom the session hears.
        person: Who came first; they may have left by now, or be the agent's own avatar.
        over: Takes a sentence on why the conversation has ended; called once.
        meet: Takes who is heard from now on, whenever somebody is.
    """

    def __init__(
        self,
        room: rtc.Room,
        link: Link,
        person: rtc.RemoteParticipant,
        *,
        grace: float,
        fall_silent: Callable[[], None],
        go_on: Callable[[], None],
        over: Callable[[str], None],
        meet: Callable[[rtc.RemoteParticipant], None] = lambda _: None,
    ) -> None:
        self._room = room
        self._link = link
        self._grace = grace
        self._fall_silent = fall_silent
        self._go_on = go_on
        self._over: Callable[[str], None] | None = over
        self._meet = meet
        self._person: str | None = None
        self._missed: str | None = None
        """Was heard when people began to leave without a reason."""
        self._missed_until = 0.0
        """By the loop's clock: they are heard again where all were away, and they come so late."""
        self._waiting: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None
        room.on("participant_connected", self._on_connected)
        room.on("participant_disconnected", self._on_disconnected)
        room.on("reconnected", self._on_reconnected)
        room.local_participant.register_rpc_method(RPC_HANG_UP, self._on_hang_up)
        if (linked := link.linked_participant) is not None:
            self._person = linked.identity
            meet(linked)
        elif self._is_person(person):
            self._greet(person)

    def close(self) -> None:
        self._over = None
        self._stop_timers()
        self._room.off("participant_connected", self._on_connected)
        self._room.off("participant_disconnected", self._on_disconnected)
        self._room.off("reconnected", self._on_reconnected)

    def _greet(self, person: rtc.RemoteParticipant) -> None:
        """The link hears nobody: one who was there even earlier is gone, and it waits for them."""
        if person.identity in self._room.remote_participants:
            self._hear(person)
        else:
            self._person = person.identity
            self._lose(person)

    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        if not self._is_person(participant):
            return
        if self._person is None:
            self._hear(participant)
        elif self._waiting is not None:
            self._welcome_back(participant)
        elif self._settling is None and participant.identity == self._missed:
            self._missed = None  # where they alone were away, another is heard by now
            if asyncio.get_running_loop().time() < self._missed_until:
                self._hear(participant)

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._person:
            self._lose(participant)

    def _lose(self, participant: rtc.RemoteParticipant) -> None:
        reason = participant.disconnect_reason
        self._missed = (self._missed or participant.identity) if reason is None else None
        self._missed_until = 0.0
        if (other := self._somebody(besides=participant.identity)) is not None:
            self._hear(other)
        elif reason in FOR_GOOD or (reason is not None and participant.kind != _STANDARD):
            self._end("the person left")
        else:
            logger.info("the person is gone; waiting %.0f s for them", self._grace)
            self._stop_timers()
            self._fall_silent()
            self._wait(self._grace)

    def _wait(self, seconds: float) -> None:
        self._waiting = asyncio.get_running_loop().call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED:
            self._end("the person did not come back")
        else:  # it is the agent that has not
            self._wait(max(self._grace, SETTLING))

    def _on_reconnected(self) -> None:
        """The agent is back: from now on, the people have their time."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._wait(self._grace)

    async def _on_hang_up(self, invocation: rtc.RpcInvocationData) -> str:
        if invocation.caller_identity == self._person and not self._somebody(besides=self._person):
            self._end("the person hung up")
        return "ok"

    def _welcome_back(self, participant: rtc.RemoteParticipant) -> None:
        logger.info("a person is back")
        self._stop_timers()
        self._hear(participant)
        self._settling = asyncio.get_running_loop().call_later(SETTLING, self._settle)

    def _settle(self) -> None:
        self._settling = None
        if self._missed is not None:
            before = self._room.remote_participants.get(self._missed)
            if before is None:
                self._missed_until = asyncio.get_running_loop().time() + self._grace
            else:
                self._missed = None
                self._hear(before)
        self._go_on()

    def _hear(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._person:
            self._person = participant.identity
            self._link.set_participant(participant.identity)
        self._meet(participant)

    def _somebody(self, *, besides: str | None) -> rtc.RemoteParticipant | None:
        others = self._room.remote_participants.values()
        return next((p for p in others if p.identity != besides and self._is_person(p)), None)

    def _is_person(self, participant: rtc.RemoteParticipant) -> bool:
        """By RoomIO's own rule for whom to hear."""
        own = self._room.local_participant.identity
        return (
            participant.kind in DEFAULT_PARTICIPANT_KINDS
            and participant.attributes.get(ATTRIBUTE_PUBLISH_ON_BEHALF) != own
        )

    def _end(self, why: str) -> None:
        over, self._over = self._over, None
        if over is not None:
            self.close()
            over(why)

    def _stop_timers(self) -> None:
        for timer in (self._waiting, self._settling):
            if timer is not None:
                timer.cancel()
        self._waiting = self._settling = None


def attend(
    ctx: JobContext,
    session: AgentSession[None],
    person: rtc.RemoteParticipant,
    outputs: Outputs,
    grace: float,
    over: Callable[[str], None],
    meet: Callable[[rtc.RemoteParticipant], None],
) -> None:
    """Wait for a person who leaves without hanging up, and fall silent meanwhile; ``person``,
    ``over`` and ``meet`` as :class:`Attendance`'s."""
    hold, heard = outputs.hold, outputs.heard

    def fall_silent() -> None:
        if hold is not None and hold.can_pause:
            hold.hold()
        else:
            session.interrupt(force=True)

    def go_on() -> None:
        if heard is not None:
            heard.break_line()
        if hold is not None:
            hold.release()

    attendance = Attendance(
        ctx.room,
        session.room_io,
        person,
        grace=grace,
        fall_silent=fall_silent,
        go_on=go_on,
        over=over,
        meet=meet,
    )

    async def close() -> None:
        attendance.close()

    ctx.add_shutdown_callback(close)
