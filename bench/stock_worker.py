"""The baseline: LiveKit's ``AvatarRunner`` with a face that costs nothing.

``python -m bench.stock_worker dev``. The generator is as simple as LiveKit's documentation has it:
a picture for each 1/30 s of sound, the picture first. It paints :mod:`bench.calibration`'s marks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents import AgentServer, AutoSubscribe, JobContext, JobRequest, utils
from livekit.agents.voice.avatar import (
    AudioSegmentEnd,
    AvatarOptions,
    AvatarRunner,
    DataStreamAudioReceiver,
    VideoGenerator,
)

from bench.calibration import FPS, GRID, Marker, paint
from settings import load_settings
from visavis.protocol import ATTRIBUTE_PUBLISH_ON_BEHALF, AvatarDispatch
from worker_cli import run_worker

NAME: Final = "bench-stock"
"""Dispatch name; the metadata is an :class:`~visavis.protocol.AvatarDispatch`."""
RATE: Final = 24_000
"""Hz of the sound; another is refused."""
SIZE: Final = 512

_Frame = rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd


class MarkGenerator(VideoGenerator):
    """A picture for each 1/30 s of sound, and thirty a second while there is none."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[rtc.AudioFrame | AudioSegmentEnd] = asyncio.Queue()
        self._cutter = utils.audio.AudioByteStream(RATE, 1, RATE // FPS)
        self._marker = Marker(RATE)
        self._picture = np.zeros((SIZE * 3 // 2, SIZE), np.uint8)

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        if isinstance(frame, rtc.AudioFrame) and frame.sample_rate != RATE:
            raise ValueError(f"the stock worker plays {RATE} Hz, not {frame.sample_rate}")
        await self._queue.put(frame)

    def clear_buffer(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()
        self._cutter.clear()

    async def _generate(self) -> AsyncIterator[_Frame]:
        blank = np.zeros(GRID * GRID, np.bool_)
        while True:
            try:
                frame = await asyncio.wait_for(self._queue.get(), 0.5 / FPS)
            except TimeoutError:
                yield self._draw(blank)
                continue
            if isinstance(frame, AudioSegmentEnd):
                pieces = self._cutter.flush()
            else:
                pieces = self._cutter.push(frame.data)
            for piece in pieces:
                sound = np.frombuffer(piece.data, np.int16).astype(np.float32) / np.float32(32768)
                marks = self._marker.push(sound) or self._marker.flush()
                yield self._draw(marks[-1].to_bits())
                yield piece
            if isinstance(frame, AudioSegmentEnd):
                yield frame

    def __aiter__(self) -> AsyncIterator[_Frame]:
        return self._generate()

    def _draw(self, bits: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> rtc.VideoFrame:
        paint(bits, self._picture)
        data = self._picture.tobytes()
        return rtc.VideoFrame(SIZE, SIZE, rtc.VideoBufferType.I420, data)


async def run_job(ctx: JobContext) -> None:
    dispatch = AvatarDispatch.from_json(ctx.job.metadata)
    await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    runner = AvatarRunner(
        ctx.room,
        audio_recv=DataStreamAudioReceiver(ctx.room, sender_identity=dispatch.agent_identity),
        video_gen=MarkGenerator(),
        options=AvatarOptions(SIZE, SIZE, FPS, RATE, 1),
    )

    def on_gone(participant: rtc.RemoteParticipant) -> None:
        if participant.identity == dispatch.agent_identity:
            ctx.shutdown("the agent left")

    ctx.room.on("participant_disconnected", on_gone)
    ctx.add_shutdown_callback(runner.aclose)
    await runner.start()
    await runner.wait_for_complete()


async def accept(request: JobRequest) -> None:
    dispatch = AvatarDispatch.from_json(request.job.metadata)
    await request.accept(
        identity=dispatch.avatar_identity,
        attributes={ATTRIBUTE_PUBLISH_ON_BEHALF: dispatch.agent_identity},
    )


def main() -> None:
    server = AgentServer(
        load_fnc=lambda: 0.0,
        port=0,
        num_idle_processes=1,
        initialize_process_timeout=60,
        drain_timeout=0,
        preload_modules=["bench.calibration"],
    )
    server.rtc_session(run_job, agent_name=NAME, on_request=accept)
    run_worker(server, load_settings(), hears=False)


if __name__ == "__main__":
    main()
