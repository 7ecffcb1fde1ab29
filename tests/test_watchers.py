"""Who gets the weights, and when pictures rest."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from livekit import rtc

from avatar_worker.face import HeadPose
from avatar_worker.player import Acted, Frame, Player, Spoken
from avatar_worker.watchers import MOST, UNSENT, Watchers
from visavis.protocol import RPC_UNWATCH_WEIGHTS, RPC_WATCH_WEIGHTS, TOPIC_SPOKEN, TOPIC_WEIGHTS
from visavis.weights import SpokenPacket, WeightsPacket

PERSON = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


def frame(time: int = 48_000) -> Frame:
    return Frame(time, 2, 4800, False, Acted(np.full(52, 0.5, np.float32), HeadPose(yaw=1.5)))


class Stage:
    """A room as the watchers see it, and a player that notes what it was asked."""

    def __init__(self) -> None:
        self.remote_participants: dict[str, Any] = {}
        self.is_recording = False
        self.local_participant = self
        self.methods: dict[str, Any] = {}
        self.handlers: dict[str, Any] = {}
        self.sent: list[tuple[WeightsPacket, list[str]]] = []
        self.spoken: list[tuple[SpokenPacket, list[str]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.watched = False
        self.drawn = True
        self.listened = False
        self.heard = True
        self.lips: list[bool] = []
        self.watchers = Watchers(
            cast(rtc.Room, self),
            cast(
                Player,
                SimpleNamespace(
                    watch=self._watch, draw=self._draw, listen=self._listen, hear=self._hear
                ),
            ),
            on_watched=self._on_watched,
        )
        self.watchers.register()
        self.join("agent", AGENT)

    def on(self, event: str, handler: Any) -> None:
        self.handlers[event] = handler

    def register_rpc_method(self, name: str, handler: Any) -> None:
        self.methods[name] = handler

    def isconnected(self) -> bool:
        return True

    async def publish_data(
        self, data: bytes, *, reliable: bool, destination_identities: list[str], topic: str
    ) -> None:
        await self.gate.wait()
        assert destination_identities
        if topic == TOPIC_SPOKEN:
            assert reliable
            self.spoken.append((SpokenPacket.from_bytes(data), destination_identities))
            return
        assert topic == TOPIC_WEIGHTS and not reliable
        self.sent.append((WeightsPacket.from_bytes(data), destination_identities))

    def join(self, identity: str, kind: Any = PERSON) -> None:
        participant = SimpleNamespace(identity=identity, kind=kind)
        self.remote_participants[identity] = participant
        self.handlers["participant_connected"](participant)

    def record(self, wanted: bool) -> None:
        """By somebody who is hidden from the others."""
        self.is_recording = wanted
        self.handlers["room_updated"]()

    async def leave(self, identity: str) -> None:
        self.handlers["participant_disconnected"](self.remote_participants.pop(identity))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def call(self, method: str, identity: str, payload: str = "") -> str:
        invocation = SimpleNamespace(caller_identity=identity, payload=payload)
        return str(await self.methods[method](invocation))

    async def watch(self, identity: str, video: bool = True) -> None:
        await self.call(RPC_WATCH_WEIGHTS, identity, json.dumps({"video": video}))

    async def show(self, *frames: Frame) -> None:
        for each in frames:
            self.watchers.notify(each)
        for _ in range(20):
            await asyncio.sleep(0)

    def _watch(self, wanted: bool) -> None:
        self.watched = wanted

    def _hear(self, wanted: bool) -> None:
        self.heard = wanted

    def _listen(self, wanted: bool) -> None:
        self.listened = wanted

    def _draw(self, wanted: bool) -> None:
        self.drawn = wanted

    async def _on_watched(self, watched: bool) -> None:
        self.lips.append(watched)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    running = asyncio.create_task(stage.watchers.run())
    yield stage
    running.cancel()


async def test_what_a_watcher_who_leaves_sets_off_is_lost_on_its_way(
    monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    async def take_long(_: bool) -> None:
        await asyncio.get_running_loop().create_future()  # which nobody else knows of

    stage.join("ann")
    await stage.watch("ann")
    monkeypatch.setattr(stage.watchers, "_on_watched", take_long)
    await stage.leave("ann")
    gc.collect()
    assert "visavis watchers" in [task.get_name() for task in asyncio.all_tasks()]


async def test_nobody_gets_weights_who_did_not_ask(stage: Stage) -> None:
    stage.join("ann")
    stage.join("bob")
    await stage.show(frame())
    assert not stage.sent and not stage.watched
    await stage.watch("ann")
    assert stage.watched and stage.lips == [True]
    await stage.show(frame())
    [(packet, to)] = stage.sent
    assert to == ["ann"]
    assert (packet.time_ms, packet.segment, packet.position_ms) == (1000, 2, 100)
    assert packet.yaw == 1.5 and packet.weights[0] == pytest.approx(0.5, abs=0.5 / 255)


async def test_sound_goes_to_who_asked_for_it_and_weights_of_a_silence_do_not(stage: Stage) -> None:
    stage.join("bridge")
    stage.join("ann")
    await stage.call(RPC_WATCH_WEIGHTS, "bridge", '{"video": false, "audio": true}')
    assert stage.listened and not stage.watched and stage.lips == [True]
    assert stage.watchers.listened.is_set()
    await stage.watch("ann")
    assert stage.watched
    await stage.show(frame())
    assert [to for _, to in stage.sent] == [["ann"]]
    for _ in range(2):
        stage.watchers.notify_spoken(Spoken(frame(), np.arange(1600, dtype=np.int16)))
    await stage.show()
    assert [to for _, to in stage.spoken] == [["bridge"]] * 2
    packet = stage.spoken[1][0]
    assert packet.face.sequence == 1 and packet.face.time_ms == 1000
    assert packet.sound == np.arange(0, 1600, 2, dtype=np.int16).tobytes()
    await stage.leave("bridge")
    assert not stage.listened and stage.watched


async def test_who_leaves_or_has_enough_is_sent_nothing_more(stage: Stage) -> None:
    stage.join("ann")
    stage.join("bob")
    await stage.watch("ann")
    await stage.watch("bob")
    await stage.call(RPC_UNWATCH_WEIGHTS, "ann")
    await stage.show(frame())
    assert [to for _, to in stage.sent] == [["bob"]]
    await stage.leave("bob")
    assert not stage.watched and stage.lips == [True, False]


async def test_packets_of_one_track_are_counted(stage: Stage) -> None:
    stage.join("ann")
    await stage.watch("ann")
    await stage.show(frame(0), frame(1600), frame(3200))
    assert [packet.sequence for packet, _ in stage.sent] == [0, 1, 2]
    assert len({packet.track for packet, _ in stage.sent}) == 1


async def test_a_slow_network_does_not_pile_frames_up(stage: Stage) -> None:
    stage.join("ann")
    await stage.watch("ann")
    stage.gate.clear()
    await stage.show(*(frame(1600 * k) for k in range(100)))
    stage.gate.set()
    await stage.show()
    assert len(stage.sent) <= 1 + UNSENT
    assert stage.sent[-1][0].time_ms == 99 * 1600 // 48


async def test_pictures_do_not_rest_while_one_person_looks_at_them(stage: Stage) -> None:
    stage.join("ann")
    stage.join("bob")
    await stage.watch("ann", video=False)
    assert stage.drawn
    await stage.watch("bob", video=False)
    assert not stage.drawn
    stage.join("eve")
    assert stage.drawn, "a newcomer sees nothing"
    await stage.leave("eve")
    assert not stage.drawn
    await stage.watch("bob", video=True)
    assert stage.drawn
    await stage.leave("bob")
    assert not stage.drawn
    await stage.call(RPC_UNWATCH_WEIGHTS, "ann")
    assert stage.drawn


async def test_the_track_does_not_rest_while_one_person_hears_it(stage: Stage) -> None:
    stage.join("bridge")
    await stage.call(RPC_WATCH_WEIGHTS, "bridge", '{"video": false, "audio": true}')
    assert not stage.heard
    stage.join("ann")
    assert stage.heard
    await stage.watch("ann", video=False)
    assert stage.heard, "weights are no sound"
    await stage.leave("ann")
    assert not stage.heard
    await stage.leave("bridge")
    assert stage.heard


async def test_a_recording_is_not_silent_and_still_where_all_draw_for_themselves(
    stage: Stage,
) -> None:
    stage.join("bridge")
    await stage.call(RPC_WATCH_WEIGHTS, "bridge", '{"video": false, "audio": true}')
    assert not stage.drawn and not stage.heard
    stage.record(True)
    assert stage.drawn and stage.heard
    await stage.call(RPC_WATCH_WEIGHTS, "bridge", '{"video": false, "audio": true}')
    assert stage.drawn and stage.heard
    stage.record(False)
    assert not stage.drawn and not stage.heard


async def test_an_empty_room_does_not_stop_the_pictures(stage: Stage) -> None:
    stage.join("ann")
    await stage.watch("ann", video=False)
    await stage.leave("ann")
    assert stage.drawn


async def test_a_malformed_wish_is_refused_and_changes_nothing(stage: Stage) -> None:
    stage.join("ann")
    with pytest.raises(rtc.RpcError, match="true or false"):
        await stage.call(RPC_WATCH_WEIGHTS, "ann", '{"video": 1}')
    assert not stage.watched


async def test_more_watchers_than_can_be_served_are_refused(stage: Stage) -> None:
    for number in range(MOST):
        await stage.watch(f"guest-{number}")
    with pytest.raises(rtc.RpcError, match="watch already"):
        await stage.watch("one-more")
    await stage.watch("guest-0", video=False)


async def test_lips_that_cannot_be_made_do_not_keep_the_weights_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: bool) -> None:
        raise RuntimeError("no model")

    monkeypatch.setattr(stage.watchers, "_on_watched", fail)
    stage.join("ann")
    await stage.watch("ann")
    assert stage.watched


@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_call_that_livekit_cancelled_leaves_the_lips_half_prepared_for_ever(
    comes_back: bool, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading, asked, done = asyncio.Event(), asyncio.Event(), list[bool]()

    async def load(watched: bool) -> None:
        asked.set()
        await loading.wait()
        done.append(watched)

    monkeypatch.setattr(stage.watchers, "_on_watched", load)
    stage.join("ann")
    late = asyncio.create_task(stage.watch("ann"))
    await asked.wait()
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    loading.set()
    if comes_back:
        await stage.watch("ann")
    else:
        await stage.call(RPC_UNWATCH_WEIGHTS, "ann")
    assert done == [comes_back] and stage.watched == comes_back
