"""Who may change an avatar's looks, what is understood, and what is told."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from livekit import rtc

from avatar_worker.appearance_desk import AppearanceDesk
from avatar_worker.wardrobe import Wardrobe, WardrobeError
from visavis.appearance import SHORTEST, Appearance, AppearanceChange, AppearanceError, ask, shorten
from visavis.face_memory import FaceMemory
from visavis.protocol import RPC_APPEARANCE, AvatarDispatch, ProtocolError

WORN = Appearance("amy", "#d9dee6", 512, 512)


class Local:
    def __init__(self) -> None:
        self.methods: dict[str, Any] = {}
        self.attributes: dict[str, str] = {}
        self.published = 0

    def register_rpc_method(self, name: str, handler: Any) -> None:
        self.methods[name] = handler

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.published += 1
        self.attributes |= attributes


class Room:
    """With its agent, one who has control, and one who has not."""

    def __init__(self, error: str = "") -> None:
        self.local_participant = Local()
        self.remote_participants = {
            "agent": SimpleNamespace(attributes={}),
            "host": SimpleNamespace(attributes={"visavis.control": "true"}),
            "guest": SimpleNamespace(attributes={"visavis.control": "false"}),
        }
        self.asked: list[AppearanceChange] = []
        self.worn = WORN
        self._error = error
        AppearanceDesk(cast(rtc.Room, self), "agent", cast(Wardrobe, self)).register()

    async def change(self, asked: AppearanceChange) -> Appearance:
        self.asked.append(asked)
        if self._error:
            raise WardrobeError(self._error)
        self.worn = Appearance("maya", "#d9dee6", 512, 512, "happy")
        return self.worn

    async def call(self, identity: str, payload: str) -> str:
        invocation = SimpleNamespace(caller_identity=identity, payload=payload)
        answer: str = await self.local_participant.methods[RPC_APPEARANCE](invocation)
        return answer


@pytest.mark.parametrize("identity", ["guest", "stranger", ""])
@pytest.mark.parametrize("payload", ["", '{"head": "maya"}'])
async def test_nobody_else_changes_the_face(identity: str, payload: str) -> None:
    room = Room()
    with pytest.raises(rtc.RpcError, match=r"visavis\.control=true") as refused:
        await room.call(identity, payload)
    assert refused.value.code == 1403 and not room.asked


@pytest.mark.parametrize("identity", ["agent", "host"])
async def test_a_change_is_not_kept_from_those_who_look(identity: str) -> None:
    room = Room()
    answer = await room.call(identity, '{"head": "maya", "emotion": "happy"}')
    assert Appearance.from_json(answer) == room.worn
    assert room.local_participant.attributes == {
        "visavis.head": "maya",
        "visavis.background": "#d9dee6",
        "visavis.size": "512x512",
        "visavis.emotion": "happy",
    }


async def test_a_gesture_does_not_tell_everybody_the_same_again() -> None:
    room = Room()
    await room.call("agent", '{"head": "maya"}')
    await room.call("agent", '{"gesture": "nod", "expression": "happy"}')
    assert len(room.asked) == 2 and room.local_participant.published == 1


@pytest.mark.parametrize("payload", ["", "{}"])
async def test_a_question_changes_nothing(payload: str) -> None:
    room = Room()
    assert Appearance.from_json(await room.call("host", payload)) == WORN
    assert not room.asked and not room.local_participant.attributes


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"hair": "red"}', "there is no 'hair': name any of head, background, width, height"),
        ('{"head": 5}', "'head' must be text"),
        ('{"width": 63}', "even number from 64 to 1920"),
        ('{"width": 512.0}', "even number from 64 to 1920"),
        ('{"height": 4096}', "even number from 64 to 1920"),
        ('{"emotion": 1}', "'emotion' must be a name"),
        (json.dumps({"head": "x" * 5000}), "at most 4096 bytes"),
    ],
)
async def test_nonsense_is_not_passed_on(payload: str, said: str) -> None:
    room = Room()
    with pytest.raises(rtc.RpcError) as refused:
        await room.call("host", payload)
    assert refused.value.code == 1400 and said in refused.value.message
    assert not room.asked


async def test_what_livekit_cuts_from_a_message_is_not_lost() -> None:
    error = "use one of " + ", ".join(f"ünder-{n}" for n in range(100))
    room = Room(error)
    with pytest.raises(rtc.RpcError) as refused:
        await room.call("agent", '{"head": "nobody"}')
    assert refused.value.data == error
    assert len(refused.value.message.encode()) <= SHORTEST and refused.value.message.endswith("…")
    assert not room.local_participant.attributes


@pytest.mark.parametrize(
    "change",
    [AppearanceChange(), AppearanceChange("amy", "#000000", 64, 64, {"happy": 0.5}, gesture="nod")],
)
def test_a_change_is_not_altered_on_its_way(change: AppearanceChange) -> None:
    assert AppearanceChange.from_json(change.to_json()) == change


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"head": "a", "background": "b", "width": "1"}'])
def test_half_an_answer_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ProtocolError):
        Appearance.from_json(text)


@pytest.mark.parametrize("error", [ConnectionError("reconnecting"), RuntimeError("ffi")])
async def test_a_room_that_reconnects_while_a_new_face_is_to_feel_as_the_last_ends_the_voice(
    error: Exception,
) -> None:
    local = SimpleNamespace(perform_rpc=AsyncMock(side_effect=error))
    room = cast(rtc.Room, SimpleNamespace(local_participant=local))
    with pytest.raises(AppearanceError):  # which all who ask expect
        await ask(room, "face", AppearanceChange(emotion="happy"))


def test_a_short_text_is_not_cut() -> None:
    assert shorten("ü" * 128) == "ü" * 128
    assert len(shorten("ü" * 129).encode()) <= SHORTEST


def test_the_next_face_does_not_look_as_the_first_did() -> None:
    memory = FaceMemory(AvatarDispatch("a", "v", head="amy", video=True))
    url = "https://x.org/a.png?key=1"
    memory.keep(AppearanceChange(head="ben", background=url, emotion={"happy": 1.0}))
    memory.see({"visavis.background": "https://x.org/a.png", "visavis.size": "640x360"})
    assert memory.look == AvatarDispatch("a", "v", "ben", url, 640, 360, True)
    assert memory.emotion == {"happy": 1.0}
    memory.see({"visavis.head": "maya", "visavis.background": "#000000..#ffffff"})
    memory.see({"visavis.emotion": '{"mix": "sad", "intensity": 0.5}', "visavis.size": "odd"})
    assert memory.look == AvatarDispatch("a", "v", "maya", "#000000..#ffffff", 640, 360, True)
    assert memory.emotion == {"mix": "sad", "intensity": 0.5}
    memory.see({"visavis.background": "own.png", "visavis.emotion": "{"})
    assert memory.look.background == "#000000..#ffffff"
