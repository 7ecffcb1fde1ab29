"""Camera and files through a real LiveKit server, from a client that knows nothing of Visavis."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from livekit import rtc

from agent.knowledge.choose import Library
from agent.knowledge.session import SessionKnowledge
from agent.seeing import Sight
from agent.seeing.desk import FileDesk
from agent.seeing.shared import Shared
from bench.livekit import start_livekit
from tests.e2e.test_rooms import token
from tests.test_seeing import file_of, pictures, talk
from visavis.protocol import FILE_QUESTION, TOPIC_FILE

SIZE = (1280, 720)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def film(source: rtc.VideoSource) -> None:
    """Red, fifteen times a second."""
    pixels = np.full((SIZE[1], SIZE[0], 4), (220, 20, 20, 255), np.uint8)
    frame = rtc.VideoFrame(*SIZE, rtc.VideoBufferType.RGBA, pixels.tobytes())
    while True:
        source.capture_frame(frame)
        await asyncio.sleep(1 / 15)


async def test_a_real_camera_is_not_unseen_nor_seen_too_long(tmp_path: Path) -> None:
    with start_livekit(tmp_path) as livekit:
        agent, person = rtc.Room(), rtc.Room()
        await agent.connect(livekit.url, token(livekit, "agent", "r").to_jwt())
        await person.connect(livekit.url, token(livekit, "zoe", "r").to_jwt())
        sight, asked = Sight(able=True), list[str]()
        shared = Shared(agent, lambda: "zoe", sees=True)
        sight.follow(shared)
        knowledge = SessionKnowledge(Library(None, None))
        desk = FileDesk(agent, sight, knowledge, asked.append)
        source = rtc.VideoSource(*SIZE)
        track = rtc.LocalVideoTrack.create_video_track("camera", source)
        filming = asyncio.create_task(film(source))
        try:
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
            publication = await person.local_participant.publish_track(track, options)
            await until(lambda: any(view.frame for view in shared.views))
            [(said, color)] = pictures(await sight.tell(talk("What do you see?")))
            assert said == "What do you see?" and color[0] > 150 > color[2]
            track.mute()
            await until(lambda: not shared.views)
            assert not pictures(await sight.tell(talk("Now?")))
            track.unmute()
            await until(lambda: any(view.frame for view in shared.views))
            await person.local_participant.unpublish_track(publication.sid)
            await until(lambda: not shared.views)

            answers: list[str] = []

            async def read(reader: rtc.TextStreamReader) -> None:
                answers.append(await reader.read_all())

            reading: set[asyncio.Task[None]] = set()
            person.register_text_stream_handler(
                TOPIC_FILE, lambda reader, _: reading.add(asyncio.create_task(read(reader)))
            )
            writer = await person.local_participant.stream_bytes(
                "cat.png", topic=TOPIC_FILE, attributes={FILE_QUESTION: "What is this?"}
            )
            await writer.write(file_of("PNG"))
            await writer.aclose()
            await until(lambda: answers and asked)
            assert json.loads(answers[0])["kind"] == "picture" and asked == ["What is this?"]
            assert len(pictures(await sight.tell(talk("What is this?")))) == 1
        finally:
            filming.cancel()
            with suppress(asyncio.CancelledError):
                await filming
            await desk.aclose()
            async with asyncio.timeout(10):
                await shared.aclose()
            await person.disconnect()
            await agent.disconnect()
