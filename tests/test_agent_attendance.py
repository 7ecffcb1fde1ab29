"""A person leaves, and comes back or not; the agent's silence meanwhile; one agent a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents.voice import io

from agent.attendance import Attendance
from agent.hold import Hold
from agent.rivals import yield_to_older
from tests.voices import FakeRoute
from visavis.protocol import ATTRIBUTE_SINCE, RPC_HANG_UP
from visavis.voice_switch import VoiceSwitch

Reason = rtc.DisconnectReason
Kind = rtc.ParticipantKind


def participant(identity: str, kind: Any = None, **attributes: str) -> Any:
    return SimpleNamespace(
        identity=identity,
        kind=Kind.PARTICIPANT_KIND_STANDARD if kind is None else kind,
        attributes={name.replace("__", "."): value for name, value in attributes.items()},
        disconnect_reason=None,
    )


class Room(rtc.EventEmitter[str]):
    """Who is there, and LiveKit's events; ``link`` is RoomIO's part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.connection_state = rtc.ConnectionState.CONN_CONNECTED
        self.remote_participants: dict[str, Any] = {}
        self.rpcs: dict[str, Callable[[Any], Any]] = {}
        self.local_participant = participant("agent-1", Kind.PARTICIPANT_KIND_AGENT)
        self.local_participant.register_rpc_method = self.rpcs.__setitem__
        self.linked_participant: Any = None
        self.heard: list[str] = []

    def set_participant(self, identity: str | None) -> None:
        assert identity is not None
        self.heard.append(identity)

    def come(self, one: Any) -> Any:
        self.remote_participants[one.identity] = one
        self.emit("participant_connected", one)
        return one

    def go(self, one: Any, reason: int | None = Reason.CLIENT_INITIATED) -> None:
        del self.remote_participants[one.identity]
        one.disconnect_reason = reason
        self.emit("participant_disconnected", one)


Before = Callable[["Conversation"], Any]


def here(talk: Conversation) -> None:
    talk.room.linked_participant = talk.jo


class Conversation:
    """``before``: what happens until one attends to it; answers who has come first, if not Jo."""

    def __init__(self, grace: float = 60.0, *, before: Before = here) -> None:
        self.log: list[str] = []
        self.met: list[str] = []
        self.room = Room()
        self.jo = self.room.come(participant("jo"))
        self.first = before(self) or self.jo
        self.attendance = Attendance(
            cast(rtc.Room, self.room),
            self.room,
            self.first,
            grace=grace,
            fall_silent=lambda: self.log.append("silent"),
            go_on=lambda: self.log.append("on"),
            over=lambda why: self.log.append(why),
            meet=lambda one: self.met.append(one.identity),
        )

    async def until(self, *log: str) -> None:
        async with asyncio.timeout(10):
            while self.log != list(log):
                await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.attendance.SETTLING", 0.0)


async def test_a_reload_ends_the_conversation() -> None:
    talk = Conversation()
    talk.room.go(talk.jo)
    assert talk.log == ["silent"]
    talk.room.come(participant("jo"))
    await talk.until("silent", "on")
    assert talk.room.heard == []  # RoomIO links the same identity by itself


async def test_a_person_with_another_identity_talks_to_deaf_ears() -> None:
    talk = Conversation()
    talk.room.go(talk.jo)
    again = talk.room.come(participant("jo-2"))
    assert talk.room.heard == ["jo-2"]
    assert talk.met == ["jo", "jo-2"]
    await talk.until("silent", "on")
    talk.room.go(again)
    await talk.until("silent", "on", "silent")


async def test_who_leaves_before_they_were_attended_to_is_waited_for_for_ever() -> None:
    talk = Conversation(grace=0.01, before=lambda talk: talk.room.go(talk.jo))
    await talk.until("silent", "the person did not come back")


async def test_who_left_before_they_were_attended_to_and_comes_as_another_is_not_heard() -> None:
    talk = Conversation(before=lambda talk: talk.room.go(talk.jo))
    talk.room.come(participant("jo-2"))
    assert talk.room.heard == ["jo-2"]
    await talk.until("silent", "on")


async def test_who_was_sent_away_before_they_were_attended_to_is_waited_for() -> None:
    talk = Conversation(before=lambda talk: talk.room.go(talk.jo, Reason.PARTICIPANT_REMOVED))
    assert talk.log == ["the person left"]


async def test_the_first_who_stayed_is_not_heard_for_one_who_came_and_went() -> None:
    def gone_and_come(talk: Conversation) -> Any:
        talk.room.go(talk.jo)
        return talk.room.come(participant("kim"))

    talk = Conversation(before=gone_and_come)
    assert talk.room.heard == ["kim"] and talk.log == []
    talk.room.go(talk.first)
    assert talk.log == ["silent"]


async def test_who_comes_after_the_avatar_is_not_waited_for() -> None:
    def only_the_avatar(talk: Conversation) -> Any:
        del talk.room.remote_participants["jo"]
        return talk.room.come(participant("face", lk__publish_on_behalf="agent-1"))

    talk = Conversation(before=only_the_avatar)
    talk.room.come(talk.jo)
    assert talk.room.heard == ["jo"] and talk.log == []
    talk.room.go(talk.jo)
    assert talk.log == ["silent"]


async def test_nobody_comes_back_and_the_agent_stays_for_ever() -> None:
    talk = Conversation(grace=0.01)
    talk.room.go(talk.jo)
    await talk.until("silent", "the person did not come back")
    talk.room.come(participant("late"))
    await asyncio.sleep(0.05)
    assert len(talk.log) == 2


async def test_who_leaves_twice_is_not_waited_for() -> None:
    talk = Conversation(grace=0.2)
    talk.room.go(talk.jo)
    talk.room.go(talk.room.come(participant("jo")))
    assert talk.log == ["silent", "silent"]
    await talk.until("silent", "silent", "the person did not come back")


async def test_hanging_up_leaves_the_agent_waiting() -> None:
    talk = Conversation()
    stranger = SimpleNamespace(caller_identity="stranger")
    person = SimpleNamespace(caller_identity="jo")
    assert await talk.room.rpcs[RPC_HANG_UP](stranger) == "ok"
    assert talk.log == []
    assert await talk.room.rpcs[RPC_HANG_UP](person) == "ok"
    talk.room.go(talk.jo)
    assert talk.log == ["the person hung up"]


@pytest.mark.parametrize("reason", [Reason.PARTICIPANT_REMOVED, Reason.USER_REJECTED])
async def test_who_was_sent_away_is_waited_for(reason: int) -> None:
    talk = Conversation()
    talk.room.go(talk.jo, reason)
    assert talk.log == ["the person left"]


async def test_a_telephone_that_hung_up_is_waited_for() -> None:
    talk = Conversation()
    caller = talk.room.come(participant("caller", Kind.PARTICIPANT_KIND_SIP))
    talk.room.go(talk.jo)
    talk.room.go(caller)
    assert talk.log == ["the person left"]


async def test_an_agent_that_loses_its_room_does_not_take_a_telephone_for_hung_up() -> None:
    talk = Conversation()
    caller = talk.room.come(participant("caller", Kind.PARTICIPANT_KIND_SIP))
    talk.room.go(talk.jo)
    talk.room.go(caller, None)
    assert talk.log == ["silent"]
    talk.room.come(caller)
    await talk.until("silent", "on")


async def test_an_agent_that_has_no_room_does_not_give_up_who_is_in_it() -> None:
    talk = Conversation(grace=0.0)
    talk.room.connection_state = rtc.ConnectionState.CONN_RECONNECTING
    talk.room.go(talk.jo, None)
    for _ in range(100):
        await asyncio.sleep(0)
    assert talk.log == ["silent"]
    talk.room.connection_state = rtc.ConnectionState.CONN_CONNECTED
    await talk.until("silent", "the person did not come back")


@pytest.mark.parametrize("first_back", ["jo", "kim"])
async def test_an_agent_that_was_away_does_not_hear_another_of_two(first_back: str) -> None:
    talk = Conversation()
    two = {"jo": talk.jo, "kim": talk.room.come(participant("kim"))}
    talk.room.go(two["jo"], None)
    talk.room.go(two["kim"], None)
    talk.room.come(two.pop(first_back))
    talk.room.come(*two.values())
    await talk.until("silent", "on")
    assert talk.room.heard[-1] == "jo"


async def test_who_comes_back_late_after_the_agent_was_away_does_not_talk_to_deaf_ears() -> None:
    talk = Conversation()
    kim = talk.room.come(participant("kim"))
    talk.room.go(talk.jo, None)
    talk.room.go(kim, None)
    talk.room.come(kim)
    await talk.until("silent", "on")
    assert talk.room.heard[-1] == "kim"
    talk.room.come(talk.jo)
    assert talk.room.heard[-1] == "jo"


async def test_the_time_to_come_back_does_not_pass_while_the_agent_is_away() -> None:
    talk = Conversation(grace=0.2)
    talk.room.go(talk.jo, None)
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.1)
    back = loop.time()
    talk.room.emit("reconnected")
    await talk.until("silent", "the person did not come back")
    assert loop.time() - back >= 0.2


async def test_who_was_away_alone_does_not_take_the_ear_of_who_was_heard_meanwhile() -> None:
    talk = Conversation()
    kim = talk.room.come(participant("kim"))
    talk.room.go(talk.jo, None)
    talk.room.come(talk.jo)
    talk.room.go(kim, None)
    talk.room.go(talk.jo, None)
    talk.room.come(talk.jo)
    talk.room.come(kim)
    await talk.until("silent", "on")
    assert talk.room.heard[-1] == "kim"


async def test_with_another_person_there_the_conversation_ends() -> None:
    talk = Conversation()
    talk.room.come(participant("kim"))
    assert await talk.room.rpcs[RPC_HANG_UP](SimpleNamespace(caller_identity="jo")) == "ok"
    talk.room.go(talk.jo)
    assert talk.room.heard == ["kim"]
    assert talk.log == []


@pytest.mark.parametrize(
    "other",
    [
        participant("agent-2", Kind.PARTICIPANT_KIND_AGENT),
        participant("face", lk__publish_on_behalf="agent-1"),
    ],
)
async def test_the_avatar_that_comes_is_taken_for_the_person(other: Any) -> None:
    talk = Conversation()
    talk.room.go(talk.jo)
    talk.room.come(other)
    await asyncio.sleep(0.05)
    assert talk.room.heard == []
    assert talk.log == ["silent"]


async def test_a_closed_conversation_still_listens() -> None:
    talk = Conversation(grace=0.01)
    talk.room.go(talk.jo)
    talk.attendance.close()
    talk.room.come(participant("jo"))
    await asyncio.sleep(0.05)
    assert talk.log == ["silent"]


class Loudspeaker(io.AudioOutput):
    def __init__(self) -> None:
        super().__init__(label="test", capabilities=io.AudioOutputCapabilities(pause=True))
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()

    def clear_buffer(self) -> None:
        self.paused = False
        self.on_playback_finished(playback_position=0.1, interrupted=True)


async def test_a_new_answer_breaks_the_silence() -> None:
    loudspeaker = Loudspeaker()
    hold = Hold(loudspeaker)
    hold.hold()
    hold.resume()
    assert loudspeaker.paused
    hold.release()
    assert not loudspeaker.paused


async def test_an_interrupt_by_who_has_left_lets_the_next_answer_play_to_an_empty_room() -> None:
    switch = VoiceSwitch()
    switch.speech.prefer(face := FakeRoute(switch.speech))
    hold = Hold(switch)
    await hold.capture_frame(rtc.AudioFrame(bytes(480), 24_000, 1, 240))
    hold.hold()
    hold.clear_buffer()  # by their last words, which are understood only now
    hold.resume()
    hold.flush()
    await hold.capture_frame(rtc.AudioFrame(bytes(480), 24_000, 1, 240))
    face.play(240)
    assert not face.heard
    hold.release()
    face.play(240)
    assert len(face.heard) == 480


async def test_coming_back_resumes_what_the_session_paused() -> None:
    loudspeaker = Loudspeaker()
    hold = Hold(loudspeaker)
    hold.pause()
    hold.hold()
    hold.release()
    assert loudspeaker.paused
    hold.resume()
    assert not loudspeaker.paused


async def test_an_end_is_lost_between_session_and_loudspeaker() -> None:
    hold = Hold(Loudspeaker())
    await hold.capture_frame(rtc.AudioFrame(bytes(480), 24_000, 1, 240))
    hold.flush()
    hold.clear_buffer()
    end = await asyncio.wait_for(hold.wait_for_playout(), 5)
    assert (end.playback_position, end.interrupted) == (0.1, True)


def agent(name: str, since: str | None) -> Any:
    one = participant("agent-" + name, Kind.PARTICIPANT_KIND_AGENT)
    one.attributes = {"lk.agent_name": name}
    if since is not None:
        one.attributes[ATTRIBUTE_SINCE] = since
    return one


@pytest.mark.parametrize(
    ("other", "yields"),
    [
        (agent("visavis", "90"), True),
        (agent("visavis", "110"), False),
        (agent("visavis", None), False),
        (agent("visavis", "early"), False),
        (agent("another", "90"), False),
    ],
)
@pytest.mark.parametrize("comes_later", [True, False])
def test_two_agents_talk_at_once(other: Any, yields: bool, comes_later: bool) -> None:
    left: list[str] = []
    room = Room()
    room.local_participant.attributes[ATTRIBUTE_SINCE] = "100"
    if not comes_later:
        room.remote_participants[other.identity] = other
    there = yield_to_older(cast(rtc.Room, room), "visavis", left.append)
    assert there is (yields and not comes_later)
    if comes_later:
        room.come(other)
    assert bool(left) is yields
