"""The gateway's calls at an agent: who may, what is done, and texts that come in pieces."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from agent.controls.messages import Message
from agent.parts import ControlError
from agent.session import door as doors
from agent.session.door import REMEMBERED, Door
from agent.session.pieces import OPEN, SLOWEST, Piece, Pieces
from visavis.protocol import (
    DOOR_FORBIDDEN,
    DOOR_NOT_NOW,
    DOOR_PIECE,
    DOOR_WRONG,
    MESSAGE_LIMIT,
    ProtocolError,
)
from visavis.talk import MessageNews, TalkChange

KEY = "5ecret"


class Hall:
    """A door, and what was done behind it."""

    def __init__(self, *, begun: bool = True, admitted: bool = True) -> None:
        self.now = 0.0
        self.ended = self.interrupted = 0
        self.changes: list[TalkChange] = []
        self.taken: list[Message] = []
        self.somebody = admitted
        self.door = Door(KEY, self._end, lambda: self.now, lambda: self.somebody)
        if begun:
            self.door.begin(self._change)
        if admitted:
            self.door.admit(self._take, self._interrupt)

    async def call(self, action: Any, key: Any = KEY, **more: Any) -> str:
        payload = json.dumps({"key": key, "action": action, **more}, ensure_ascii=False)
        return await self.door.answer(cast(Any, SimpleNamespace(payload=payload)))

    async def send(self, text: str, index: int = 0, last: bool = True, id: str = "1") -> str:
        return await self.call("message", id=id, kind="say", index=index, last=last, text=text)

    def _end(self) -> None:
        self.ended += 1

    async def _change(self, asked: TalkChange) -> str:
        if asked.language == "tlh":
            raise ControlError("use one of en, de")
        self.changes.append(asked)
        return '{"voice": "nova"}'

    async def _take(self, message: Message) -> None:
        self.taken.append(message)
        self.door.hear(MessageNews(message.id, "accepted"))

    async def _interrupt(self) -> None:
        self.interrupted += 1


@pytest.mark.parametrize("key", ["", "wrong", "schlüssel", None, 5, ["5ecret"]])
async def test_whoever_has_no_key_is_not_obeyed(key: Any) -> None:
    hall = Hall()
    for action in ("end", "interrupt", "settings", "message", "other"):
        with pytest.raises(rtc.RpcError) as error:
            await hall.call(action, key)
        assert error.value.code == DOOR_FORBIDDEN
    assert not hall.ended and not hall.interrupted


async def test_what_the_gateway_asks_is_not_left_undone() -> None:
    hall = Hall()
    assert await hall.call("settings", change={"voice": "nova", "width": 512}) == (
        '{"voice": "nova"}'
    )
    assert hall.changes[0].voice == "nova" and hall.changes[0].appearance is not None
    assert await hall.call("interrupt") == await hall.call("end") == "ok"
    assert hall.interrupted == hall.ended == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"action": "dance"}, "use one of settings, message, interrupt, end"),
        ({"action": "settings"}, "'change' must be a JSON object"),
        ({"action": "settings", "change": {"voize": 1}}, "there is no 'voize'"),
        ({"action": "settings", "change": {"language": "tlh"}}, "use one of en, de"),
        ({"action": "message", "kind": "say"}, "'id' of a text"),
        ({"action": "message", "id": "1", "kind": "sing"}, "say or ask"),
        ({"action": "message", "id": "1", "kind": "say", "index": True}, "whole number"),
        ({"action": "message", "id": "1", "kind": "say", "index": 0}, "'last', true or false"),
    ],
)
async def test_nonsense_is_not_done_and_is_told_what_is_right(
    call: dict[str, Any], said: str
) -> None:
    with pytest.raises(rtc.RpcError) as error:
        await Hall().call(**call)
    assert error.value.code == DOOR_WRONG
    assert said in error.value.message and said in str(error.value.data)


async def test_an_empty_room_is_not_told_anything() -> None:
    hall = Hall(admitted=False)
    for calling in (hall.send("Hello."), hall.call("interrupt")):
        with pytest.raises(rtc.RpcError, match="has not joined yet") as error:
            await calling
        assert error.value.code == DOOR_NOT_NOW
    assert await hall.call("settings", change={}) and await hall.call("end") == "ok"


async def test_a_text_does_not_bounce_while_the_person_is_being_seated() -> None:
    hall = Hall(admitted=False)
    hall.somebody = True
    sending = asyncio.create_task(hall.send("Hello."))
    await asyncio.sleep(0.01)
    assert not sending.done()
    hall.door.admit(hall._take, hall._interrupt)
    assert json.loads(await sending)["state"] == "accepted"


async def test_a_session_that_never_begins_does_not_hold_the_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doors, "BEGINNING", 0.01)
    with pytest.raises(rtc.RpcError, match="has not begun yet"):
        await Hall(begun=False).call("settings", change={})


async def test_a_text_sent_again_is_not_said_again() -> None:
    hall = Hall()
    assert await hall.send("One. ", 0, last=False) == "ok"
    assert await hall.send("One. ", 0, last=False) == "ok"
    assert json.loads(await hall.send("Two.", 1))["state"] == "accepted"
    hall.door.hear(MessageNews("1", "begun"))
    for again in (await hall.send("Two.", 1), await hall.send("One. ", 0, last=False)):
        assert json.loads(again) == {"id": "1", "state": "begun"}
    assert [message.text for message in hall.taken] == ["One. Two."]


async def test_a_text_whose_call_is_repeated_before_anybody_is_seated_is_not_said_twice() -> None:
    hall = Hall(admitted=False)
    hall.somebody = True
    calls = [asyncio.create_task(hall.send("Hello.")) for _ in range(2)]
    await asyncio.sleep(0.01)
    hall.door.admit(hall._take, hall._interrupt)
    answers = await asyncio.gather(*calls)
    assert [json.loads(each)["state"] for each in answers] == ["accepted"] * 2
    assert len(hall.taken) == 1


async def test_a_text_that_was_refused_is_not_refused_for_ever() -> None:
    hall = Hall()

    async def refuse(message: Message) -> None:
        hall.door.hear(MessageNews(message.id, "refused", "send it again when one is done"))

    hall.door.admit(refuse, hall._interrupt)
    assert json.loads(await hall.send("Hello."))["state"] == "refused"
    hall.door.admit(hall._take, hall._interrupt)
    assert json.loads(await hall.send("Hello."))["state"] == "accepted"
    assert [message.text for message in hall.taken] == ["Hello."]


async def test_a_text_in_pieces_that_was_refused_is_not_refused_for_ever() -> None:
    hall = Hall()

    async def refuse(message: Message) -> None:
        hall.door.hear(MessageNews(message.id, "refused", "send it again when one is done"))

    hall.door.admit(refuse, hall._interrupt)
    assert await hall.send("One. ", 0, last=False) == "ok"
    for _ in range(2):  # who does not know the answer sends the piece again
        assert json.loads(await hall.send("Two.", 1))["state"] == "refused"
    hall.door.admit(hall._take, hall._interrupt)
    assert await hall.send("One. ", 0, last=False) == "ok"
    assert json.loads(await hall.send("Two.", 1))["state"] == "accepted"
    assert [message.text for message in hall.taken] == ["One. Two."]


async def test_texts_that_are_done_do_not_fill_the_memory() -> None:
    hall = Hall()
    for number in range(REMEMBERED + 10):
        await hall.send("Hello.", id=str(number))
    assert len(hall.door._states) == REMEMBERED


def add(pieces: Pieces, index: int, text: str, last: bool = False, id: str = "1") -> str | None:
    return pieces.add(Piece(id, "say", index, last, text))


def test_a_text_with_a_hole_is_not_said() -> None:
    pieces = Pieces(lambda: 0.0)
    add(pieces, 0, "a")
    for index in (2, 7):
        with pytest.raises(ProtocolError, match="piece 1 of it is expected"):
            add(pieces, index, "c")
    with pytest.raises(ProtocolError, match="piece 0 of it is expected"):
        add(pieces, 1, "b", id="2")
    assert add(pieces, 1, "b", last=True) == "ab"


def test_a_text_whose_sender_died_on_the_way_is_said_whole_when_it_comes_again() -> None:
    pieces = Pieces(lambda: 0.0)
    for index, text in enumerate("abc"):
        add(pieces, index, text)
    for index, text in enumerate("abcd"):
        whole = add(pieces, index, text, last=text == "d")
    assert whole == "abcd"


def test_texts_do_not_fill_the_memory() -> None:
    now = 0.0
    pieces = Pieces(lambda: now)
    for number in range(OPEN):
        add(pieces, 0, "a", id=str(number))
    with pytest.raises(ProtocolError, match="on their way"):
        add(pieces, 0, "a", id="one more")
    with pytest.raises(ProtocolError, match="at most 3000 characters"):
        add(pieces, 1, "a" * (DOOR_PIECE + 1), id="0")
    now = SLOWEST / 2
    add(pieces, 1, "b", id="0")
    now = SLOWEST + 1
    assert add(pieces, 0, "a", last=True, id="one more") == "a"
    assert add(pieces, 2, "c", last=True, id="0") == "abc", "it was not old"
    with pytest.raises(ProtocolError, match="piece 0 of it is expected"):
        add(pieces, 1, "b", id="1")


def test_an_endless_text_is_not_kept() -> None:
    pieces = Pieces(lambda: 0.0)
    whole = MESSAGE_LIMIT // DOOR_PIECE
    for index in range(whole):
        add(pieces, index, "a" * DOOR_PIECE)
    with pytest.raises(ProtocolError, match="at most 50000 are taken"):
        add(pieces, whole, "a" * DOOR_PIECE)
    with pytest.raises(ProtocolError, match="piece 0 of it is expected"):
        add(pieces, whole, "a")
