"""A track that waits costs nothing, and loses none of what is said when its time comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from livekit import rtc

from tests.voices import tone
from visavis.segment import RATE
from visavis.standby import ROUSING, TICK, StandbySource

SOON = 0.05


class Wire:
    """What leaves the source, in order; its track, too."""

    def __init__(self) -> None:
        self.log: list[str | bytes] = []
        self.times: list[float] = []
        self.fails = False

    def make(self, *_: object, **__: object) -> Wire:
        return self

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self.fails:
            raise RuntimeError("the room is gone")
        self.note(bytes(frame.data))

    def note(self, what: str | bytes) -> None:
        self.log.append(what)
        self.times.append(time.monotonic())

    def mute(self) -> None:
        self.note("mute")

    def unmute(self) -> None:
        self.note("unmute")

    def sound(self, since: int = 0) -> bytes:
        return b"".join(each for each in self.log[since:] if isinstance(each, bytes))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    monkeypatch.setattr(rtc, "AudioSource", made.make)
    return made


@pytest.fixture
def source(wire: Wire) -> Iterator[StandbySource]:
    made = StandbySource(rest=SOON)
    yield made
    made.close()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def resting(wire: Wire, source: StandbySource) -> None:
    source.let_rest(wire)
    await until(lambda: "mute" in wire.log)


def frame(audio: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(audio, RATE, 1, len(audio) // 2)


async def test_a_track_that_waits_does_not_send_silence_for_ever(
    wire: Wire, source: StandbySource
) -> None:
    await resting(wire, source)
    await until(lambda: source._thread is not None and not source._thread.is_alive())
    assert wire.log[-1] == "mute"


async def test_a_track_that_no_server_knows_yet_does_not_fall_silent(
    wire: Wire, source: StandbySource
) -> None:
    await until(lambda: len(wire.log) > 2 * SOON * RATE / TICK)
    assert "mute" not in wire.log


async def test_the_first_word_after_a_rest_is_not_lost(wire: Wire, source: StandbySource) -> None:
    await resting(wire, source)
    rested = len(wire.log)
    word = tone(0.1)
    await source.capture_frame(frame(word))
    await until(lambda: wire.log.count("mute") == 2)
    assert wire.log[rested] == "unmute"
    assert wire.times[rested + 1] - wire.times[rested] >= ROUSING
    sound = wire.sound(rested)
    assert sound.startswith(word) and not any(sound[len(word) :])


async def test_the_first_word_waits_though_the_track_was_roused_before(wire: Wire) -> None:
    source = StandbySource(rest=0.5)
    await resting(wire, source)
    rested = len(wire.log)
    source.rouse()
    await until(lambda: wire.sound(rested))
    assert wire.log[rested] == "unmute"
    assert wire.times[rested + 1] - wire.times[rested] >= ROUSING
    word = tone(0.1)
    await source.capture_frame(frame(word))
    await until(lambda: wire.log.count("mute") == 2)
    sound = wire.sound(rested)
    assert sound.count(word) == 1 and not any(sound.replace(word, b""))
    assert wire.log.count("unmute") == 1
    source.close()


async def test_a_word_that_comes_while_the_track_wakes_is_lost(
    wire: Wire, source: StandbySource
) -> None:
    await resting(wire, source)
    rested = len(wire.log)
    source.rouse()
    word = tone(0.1)
    await source.capture_frame(frame(word))
    await until(lambda: wire.log.count("mute") == 2)
    assert wire.times[rested + 1] - wire.times[rested] >= ROUSING
    assert wire.log.count("unmute") == 1
    assert wire.sound(rested).count(word) == 1


async def test_a_track_that_was_roused_in_vain_is_heard_or_stays_awake(
    wire: Wire, source: StandbySource
) -> None:
    await resting(wire, source)
    rested = len(wire.log)
    for _ in range(3):
        source.rouse()
    await until(lambda: wire.log.count("mute") == 2)
    assert wire.log.count("unmute") == 1 and wire.log[-1] == "mute"
    assert not any(wire.sound(rested))


async def test_what_is_taken_back_is_not_heard(wire: Wire, source: StandbySource) -> None:
    await resting(wire, source)
    await source.capture_frame(frame(tone(60.0)))
    assert 30 < source.queued_duration <= 60
    source.clear_queue()
    assert not source.queued_duration
    await until(lambda: wire.log.count("mute") == 2)
    assert len(wire.sound()) < 30 * 2 * RATE


async def test_a_room_that_is_gone_does_not_hold_the_voice_up(
    wire: Wire, source: StandbySource
) -> None:
    await resting(wire, source)
    wire.fails = True
    await source.capture_frame(frame(tone(0.5)))
    await until(lambda: not source.queued_duration)
