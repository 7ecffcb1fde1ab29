"""A WebSocket and its client: slow, silent, rude, lost, or in the way of another."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from livekit import rtc
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from gateway.bridge.connection import Connection, Manners
from gateway.bridge.endings import Gone, Over, shorten
from gateway.bridge.inbox import BAD_MESSAGES, BURST, Inbox
from gateway.bridge.messages import NAMES, RATE, Wording
from gateway.bridge.microphone import LEAD_IN, MOST, PIECE, TAIL, Microphone
from gateway.bridge.outbox import MOST_FRAMES, MOST_MESSAGES, Outbox
from gateway.bridge.stage import Seat, Stage
from gateway.bridge.turns import Turns
from gateway.bridge.wishes import TRIES
from gateway.problems import Problem
from visavis.weights import SpokenPacket, WeightsPacket


class Socket:
    """The server's end of a WebSocket."""

    def __init__(self) -> None:
        self.application_state = WebSocketState.CONNECTED
        self.sent: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.takes = asyncio.Event()
        self.takes.set()
        self.is_lost = False
        self.lost_messages = 0
        self._coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def send(self, **message: Any) -> None:
        self.raw(json.dumps(message))

    def raw(self, text: str) -> None:
        self._coming.put_nowait({"type": "websocket.receive", "text": text})

    def sound(self, pcm: bytes) -> None:
        self._coming.put_nowait({"type": "websocket.receive", "bytes": pcm})

    def leave(self, code: int) -> None:
        self._coming.put_nowait({"type": "websocket.disconnect", "code": code})

    async def receive(self) -> dict[str, Any]:
        return await self._coming.get()

    async def send_text(self, text: str) -> None:
        await self.takes.wait()
        self._must_be_there()
        self.sent.append(json.loads(text))

    async def close(self, code: int, reason: str) -> None:
        self._must_be_there()
        self.closed = (code, reason)

    def _must_be_there(self) -> None:
        if self.is_lost:
            self.lost_messages += 1
            raise WebSocketDisconnect(1006)

    def of(self, type: str) -> list[dict[str, Any]]:
        return [each for each in self.sent if each["type"] == type]


class Room:
    """What a connection does in rooms; each join is a new stage."""

    def __init__(self) -> None:
        self.joins = 0
        self.asked: list[str] = []
        self.losing = 0
        """Texts in whose midst the room is lost."""
        self.interrupts = 0
        self.left: list[bool] = []
        self.heard = bytearray()
        self.turns: Turns
        self.lose: Callable[[str], None]
        self.agent_here = asyncio.Event()

    def __call__(self, turns: Turns, on_left: Callable[[str], None]) -> Stage:
        self.turns, self.lose = turns, on_left
        return cast(Stage, self)

    async def join(self, seat: Seat) -> None:
        assert seat == Seat("ws://livekit", "token")
        self.joins += 1

    async def leave(self, *, for_good: bool) -> bool:
        self.left.append(for_good)
        return for_good

    async def ask(self, text: str) -> None:
        if self.losing:
            self.losing -= 1
            raise RuntimeError("the room is gone")
        self.asked.append(text)

    async def interrupt(self) -> None:
        self.interrupts += 1

    async def publish(self) -> Any:
        return self

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        self.heard += bytes(frame.data)


class Scene:
    def __init__(self, *, waits: bool = False, first_message: float = 60, deaf: float = 60) -> None:
        self.socket, self.room = Socket(), Room()
        self.hits = 0
        self.problem: Problem | None = None
        self.refused: list[str] = []

        async def take_seat() -> Seat:
            if self.problem is not None:
                raise self.problem
            return Seat("ws://livekit", "token")

        async def why_over() -> str:
            return "The session is over (idle)."

        async def hit() -> None:
            self.hits += 1
            if self.hits > 100:
                raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "", "Wait 3 s.")

        self.connection = Connection(
            cast(WebSocket, self.socket),
            Wording("ses_1", NAMES["sides"]),
            take_seat,
            why_over,
            lambda problem: self.refused.append(problem.code),
            Manners(first_message, hit, deaf),
            waits=waits,
            make_stage=self.room,
        )
        self.serving = asyncio.create_task(self.connection.serve())

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.005)

    async def until_joined(self) -> None:
        await self.until(lambda: self.room.joins)

    async def until_asked(self, text: str) -> None:
        await self.until(lambda: text in self.room.asked or self.serving.done())

    async def over(self) -> tuple[int, str]:
        async with asyncio.timeout(20):
            await self.serving
        assert self.socket.closed is not None
        return self.socket.closed


def frame(number: int = 0) -> str:
    return f'{{"type": "sync_frame", "frameIndex": {number}}}'


async def test_what_is_asked_before_anybody_is_there_is_not_lost() -> None:
    scene = Scene()
    scene.socket.send(type="text", data="one")
    scene.socket.send(type="ping")
    scene.socket.send(type="interrupt")
    scene.socket.send(type="text", data="two")
    await scene.until(lambda: scene.socket.of("pong"))
    config = {"inputSampleRate": RATE, "outputSampleRate": RATE}
    assert scene.socket.sent[0] == {"type": "config", "audio": config}
    assert not scene.room.asked
    scene.room.agent_here.set()
    await scene.until(lambda: len(scene.room.asked) == 2)
    assert scene.room.asked == ["one", "two"] and scene.room.interrupts == 1
    assert [each["text"] for each in scene.socket.of("transcript_done")] == ["one", "two"]
    scene.socket.leave(1000)
    assert not await scene.serving and scene.room.left == [True], "an orderly end is no end"


async def test_what_is_asked_while_a_room_is_lost_is_gone_or_shown_twice() -> None:
    scene = Scene()
    scene.room.agent_here.set()
    scene.room.losing = 1
    scene.socket.send(type="text", data="one")
    scene.socket.send(type="text", data="two")
    await scene.until_asked("two")
    assert scene.room.asked == ["one", "two"] and scene.room.joins == 2
    await scene.until(lambda: len(scene.socket.of("transcript_done")) == 2)
    assert [each["text"] for each in scene.socket.of("transcript_done")] == ["one", "two"]
    scene.socket.leave(1000)
    await scene.serving


async def test_a_text_that_cannot_be_asked_keeps_all_others_waiting() -> None:
    scene = Scene()
    scene.room.agent_here.set()
    scene.room.losing = TRIES
    scene.socket.send(type="text", data="one")
    scene.socket.send(type="text", data="two")
    await scene.until_asked("two")
    assert scene.room.asked == ["two"] and scene.room.joins == 1 + TRIES
    scene.socket.leave(1000)
    await scene.serving


async def test_a_client_that_is_lost_may_come_back() -> None:
    for code in (1001, 1005, 1006):
        scene = Scene()
        await scene.until_joined()
        scene.socket.leave(code)
        assert not await scene.serving and scene.room.left == [False]


async def test_a_client_that_floods_and_is_gone_leaves_no_seat_taken() -> None:
    scene = Scene()
    await scene.until_joined()
    scene.socket.is_lost = True
    for _ in range(round(BURST) + 50):
        scene.socket.send(type="ping")
    assert not await scene.serving
    assert scene.socket.closed is None and scene.room.left == [False]


async def test_an_orderly_end_in_mid_speech_is_not_taken_for_a_drop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.bridge.connection.PARTING", 60.0)
    scene = Scene()
    await scene.until_joined()
    scene.socket.is_lost = True
    scene.socket.send(type="ping")
    await scene.until(lambda: scene.socket.lost_messages)
    scene.socket.leave(1000)
    assert not await scene.serving and scene.room.left == [True]


async def test_a_second_connection_does_not_throw_out_the_first_without_a_word() -> None:
    scene = Scene()
    await scene.until(lambda: scene.room.joins)
    scene.room.lose("DUPLICATE_IDENTITY")
    assert (await scene.over())[0] == 4409


async def test_a_room_that_is_lost_is_joined_again_and_one_that_is_over_is_not() -> None:
    scene = Scene()
    await scene.until(lambda: scene.room.joins == 1)
    scene.room.lose("SIGNAL_CLOSE")
    await scene.until(lambda: scene.room.joins == 2)
    assert not scene.serving.done()
    scene.room.lose("ROOM_DELETED")
    assert await scene.over() == (1000, "The session is over (idle).")


async def test_a_session_that_cannot_begin_is_said_and_closed() -> None:
    scene = Scene(waits=True)
    scene.problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "nobody_free", "", "Nobody is free.")
    await scene.until(lambda: scene.socket.of("config"))
    scene.socket.send(type="ping")
    await scene.until(lambda: scene.socket.of("pong"))
    assert not scene.serving.done(), "nobody asked for anything yet"
    scene.socket.send(type="audio_stream_start")
    assert await scene.over() == (4503, "Nobody is free.")
    [error] = scene.socket.of("error")
    assert error == {"type": "error", "code": "nobody_free", "message": "Nobody is free."}
    assert scene.refused == ["nobody_free"], "nobody counts it"


async def test_rubbish_is_answered_each_time_and_then_shown_the_door() -> None:
    scene = Scene()
    scene.socket.raw("rubbish")
    await scene.until(lambda: scene.socket.of("error"))
    for _ in range(BAD_MESSAGES):
        scene.socket.raw("{}")
    assert (await scene.over())[0] == 1008
    assert len(scene.socket.of("error")) == BAD_MESSAGES


async def test_a_flood_is_shown_the_door() -> None:
    scene = Scene()
    for _ in range(round(BURST) + 50):
        scene.socket.send(type="ping")
    assert (await scene.over())[0] == 4429
    texts = Scene()
    texts.room.agent_here.set()
    for number in range(101):
        texts.socket.send(type="text", data=str(number))
        await texts.until_asked(str(number))
    assert await texts.over() == (4429, "Wait 3 s.")


async def test_a_flood_of_a_few_big_messages_is_shown_the_door_and_no_microphone_is() -> None:
    def say(sound: bytes) -> dict[str, str]:
        text = json.dumps({"type": "audio", "data": base64.b64encode(sound).decode()})
        return {"type": "websocket.receive", "text": text}

    async def hear(sound: bytes, seconds: float, most: int) -> int:
        """How many such messages are taken, one every so many seconds."""
        now, taken = 0.0, 0

        async def receive() -> dict[str, Any]:
            nonlocal now
            now += seconds
            return message if taken < most else {"type": "websocket.disconnect", "code": 1001}

        async def take(_: object) -> None:
            nonlocal taken
            taken += 1

        message = say(sound)
        socket = cast(WebSocket, SimpleNamespace(receive=receive))
        with pytest.raises((Gone, Over)):
            await Inbox(socket, 60, pytest.fail, lambda: now).read(take)
        return taken

    second = bytes(2 * RATE)
    assert await hear(second * 10, 0.0, 100) == 8 * 2**20 // len(say(second * 10)["text"])
    assert await hear(second, 0.3, 1000) == 1000, "three times as fast as it is spoken, for long"
    assert await hear(second, 0.1, 1000) < 1000


async def test_who_says_nothing_does_not_stay() -> None:
    scene = Scene(first_message=0.05)
    assert (await scene.over())[0] == 4408
    assert scene.socket.of("error")[0]["code"] == "no_message"


async def test_who_takes_nothing_does_not_stay_and_costs_no_memory() -> None:
    scene = Scene(deaf=0.3)
    scene.socket.takes.clear()
    await scene.until(lambda: scene.room.joins)
    for _ in range(5000):
        packet = WeightsPacket(1, 1, 1, (0.0,) * 52, segment=1)
        scene.room.turns.spoken(SpokenPacket(packet, b"\0\0"))
    assert (await scene.over())[0] == 4408


async def test_frames_are_lost_oldest_first_and_nothing_else_is() -> None:
    outbox = Outbox(lambda: 0.0)
    outbox.put("first")
    for number in range(3 * MOST_FRAMES):
        outbox.put(f"frame {number}", is_frame=True)
        if number % 10 == 0:
            outbox.put(f"word {number}")
    got = []
    while not outbox.is_empty:
        got.append(await outbox.take())
    frames = [each for each in got if each.startswith("frame")]
    assert frames == [f"frame {n}" for n in range(2 * MOST_FRAMES, 3 * MOST_FRAMES)]
    assert outbox.lost_frames == 2 * MOST_FRAMES
    assert [each for each in got if each.startswith("word")] == [
        f"word {n}" for n in range(0, 3 * MOST_FRAMES, 10)
    ]
    assert got[0] == "first"
    order = [each.split()[1] for each in got[1:]]
    assert order == sorted(order, key=int), "order is lost"
    for number in range(MOST_MESSAGES + 1):
        outbox.put(str(number))
    assert outbox.stuck_for == float("inf")


async def test_sound_goes_into_the_room_whole_at_its_own_pace_whatever_pace_it_came_at() -> None:
    room, now = Room(), 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        await asyncio.sleep(0)

    microphone = Microphone(room.publish, lambda: now, sleep)
    running = asyncio.create_task(microphone.run())
    speech = np.random.default_rng(1).integers(1, 9000, 3 * RATE + 77).astype(np.int16).tobytes()
    assert microphone.push(speech)
    lead_in, tail = 2 * LEAD_IN, 2 * TAIL
    while len(room.heard) < lead_in + len(speech) + tail - 2 * PIECE:
        await asyncio.sleep(0)
    assert not any(room.heard[:lead_in]), "it speaks before anybody hears"
    assert room.heard[lead_in:].startswith(speech)
    assert not any(room.heard[lead_in + len(speech) :])
    assert now == pytest.approx(len(room.heard) / 2 / RATE, abs=0.2)
    for _ in range(1000):
        await asyncio.sleep(0)
    assert len(room.heard) <= lead_in + len(speech) + tail + 4 * PIECE, "silence for ever"
    running.cancel()


async def test_more_sound_than_can_wait_loses_its_oldest_and_that_is_said_once() -> None:
    scene = Scene()
    for _ in range(MOST // RATE + 5):
        scene.socket.sound(bytes(2 * RATE))
    scene.socket.send(type="ping")
    await scene.until(lambda: scene.socket.of("pong"))
    [error] = scene.socket.of("error")
    assert error["code"] == "too_much_audio"
    scene.serving.cancel()


def test_a_long_reason_does_not_break_the_close_frame() -> None:
    assert len(shorten("ä" * 200).encode()) <= 123
