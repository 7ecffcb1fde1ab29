"""Another head, background and size before the eyes of somebody in a real room."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import pytest
from livekit import rtc

from bench.eyes import Eyes
from bench.leaks import Footprint, busiest, murmur, settle
from bench.livekit import LiveKitServer, start_livekit
from bench.looks import join_with_control
from bench.script import avatar_speaker
from bench.stage import enter, start_worker
from visavis.appearance import Appearance, AppearanceChange
from visavis.protocol import AVATAR_NAME, RPC_APPEARANCE

SEEN = 30.0
"""Seconds until a change is seen, on a busy machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("appearance")


@pytest.fixture(scope="module")
def livekit(folder: Path) -> Iterator[LiveKitServer]:
    with start_livekit(folder) as server:
        yield server


@pytest.fixture(scope="module")
def started(livekit: LiveKitServer, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with start_worker(livekit, folder) as worker:
        yield worker, Footprint.of(psutil.Process(worker.pid)).children


@pytest.fixture
async def worker(started: tuple[subprocess.Popen[bytes], int]) -> subprocess.Popen[bytes]:
    """An idle one: on a busy machine, it takes no room beside one that is behind."""
    worker, children = started
    await settle(psutil.Process(worker.pid), children)
    return worker


async def change(room: rtc.Room, avatar: str, asked: AppearanceChange) -> Appearance:
    answer = await room.local_participant.perform_rpc(
        destination_identity=avatar,
        method=RPC_APPEARANCE,
        payload=asked.to_json(),
        response_timeout=SEEN,
    )
    return Appearance.from_json(answer)


def shape_and_light(frame: rtc.VideoFrame) -> float:
    """Width / height, and 10 for a white corner; −1 for a picture that is black."""
    width, height = frame.width, frame.height
    if frame.type != rtc.VideoBufferType.I420:
        frame = frame.convert(rtc.VideoBufferType.I420)
    luma = np.frombuffer(frame.data, np.uint8)[: width * height].reshape(height, width)
    if luma.mean() < 20:
        return -1.0
    return width / height + 10 * round(float(luma[: height // 8, : width // 8].mean()) / 255)


async def test_a_change_is_seen_without_a_black_picture_or_a_word_lost(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes]
) -> None:
    host = await join_with_control(livekit, "looks", "host")
    eyes = Eyes(host, shape_and_light)
    try:
        async with avatar_speaker(livekit, "looks", AVATAR_NAME) as speaker:
            await eyes.wait_for_picture(0, SEEN)
            said = murmur(6.0)
            await speaker.say(said)
            dark = AppearanceChange("maya", "#182030..#203040", 640, 360, "happy", gesture="nod")
            assert await change(host, "avatar-looks", dark) == Appearance(
                "maya", "#182030..#203040", 640, 360, "happy"
            )
            await shown(eyes, 640 / 360)
            light = AppearanceChange("ben", "#ffffff", 360, 640)
            await change(host, "avatar-looks", light)
            await shown(eyes, 360 / 640 + 10)
            await speaker.wait(60)
            assert speaker.heard == pytest.approx(6.0, abs=0.02)
            attributes = host.remote_participants["avatar-looks"].attributes
            assert attributes["visavis.size"] == "360x640"
            assert attributes["visavis.emotion"] == "happy"
            [track] = eyes.tracks
            assert min(noted for _, noted in track.pictures) >= 0, "a black picture"
    finally:
        await eyes.aclose()
        await host.disconnect()


async def shown(eyes: Eyes, noted: float) -> None:
    async with asyncio.timeout(SEEN):
        while abs(eyes.tracks[0].pictures[-1][1] - noted) > 0.02:
            await asyncio.sleep(0.02)


async def test_a_guest_can_neither_change_the_face_nor_give_itself_leave(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes]
) -> None:
    guest = await join_with_control(livekit, "guest", "guest", control="false")
    try:
        async with avatar_speaker(livekit, "guest", AVATAR_NAME, video=False):
            with suppress(Exception):  # the client does not always say that the server refused
                await guest.local_participant.set_attributes({"visavis.control": "true"})
            await asyncio.sleep(1)
            with pytest.raises(rtc.RpcError) as refused:
                await change(guest, "avatar-guest", AppearanceChange(head="maya"))
            assert refused.value.code == 1403
    finally:
        await guest.disconnect()


async def test_fifty_changes_leave_no_old_renderer_behind(
    livekit: LiveKitServer, worker: subprocess.Popen[bytes]
) -> None:
    before = {child.pid for child in psutil.Process(worker.pid).children(recursive=True)}
    host = await join_with_control(livekit, "many", "host")
    try:
        async with enter(livekit, "many", "eye"), avatar_speaker(livekit, "many", AVATAR_NAME):
            job = busiest(worker, before)
            megabytes = []
            for number in range(70):
                head = ("amy", "maya", "ben")[number % 3]
                width = (512, 384)[number % 2]
                await change(
                    host,
                    "avatar-many",
                    AppearanceChange(head, f"#{number:02x}40{number:02x}", width, 512),
                )
                if number % 10 == 9:
                    await asyncio.sleep(0.5)
                    megabytes.append(job.memory_full_info().uss / 1e6)
            # One renderer is 15, and one or two may be on their way out at a look: so the middle of
            # three looks. The first ten changes map the heads and fill the pools.
            assert median(megabytes[-3:]) - median(megabytes[1:4]) < 20, megabytes
    finally:
        await host.disconnect()
