"""``python -m bench kill``: kill −9 in mid-sentence; voice and face back, words lost or doubled."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from livekit import rtc

from bench import kill_agent
from bench.ears import EAR_RATE, Ears, HeardTrack
from bench.eyes import Eyes
from bench.livekit import LiveKitServer, start_livekit
from bench.report import Report, percentiles
from bench.stage import dispatch, enter, kill_group, start_worker
from bench.words import CHORDS, account, compose
from visavis.protocol import ATTRIBUTE_PUBLISH_ON_BEHALF

HELP = "kill −9 of the face's process and of its worker: voice and face back, words lost, doubled"

ROOM: Final = "kill"
PATIENCE: Final = 60.0
"""Seconds after which voice or face counts as never back."""
FACE_AT_FIRST: Final = 60.0
SAY_SECONDS: Final = 90.0


@dataclass
class Deaths:
    """What followed the kills of one sort, in seconds and words."""

    voice: list[float] = field(default_factory=list)
    face: list[float] = field(default_factory=list)
    restart: list[float] = field(default_factory=list)
    """Until LiveKit had registered the new worker."""
    missing: list[float] = field(default_factory=list)
    extra: list[float] = field(default_factory=list)
    """Sound that was not heard, or heard twice."""
    lost: int = 0
    doubled: int = 0
    tried: int = 0
    not_back: int = 0
    """Times that voice or face did not come back within :data:`PATIENCE`."""

    def metrics(self, prefix: str) -> dict[str, float]:
        if not self.tried:
            return {}
        found: dict[str, float] = {
            f"{prefix}kills": self.tried,
            f"{prefix}words_lost": self.lost,
            f"{prefix}words_doubled": self.doubled,
            f"{prefix}not_back": self.not_back,
        }
        names = {
            "voice_back": self.voice,
            "face_back": self.face,
            "restart": self.restart,
            "sound_lost": self.missing,
            "sound_doubled": self.extra,
        }
        for name, values in names.items():
            if values:
                found |= percentiles(1000 * v for v in values).metrics(prefix + name)
        return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=10, help="of the face's process")
    parser.add_argument("--worker-kills", type=int, default=3, help="of the whole avatar worker")
    parser.add_argument("--seed", type=int, default=0)


async def measure(args: argparse.Namespace) -> Report:
    with (
        tempfile.TemporaryDirectory(prefix="visavis-kill-") as name,
        start_livekit(Path(name)) as livekit,
        start_worker(livekit, Path(name), "bench.kill_agent"),
        ExitStack() as workers,
    ):
        theatre = Theatre(livekit, Path(name), workers, random.Random(args.seed))
        await theatre.hire()
        async with enter(livekit, ROOM, "person") as person:
            ears, eyes = Ears(person), Eyes(person)
            try:
                await dispatch(livekit, ROOM, kill_agent.NAME)
                await eyes.wait_for_picture(0, FACE_AT_FIRST)
                undisturbed, job, worker = Deaths(), Deaths(), Deaths()
                await theatre.play(person, ears, eyes, undisturbed, None)
                for _ in range(args.kills):
                    await theatre.play(person, ears, eyes, job, "job")
                for _ in range(args.worker_kills):
                    await theatre.play(person, ears, eyes, worker, "worker")
            finally:
                await ears.aclose()
                await eyes.aclose()
    metrics = job.metrics("") | worker.metrics("worker_")
    metrics |= {
        "undisturbed_words_lost": undisturbed.lost,
        "undisturbed_words_doubled": undisturbed.doubled,
        "undisturbed_sound_lost_ms": 1000 * sum(undisturbed.missing),
        "undisturbed_sound_doubled_ms": 1000 * sum(undisturbed.extra),
    }
    notes = (
        f"each time {len(CHORDS)} known words; undisturbed_… is without a kill",
        "a killed worker is started again at once by this benchmark, as a supervisor would",
    )
    return Report("kill", job.tried + worker.tried, metrics, notes)


class Theatre:
    """Has the words spoken and kills the speaker."""

    def __init__(
        self, livekit: LiveKitServer, folder: Path, workers: ExitStack, chance: random.Random
    ) -> None:
        self._livekit = livekit
        self._folder = folder
        self._workers = workers
        self._chance = chance
        self._worker: subprocess.Popen[bytes] | None = None
        self._words = list(range(len(CHORDS)))

    async def hire(self) -> None:
        """Start an avatar worker."""
        self._worker = await asyncio.to_thread(
            self._workers.enter_context, start_worker(self._livekit, self._folder)
        )

    async def play(
        self, person: rtc.Room, ears: Ears, eyes: Eyes, deaths: Deaths, victim: str | None
    ) -> None:
        """One script; ``victim``: ``job``, ``worker`` or nobody."""
        self._chance.shuffle(self._words)
        path = self._folder / "script.npy"
        np.save(path, (compose(self._words, kill_agent.RATE) * 32767).astype(np.int16))
        ears.forget(time.monotonic())
        asked = time.monotonic()
        saying = asyncio.ensure_future(
            person.local_participant.perform_rpc(
                destination_identity=_agent(person),
                method=kill_agent.RPC_SAY,
                payload=str(path),
                response_timeout=SAY_SECONDS,
            )
        )
        began = await ears.wait_for_sound(asked, PATIENCE)
        face: float | None = None
        if victim is not None:
            speaking = await _until_the_face_speaks(person, ears)
            await asyncio.sleep(self._chance.uniform(1.0, 4.0))
            face = await self._kill(victim, ears, eyes, deaths, speaking)
        try:
            await saying
        except rtc.RpcError as error:
            print(f"the script was not said to its end: {error}", file=sys.stderr, flush=True)
        await ears.wait_for_quiet(2.0, PATIENCE)
        heard = account(self._words, ears.recording(began - 1, time.monotonic()), EAR_RATE)
        deaths.lost += len(heard.lost)
        deaths.doubled += len(heard.doubled)
        deaths.missing.append(heard.missing)
        deaths.extra.append(heard.extra)
        print(
            f"{victim or 'nobody'} killed: lost {len(heard.lost)} words and "
            f"{heard.missing:.2f} s, doubled {len(heard.doubled)} and {heard.extra:.2f} s",
            file=sys.stderr,
            flush=True,
        )
        if victim is not None and face is not None:
            await asyncio.sleep(2)

    async def _kill(
        self, victim: str, ears: Ears, eyes: Eyes, deaths: Deaths, speaking: HeardTrack
    ) -> float | None:
        """Answers when the new face was seen; ``speaking``: what is to fall silent."""
        assert self._worker is not None
        deaths.tried += 1
        port = int(self._livekit.url.rpartition(":")[2])
        job = in_room(psutil.Process(self._worker.pid), port)
        killed = time.monotonic()
        if victim == "job":
            job.kill()
        else:
            kill_group(self._worker)
            await self.hire()
            deaths.restart.append(time.monotonic() - killed)
        try:
            face = await eyes.wait_for_picture(killed, PATIENCE)
        except TimeoutError:
            deaths.not_back += 1
            return None
        deaths.face.append(face - killed)
        others = [track for track in ears.tracks if track is not speaking]
        loud = [first for track in others for first in track.loud_packets(killed)[:1]]
        if loud:
            deaths.voice.append(min(loud) - killed)
        else:
            deaths.not_back += 1
        return face


def in_room(worker: psutil.Process, livekit_port: int) -> psutil.Process:
    """The job process of a worker that is connected to LiveKit: the idle ones are not.

    Raises LookupError.
    """
    for child in worker.children(recursive=True):
        with contextlib.suppress(psutil.Error):  # one that has just ended
            for connection in child.net_connections("tcp"):
                if connection.raddr and connection.raddr.port == livekit_port:
                    return child
    raise LookupError("no process of the worker is connected to LiveKit")


async def _until_the_face_speaks(person: rtc.Room, ears: Ears) -> HeardTrack:
    """The face's track that sounds. Raises TimeoutError where the agent speaks plainly for long."""
    async with asyncio.timeout(PATIENCE):
        while True:
            faces = {
                participant.identity
                for participant in person.remote_participants.values()
                if ATTRIBUTE_PUBLISH_ON_BEHALF in participant.attributes
            }
            for track in ears.tracks:
                if track.identity in faces and track.loud_packets(time.monotonic() - 0.3):
                    return track
            await asyncio.sleep(0.02)


def _agent(person: rtc.Room) -> str:
    return next(
        participant.identity
        for participant in person.remote_participants.values()
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        and ATTRIBUTE_PUBLISH_ON_BEHALF not in participant.attributes
    )
