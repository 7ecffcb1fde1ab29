"""A face is asked for until it comes, replaced when it dies, and there is never a second one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from livekit import rtc

from tests.voices import FakeRoute, Listener
from visavis import keeper
from visavis.dispatch import FaceDesk, Progress
from visavis.face_line import FaceLine
from visavis.inbox import Inbox
from visavis.keeper import FaceKeeper
from visavis.plain_voice import PlainVoice
from visavis.playback import SignOfLife
from visavis.protocol import (
    ATTRIBUTE_FEATURES,
    RPC_PLAYBACK_FINISHED,
    STREAM_ENCODING,
    TOPIC_ALIVE,
    AvatarDispatch,
)
from visavis.segment import Leg
from visavis.speech import Speech


@dataclass
class Person:
    identity: str
    attributes: dict[str, str] = field(default_factory=dict)
    state: Any = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
    track_publications: dict[str, Any] = field(default_factory=dict)
    disconnect_reason: Any = None


@dataclass
class Track:
    kind: Any


class FakeRoom(rtc.EventEmitter[Any]):
    """Participants come and go as a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.remote_participants: dict[str, Person] = {}
        self.local_participant = self
        self.identity = "agent"
        self.connection_state = rtc.ConnectionState.CONN_CONNECTED
        self.methods: dict[str, Any] = {}
        self.streams: list[dict[str, str]] = []
        """Attributes of those that were opened."""

    def isconnected(self) -> bool:
        return True

    async def stream_bytes(self, *, attributes: dict[str, str], **_: Any) -> Any:
        self.streams.append(attributes)
        raise ConnectionError("nobody reads it")

    def register_rpc_method(self, name: str, handler: Any) -> None:
        self.methods[name] = handler

    def unregister_rpc_method(self, name: str) -> None:
        del self.methods[name]

    def enter(self, identity: str, features: str = "pause alive") -> None:
        person = Person(identity, {ATTRIBUTE_FEATURES: features})
        self.remote_participants[identity] = person
        self.emit("participant_connected", person)
        person.track_publications["audio"] = Track(rtc.TrackKind.KIND_AUDIO)
        self.emit("track_published", None, person)

    def leave(self, identity: str, reason: Any = None) -> None:
        person = self.remote_participants.pop(identity)
        person.disconnect_reason = reason
        self.emit("participant_disconnected", person)


class FakeDesk:
    def __init__(self) -> None:
        self.asked: list[AvatarDispatch] = []
        self.withdrawn: list[str] = []
        self.removed: list[str] = []
        self.answer: Progress = "coming"
        self.told = 0
        """Times that it was asked."""
        self.reachable = True

    async def ask(self, request: AvatarDispatch) -> str | None:
        self.asked.append(request)
        return f"dispatch {len(self.asked)}" if self.reachable else None

    async def progress(self, dispatch_id: str) -> Progress:
        self.told += 1
        return self.answer

    async def withdraw(self, dispatch_id: str | None, identity: str) -> None:
        self.withdrawn.append(identity)

    async def remove(self, identity: str) -> None:
        self.removed.append(identity)


class FakePlain(FakeRoute):
    """The agent's own voice: a route that can be asked to be ready."""

    prepared = roused = 0

    def __init__(self, speech: Speech) -> None:
        super().__init__(speech)
        self.silent = asyncio.Event()
        self.silent.set()

    def open(self, leg: Leg) -> None:
        self.silent.clear()
        super().open(leg)

    def end(self, *, interrupted: bool) -> None:
        self.silent.set()
        super().end(interrupted=interrupted)

    async def prepare(self) -> None:
        self.prepared += 1

    def rouse(self) -> None:
        assert self.speech._preferred is not self
        self.roused += 1


class Stage:
    def __init__(self, patience: float) -> None:
        self.room = FakeRoom()
        self.desk = FakeDesk()
        self.her = Listener()
        self.plain = FakePlain(self.her.speech)
        self.states: list[str] = []
        self.came: list[str] = []
        self.inbox = Inbox(cast(rtc.Room, self.room))
        self.inbox.open()
        self.keeper = FaceKeeper(
            room=cast(rtc.Room, self.room),
            desk=cast(FaceDesk, self.desk),
            inbox=self.inbox,
            speech=self.her.speech,
            plain=cast(PlainVoice, self.plain),
            look=lambda: AvatarDispatch("", "face", head="ben"),
            say=self.say,
            patience=patience,
            on_arrival=lambda _: None,
        )

    async def say(self, state: str) -> None:
        self.states.append(state)

    def sign(self, identity: str, data: bytes = SignOfLife().to_json().encode()) -> None:
        sender = cast(Any, self.room.remote_participants[identity])
        packet = rtc.DataPacket(data, rtc.DataPacketKind.KIND_LOSSY, sender, TOPIC_ALIVE)
        self.room.emit("data_received", packet)

    @property
    def way_out(self) -> object:
        return self.her.speech._preferred

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.01)

    async def face_comes(self, features: str = "pause alive") -> str:
        """The one that was asked for last, as soon as it was asked for."""
        known = self.way_out
        await self.until(
            lambda: bool(self.desk.asked) and self.desk.asked[-1].avatar_identity not in self.came
        )
        identity = self.desk.asked[-1].avatar_identity
        self.came.append(identity)
        self.room.enter(identity, features)
        await self.until(lambda: self.way_out not in (known, self.plain, None))
        return identity

    async def face_comes_into_a_sentence(self) -> str:
        """Of the plain voice's."""
        await self.until(lambda: self.way_out is self.plain)
        self.her.speech.begin()
        self.her.speech.push(bytes(48_000))
        identity = self.desk.asked[-1].avatar_identity
        self.room.enter(identity)

        def is_preferred() -> bool:
            self.sign(identity)
            return self.way_out is not self.plain

        await self.until(is_preferred)
        return identity


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "BACKOFF", (0.2,))


@asynccontextmanager
async def stage(patience: float = 30) -> AsyncIterator[Stage]:
    it = Stage(patience)
    running = asyncio.create_task(it.keeper.run())
    try:
        yield it
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        it.inbox.close()
        assert not it.room.methods


async def test_a_face_is_asked_for_and_spoken_through() -> None:
    async with stage() as it:
        await it.face_comes()
        [request] = it.desk.asked
        assert (request.agent_identity, request.head) == ("agent", "ben")
        await it.until(lambda: it.states == ["waiting", "present"])
        await it.until(lambda: it.plain.prepared == 1)


async def test_the_first_word_does_not_wait_for_ever() -> None:
    async with stage(patience=0.05) as it:
        await it.until(lambda: it.way_out is it.plain)
        await it.until(lambda: it.states == ["waiting", "absent"])
        await it.face_comes()
        await it.until(lambda: it.states[-1] == "present")


async def test_a_face_that_leaves_is_replaced_at_once_by_another() -> None:
    async with stage() as it:
        first = await it.face_comes()
        it.room.leave(first)
        assert it.way_out is it.plain
        second = await it.face_comes()
        assert second != first and it.desk.withdrawn == [first]
        await it.until(lambda: it.states == ["waiting", "present", "absent", "present"])


@pytest.mark.parametrize("reason", keeper.ROOM_OVER)
async def test_a_room_that_is_deleted_is_not_made_anew_for_a_face(reason: Any) -> None:
    async with stage() as it:
        first = await it.face_comes()
        it.room.leave(first, reason)
        await it.until(lambda: it.states[-1] == "absent")
        await asyncio.sleep(0.05)
        assert len(it.desk.asked) == 1 and it.way_out is it.plain


async def test_a_face_that_is_on_its_way_does_not_come_to_a_conversation_that_is_over() -> None:
    async with stage() as it:
        await it.until(lambda: len(it.desk.asked) == 1)
        await it.keeper.dismiss()
        assert it.desk.withdrawn == [it.desk.asked[0].avatar_identity]
        await it.keeper.dismiss()
        assert len(it.desk.withdrawn) == 1


async def test_a_face_without_a_sign_of_life_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "TICK", 0.001)
    async with stage() as it:
        first = await it.face_comes()
        await it.until(lambda: first in it.desk.withdrawn)
        assert it.way_out is it.plain


async def test_the_plain_voice_sleeps_until_the_face_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def sent(*_: object) -> None:
        return

    monkeypatch.setattr(keeper, "TICK", 0.001)
    monkeypatch.setattr(FaceLine, "_stream", sent)
    async with stage() as it:
        await it.face_comes()
        it.her.speech.begin()
        it.her.speech.push(bytes(48_000))
        await it.until(lambda: it.way_out is it.plain)
        assert it.plain.roused


async def test_signs_of_life_keep_the_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "TICK", 0.001)
    async with stage() as it:
        first = await it.face_comes()
        for _ in range(100):
            it.sign(first)
            await asyncio.sleep(0)
        assert it.way_out is not it.plain


async def test_a_new_face_that_nobody_hears_yet_does_not_take_the_voice() -> None:
    async with stage(patience=0.01) as it:
        await it.until(lambda: it.way_out is it.plain)
        it.her.speech.begin()
        it.her.speech.push(bytes(48_000))
        face = it.desk.asked[-1].avatar_identity
        it.room.enter(face)
        await asyncio.sleep(0.1)
        assert it.way_out is it.plain
        it.sign(face)
        await it.until(lambda: it.way_out is not it.plain)


async def test_a_face_is_not_said_to_be_there_while_the_plain_voice_still_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who stops listening to it by that word would lose the rest of the sentence."""
    monkeypatch.setattr(keeper, "TICK", 3600)  # no face dies of a slow machine
    async with stage(patience=0.01) as it:
        await it.face_comes_into_a_sentence()
        for _ in range(100):
            await asyncio.sleep(0)
        assert it.states == ["waiting", "absent"]
        it.her.speech.flush()
        it.plain.finish()
        await it.until(lambda: it.states[-1] == "present")


async def test_a_face_that_is_lost_before_it_has_spoken_is_not_said_to_have_been_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "TICK", 3600)
    async with stage(patience=0.01) as it:
        it.room.leave(await it.face_comes_into_a_sentence())
        assert it.way_out is it.plain
        await it.until(lambda: len(it.desk.asked) > 1)
        assert "present" not in it.states


async def test_a_face_that_comes_after_it_was_given_up_is_turned_away() -> None:
    async with stage() as it:
        first = await it.face_comes()
        it.room.leave(first)
        await it.until(lambda: len(it.desk.asked) == 2)
        it.room.enter(first)
        await it.until(lambda: it.desk.removed == [first])
        assert it.way_out is it.plain


async def test_a_face_that_was_refused_is_asked_for_again() -> None:
    async with stage(patience=0.01) as it:
        it.desk.answer = "over"
        await it.until(lambda: len(it.desk.asked) >= 2)
        it.desk.answer = "coming"
        known = len(it.desk.asked)
        await it.until(lambda: len(it.desk.asked) > known)
        await it.face_comes()
        assert it.desk.withdrawn


async def test_a_livekit_that_cannot_be_asked_is_asked_again() -> None:
    async with stage() as it:
        it.desk.reachable = False
        await it.until(lambda: len(it.desk.asked) >= 2)
        it.desk.reachable = True
        known = len(it.desk.asked)
        await it.until(lambda: len(it.desk.asked) > known)
        await it.face_comes()


async def test_a_job_that_is_slow_to_start_is_not_asked_for_twice() -> None:
    async with stage(patience=0.01) as it:
        await asyncio.sleep(0.7)
        assert len(it.desk.asked) == 1
        await it.face_comes()
        assert len(it.desk.asked) == 1


async def test_a_face_that_was_promised_is_not_given_up_when_livekit_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "ANSWER_PATIENCE", 0.0)
    async with stage() as it:
        await it.until(lambda: it.desk.told >= 1)
        it.desk.answer = "unanswered"
        await it.until(lambda: it.desk.told >= 3)
        assert len(it.desk.asked) == 1
        await it.face_comes()


async def test_messages_that_are_foreign_or_cannot_be_read_change_nothing() -> None:
    async with stage() as it:
        face = await it.face_comes()
        finished = it.room.methods[RPC_PLAYBACK_FINISHED]

        def call(caller: str, payload: str) -> Any:
            return finished(rtc.RpcInvocationData("1", caller, payload, 5.0))

        assert await call("stranger", '{"playback_position": 1, "interrupted": false}') == "ignored"
        with pytest.raises(rtc.RpcError):
            await call(face, "nonsense")
        for data in (b"nonsense", b"{}", b"\xff"):
            it.sign(face, data)
        assert await call(face, '{"playback_position": 1, "interrupted": false}') == "ok"


@pytest.mark.parametrize("features", ["pause alive", "pause alive opus"])
async def test_a_face_is_not_sent_what_it_cannot_read(features: str) -> None:
    async with stage() as on:
        await on.face_comes(features)
        on.her.speech.begin()
        on.her.speech.push(bytes(48_000))
        await on.until(lambda: bool(on.room.streams))
        assert (STREAM_ENCODING in on.room.streams[0]) == ("opus" in features)
