"""``python -m bench looks``: gaps between pictures while head, background and size change."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
from livekit import api, rtc

from bench.ears import Ears
from bench.eyes import Eyes
from bench.livekit import LiveKitServer, start_livekit
from bench.report import Report, percentiles
from bench.script import avatar_speaker
from bench.smooth import telling_stories
from bench.stage import start_worker
from visavis.appearance import AppearanceChange, ask
from visavis.protocol import ATTRIBUTE_CONTROL, AVATAR_NAME

HELP = "gaps between pictures across changes of head, background and size, beside gaps without"

SETTLE: Final = 6.0
"""Seconds until the picture has come to rest."""
AROUND: Final = 2.0
"""Seconds from one change to the next, and of each stretch without one."""
BLACK: Final = 20.0
"""Mean luma below which a picture is black; our backgrounds are lighter."""
_CHANGES: Final = (
    AppearanceChange(head="maya"),
    AppearanceChange(background="#204060..#c0d0e0"),
    AppearanceChange(width=640, height=360),
    AppearanceChange(head="ben"),
    AppearanceChange(background="#507050"),
    AppearanceChange(width=360, height=640),
    AppearanceChange(head="amy"),
    AppearanceChange(background="#ffffff"),
    AppearanceChange(width=384, height=384),
    AppearanceChange(head="maya", background="#d9dee6", width=512, height=512),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--changes", type=int, default=20)


async def measure(args: argparse.Namespace) -> Report:
    with tempfile.TemporaryDirectory(prefix="visavis-looks-") as name:
        folder = Path(name)
        with start_livekit(folder) as livekit, start_worker(livekit, folder):
            host = await join_with_control(livekit, "looks", "host")
            eyes, ears = Eyes(host, mean_luma), Ears(host)
            try:
                async with (
                    avatar_speaker(livekit, "looks", AVATAR_NAME) as speaker,
                    telling_stories(speaker),
                ):
                    await eyes.wait_for_picture(0, 60)
                    return await watch(host, eyes, ears, args.changes)
            finally:
                await eyes.aclose()
                await ears.aclose()
                await host.disconnect()


async def watch(host: rtc.Room, eyes: Eyes, ears: Ears, count: int) -> Report:
    """Stretches without a change first, so many as there are changes after."""
    await asyncio.sleep(SETTLE)
    quiet = time.monotonic()
    await asyncio.sleep(AROUND * count)
    began = time.monotonic()
    seconds = []
    for number in range(count):
        asked = time.monotonic()
        await ask(host, "avatar-looks", _CHANGES[number % len(_CHANGES)])
        seconds.append(time.monotonic() - asked)
        await asyncio.sleep(max(0.0, AROUND - seconds[-1]))
    ended = time.monotonic()
    [track] = eyes.tracks
    metrics = {"tracks": len(eyes.tracks), "change_p50_s": percentiles(seconds).p50}
    metrics["change_max_s"] = max(seconds)
    for label, since, until in (("quiet", quiet, began), ("", began, ended)):
        at = np.array([time for time, _ in track.pictures if since < time <= until])
        heard = np.array([t for each in ears.tracks for t, _ in each.packets if since < t <= until])
        prefix = f"{label}_" if label else ""
        gaps = 1000 * np.diff(at)
        metrics |= {
            f"{prefix}fps": len(at) / (until - since),
            f"{prefix}gap_p95_ms": float(np.percentile(gaps, 95)),
            f"{prefix}gap_max_ms": float(gaps.max()),
            f"{prefix}sound_gap_max_ms": 1000 * float(np.diff(heard).max()),
        }
    metrics["black"] = sum(luma < BLACK for at, luma in track.pictures if at > quiet)
    return Report("looks", count, metrics)


async def join_with_control(
    livekit: LiveKitServer, room: str, identity: str, control: str = "true"
) -> rtc.Room:
    """As somebody who may change the avatar's looks, or not."""
    access = (
        api.AccessToken(livekit.api_key, livekit.api_secret)
        .with_identity(identity)
        .with_attributes({ATTRIBUTE_CONTROL: control})
        .with_grants(api.VideoGrants(room_join=True, room=room, can_update_own_metadata=False))
    )
    joined = rtc.Room()
    await joined.connect(livekit.url, access.to_jwt())
    return joined


def mean_luma(frame: rtc.VideoFrame) -> float:
    width, height = frame.width, frame.height
    if frame.type != rtc.VideoBufferType.I420:
        frame = frame.convert(rtc.VideoBufferType.I420)
    return float(np.frombuffer(frame.data, np.uint8)[: width * height].mean())
