"""What goes to an avatar goes in order, and an interrupt does not wait behind what it drops."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from livekit import rtc

from tests.voices import Listener, tone
from visavis.face_line import AHEAD, LARGEST_FIRST, LARGEST_WRITE, FaceLine, LineError
from visavis.face_voice import FaceVoice
from visavis.opus import SpeechDecoder
from visavis.pace import CUSHION, UNKNOWN
from visavis.playback import PlaybackFinished
from visavis.protocol import (
    RPC_CLEAR_BUFFER,
    RPC_PAUSE,
    RPC_RESUME,
    STREAM_ENCODING,
    STREAM_WANTS_ID,
    TOPIC_AUDIO_STREAM,
)
from visavis.segment import RATE

SOUND = tone(0.1)


class FakeRoom:
    """Notes what was sent; ``broken`` RPCs raise these codes, ``gate`` holds writes back."""

    def __init__(self) -> None:
        self.local_participant = self
        self.sent: list[str] = []
        self.bytes = 0
        self.data = b""
        self.writes: list[int] = []
        self.streams: list[dict[str, Any]] = []
        self.broken: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def stream_bytes(self, **kwargs: Any) -> FakeRoom:
        self.streams.append(kwargs)
        self.sent.append(f"open {kwargs['stream_id']}")
        return self

    async def write(self, audio: bytes) -> None:
        self.sent.append("write")
        await self.gate.wait()
        self.bytes += len(audio)
        self.data += audio
        self.writes.append(len(audio))

    async def aclose(self) -> None:
        self.sent.append("close")

    async def perform_rpc(self, *, method: str, **_: Any) -> str:
        self.sent.append(method)
        if self.broken:
            raise rtc.RpcError(self.broken.pop(0), "broken")
        return "ok"


@asynccontextmanager
async def a_line(
    clock: Callable[[], float] = time.monotonic, *, opus: bool = False
) -> AsyncIterator[tuple[FakeRoom, FaceLine, asyncio.Task[None]]]:
    room = FakeRoom()
    line = FaceLine(cast(rtc.Room, room), "avatar", clock, opus=opus)
    running = asyncio.create_task(line.run())
    try:
        yield room, line, running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_segment_is_one_stream_that_asks_to_be_named() -> None:
    async with a_line() as (room, line, _):
        line.open("a")
        line.write("a", SOUND)
        line.close("a")
        await settle()
        assert room.sent == ["open a", "write", "close"] and room.bytes == len(SOUND)
        [stream] = room.streams
        assert stream["topic"] == TOPIC_AUDIO_STREAM
        assert stream["destination_identities"] == ["avatar"]
        assert stream["attributes"]["sample_rate"] == "24000"
        assert stream["attributes"]["num_channels"] == "1"
        assert STREAM_WANTS_ID in stream["attributes"]


async def test_an_interrupt_does_not_wait_behind_the_sound_that_it_drops() -> None:
    async with a_line() as (room, line, _):
        room.gate.clear()
        line.open("a")
        await settle()
        line.write("a", SOUND)
        await settle()
        line.write("a", tone(30))
        assert line.drop("a")
        line.clear()
        room.gate.set()
        await settle()
        assert room.sent == ["open a", "write", "close", RPC_CLEAR_BUFFER]
        assert room.bytes == len(SOUND)


async def test_what_is_said_after_an_interrupt_is_sent_after_it() -> None:
    async with a_line() as (room, line, _):
        line.open("a")
        await settle()
        line.drop("a")
        line.clear()
        line.open("b")
        line.write("b", SOUND)
        await settle()
        assert room.sent == ["open a", "close", RPC_CLEAR_BUFFER, "open b", "write"]


async def test_a_segment_that_was_dropped_in_time_never_leaves() -> None:
    async with a_line() as (room, line, _):
        line.open("a")
        line.write("a", SOUND)
        assert not line.drop("a")
        await settle()
        assert not room.sent


async def test_the_rest_of_a_stream_that_the_avatar_ended_early_is_not_silence() -> None:
    room, her = FakeRoom(), Listener()
    line = FaceLine(cast(rtc.Room, room), "avatar", clock=lambda: 0.0)
    face = FaceVoice(her.speech, line, {"alive"}, on_dead=pytest.fail, clock=lambda: 0.0)
    running = asyncio.create_task(line.run())
    try:
        her.speech.prefer(face)
        her.speech.begin()
        her.speech.push(tone(20))
        her.speech.flush()
        await settle()
        first = room.streams[0]["stream_id"]
        face.finished(PlaybackFinished(0.3, interrupted=False, stream_id=first))
        sent = len(room.sent)
        await settle()
        second = room.streams[-1]["stream_id"]
        assert second != first
        assert room.sent[sent : sent + 3] == ["close", f"open {second}", "write"]
        assert not her.ends
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("lead", [0.14, 0.82])
async def test_what_a_first_word_waits_for_does_not_wait_behind_the_rest(lead: float) -> None:
    async with a_line(lambda: 0.0) as (room, line, _):
        line.expect(lead)
        line.open("a")
        line.write("a", tone(20))
        await settle()
        piece = LARGEST_WRITE / (2 * RATE)
        assert lead + CUSHION <= room.bytes / (2 * RATE) <= lead + CUSHION + piece
        assert min(lead * 2 * RATE, LARGEST_FIRST) <= room.writes[0] <= 15_000
        messages_until_it_speaks = next(
            n for n in itertools.count(1) if sum(room.writes[:n]) >= lead * 2 * RATE
        )
        assert messages_until_it_speaks == -(-lead * 2 * RATE // LARGEST_FIRST)


@pytest.mark.parametrize("able", [True, False])
async def test_an_avatar_that_reads_opus_is_sent_it_where_the_agent_can(
    able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.face_line.is_opus_here", lambda: able)
    async with a_line(opus=True) as (room, line, _):
        line.open("a")
        line.write("a", SOUND)
        line.write("a", SOUND[:100])
        line.close("a")
        await settle()
        [stream] = room.streams
        assert room.sent[-1] == "close"
        if able:
            assert stream["attributes"][STREAM_ENCODING] == "opus"
            sound = SpeechDecoder().push(room.data)
            assert len(sound) == len(SOUND + SOUND[:100])  # twice the rate, half as many bytes
        else:
            assert STREAM_ENCODING not in stream["attributes"]
            assert room.data == SOUND + SOUND[:100]


async def test_an_interrupt_does_not_wait_for_the_end_of_what_it_drops() -> None:
    async with a_line(opus=True) as (room, line, _):
        line.open("a")
        line.write("a", SOUND[:-100])
        await settle()
        assert line.drop("a")
        line.clear()
        line.open("b")
        line.write("b", SOUND)
        line.close("b")
        await settle()
        dropped = ["open a", "write", "close", RPC_CLEAR_BUFFER]
        assert room.sent == [*dropped, "open b", "write", "write", "close"]
        assert len(SpeechDecoder().push(room.data[room.writes[0] :])) == len(SOUND)


async def test_pieces_that_wait_are_sent_together() -> None:
    async with a_line() as (room, line, _):
        line.open("a")
        for _ in range(5):
            line.write("a", SOUND[: len(SOUND) // 5])
        await settle()
        assert room.sent == ["open a", "write"] and room.bytes == len(SOUND)


async def test_pause_and_resume_keep_their_order() -> None:
    async with a_line() as (room, line, _):
        line.pause()
        line.resume()
        line.pause()
        await settle()
        assert room.sent == [RPC_PAUSE, RPC_RESUME, RPC_PAUSE]


async def test_a_lost_control_is_sent_again() -> None:
    async with a_line() as (room, line, _):
        room.broken = [rtc.RpcError.ErrorCode.RESPONSE_TIMEOUT]
        line.clear()
        async with asyncio.timeout(20):
            while len(room.sent) < 2:
                await asyncio.sleep(0.01)
        assert room.sent == [RPC_CLEAR_BUFFER] * 2


@pytest.mark.parametrize("times", [1, 3])
async def test_an_avatar_that_cannot_be_reached_is_an_error(times: int) -> None:
    async with a_line() as (room, line, running):
        codes = rtc.RpcError.ErrorCode
        code = codes.RECIPIENT_NOT_FOUND if times == 1 else codes.RESPONSE_TIMEOUT
        room.broken = [code] * times
        line.clear()
        with pytest.raises(LineError, match="clear_buffer failed"):
            await asyncio.wait_for(running, 5)


async def test_a_stream_that_breaks_is_an_error() -> None:
    async with a_line() as (room, line, running):

        async def write(_: bytes) -> None:
            raise ConnectionError("reset")

        room.write = write  # type: ignore[method-assign, assignment]
        line.open("a")
        line.write("a", SOUND)
        with pytest.raises(LineError, match="reset"):
            await asyncio.wait_for(running, 5)


async def test_a_long_answer_is_not_sent_all_at_once_nor_does_a_pause_wait_for_it() -> None:
    room, now = FakeRoom(), 0.0
    line = FaceLine(cast(rtc.Room, room), "avatar", clock=lambda: now)
    running = asyncio.create_task(line.run())

    async def pass_to(moment: float) -> float:
        """Answers the seconds of sound that were sent until then."""
        nonlocal now
        while now < moment:
            now += 0.01
            line._more.set()  # its own timer is of the real clock
            await settle()
        return room.bytes / (2 * RATE)

    piece = LARGEST_WRITE / (2 * RATE)
    try:
        line.open("A")
        line.write("A", tone(20))
        line.close("A")
        await settle()
        begun, soon = UNKNOWN.at_once, UNKNOWN.at_once + 0.2 * UNKNOWN.rush
        assert begun <= await pass_to(0.0) <= begun + piece
        assert soon - piece <= await pass_to(0.2) <= soon + piece
        sent = await pass_to(2.0)
        assert AHEAD + 2.0 - piece <= sent <= AHEAD + 2.0 + piece
        line.pause()
        await settle()
        assert room.sent[-1] == RPC_PAUSE and room.bytes == sent * 2 * RATE
        line.resume()
        assert AHEAD + 5.0 - piece <= await pass_to(5.0) <= AHEAD + 5.0 + piece
        assert room.sent.count(RPC_RESUME) == 1
        line.drop("A")
        line.clear()
        await settle()
        assert room.sent[-2:] == ["close", RPC_CLEAR_BUFFER]
        now = 100.0
        line.open("B")
        line.write("B", SOUND)
        await settle()
        assert room.sent[-2:] == ["open B", "write"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
