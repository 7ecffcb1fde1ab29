"""What a participant hears, kept with the time at which it came, track by track."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

EAR_RATE: Final = 24_000
"""Hz."""
PACKET: Final = 0.010
"""Seconds of one packet of :class:`Ears`."""
SILENCE_DBFS: Final = -50.0
"""RMS of a packet below which a listener hears nothing; full scale is a square wave of 32768."""
GAP: Final = 0.1
"""Seconds by which arrival and count of samples depart when a track was interrupted."""
CATCH_UP: Final = 50
"""Packets within which one that was handed over late is followed by one that was not."""

Sound = NDArray[np.int16]


@dataclass
class HeardTrack:
    """One audio track as it came."""

    identity: str
    """Of its participant."""
    track: rtc.Track
    packets: deque[tuple[float, Sound]] = field(default_factory=deque)
    """(monotonic time of arrival, (240,)), oldest first."""
    _loud: deque[float] = field(default_factory=deque)
    """Arrivals of those that were not silent. Each is judged once: a listener that works hard
    takes time from those it listens to."""

    def add(self, at: float, pcm: Sound) -> None:
        self.packets.append((at, pcm))
        if level(pcm) > SILENCE_DBFS:
            self._loud.append(at)

    def forget(self, before: float) -> None:
        while self.packets and self.packets[0][0] < before:
            self.packets.popleft()
        while self._loud and self._loud[0] < before:
            self._loud.popleft()

    def loud_packets(self, since: float, until: float = float("inf")) -> list[float]:
        """Arrivals between ``since`` and ``until`` that were not silent."""
        late = list(itertools.takewhile(lambda at: at > since, reversed(self._loud)))
        return [at for at in reversed(late) if at <= until]


class Ears:
    """Listens to every audio track of a room from now on, until :meth:`aclose`."""

    def __init__(self, room: rtc.Room) -> None:
        self.tracks: list[HeardTrack] = []
        self._room = room
        self._tasks: set[asyncio.Task[None]] = set()
        room.on("track_subscribed", self._on_track)
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track is not None:
                    self._on_track(publication.track, publication, participant)

    def first_loud(self, since: float, *, identity: str | None = None) -> float | None:
        """Arrival of the first packet after ``since`` that was not silent."""
        return min(
            (
                loud[0]
                for track in self._of(identity)
                if (loud := track.loud_packets(since)) and loud
            ),
            default=None,
        )

    async def wait_for_sound(self, since: float, limit: float) -> float:
        """Time of the first sound after ``since``. Raises TimeoutError."""
        async with asyncio.timeout(limit):
            while (heard := self.first_loud(since)) is None:
                await asyncio.sleep(0.005)
            return heard

    async def wait_for_quiet(self, seconds: float, limit: float) -> None:
        """Until nothing was heard for ``seconds``. Raises TimeoutError."""
        async with asyncio.timeout(limit):
            while self.first_loud(time.monotonic() - seconds) is not None:
                await asyncio.sleep(0.01)

    def forget(self, before: float) -> None:
        """Let go of what came earlier, so that hours can be listened to."""
        for track in self.tracks:
            track.forget(before)

    def recording(self, since: float, until: float) -> NDArray[np.float32]:
        """(n,) at :data:`EAR_RATE`, full scale 1: all tracks together, as a listener heard them."""
        mixed = np.zeros(max(0, round((until - since) * EAR_RATE)), np.float32)
        for track in self.tracks:
            packets = [(at, pcm) for at, pcm in track.packets if since <= at < until]
            for start, sound in runs(packets):
                place = round((start - since) * EAR_RATE)
                skip, place = max(0, -place), max(0, place)
                piece = sound[skip : skip + len(mixed) - place]
                mixed[place : place + len(piece)] += piece
        return mixed

    async def waited(self) -> float | None:
        """Seconds that sound stayed in the listener's own jitter buffer, in the mean of all."""
        delay = emitted = 0.0
        for heard in self.tracks:
            for stats in await heard.track.get_stats():
                if stats.WhichOneof("stats") == "inbound_rtp":
                    delay += stats.inbound_rtp.inbound.jitter_buffer_delay
                    emitted += stats.inbound_rtp.inbound.jitter_buffer_emitted_count
        return delay / emitted if emitted else None

    async def aclose(self) -> None:
        self._room.off("track_subscribed", self._on_track)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _of(self, identity: str | None) -> list[HeardTrack]:
        return [track for track in self.tracks if identity in (None, track.identity)]

    def _on_track(
        self,
        track: rtc.Track,
        _publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            heard = HeardTrack(participant.identity, track)
            self.tracks.append(heard)
            task = asyncio.create_task(_listen(track, heard))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _listen(track: rtc.Track, heard: HeardTrack) -> None:
    size = round(PACKET * EAR_RATE)
    stream = rtc.AudioStream(
        track, sample_rate=EAR_RATE, num_channels=1, frame_size_ms=round(PACKET * 1000)
    )
    try:
        async for event in stream:
            pcm = np.frombuffer(event.frame.data, np.int16).copy()
            assert len(pcm) == size
            heard.add(time.monotonic(), pcm)
    finally:
        await stream.aclose()


def level(pcm: Sound) -> float:
    """RMS in dB below full scale; −inf for digital silence."""
    power = float(np.mean(np.square(pcm.astype(np.float32)))) / 32768.0**2
    return 10 * float(np.log10(power)) if power else -np.inf


def runs(packets: Sequence[tuple[float, Sound]]) -> list[tuple[float, NDArray[np.float32]]]:
    """Packets joined to (time of the first sample, (n,) full scale 1) without holes.

    A busy machine hands packets over late and then in bunches, so within a run the samples
    themselves are the clock. A new run begins where packets stay later than that by more than
    :data:`GAP`: there, sound is missing.
    """
    if not packets:
        return []
    lengths = np.array([len(pcm) for _, pcm in packets])
    ends = np.cumsum(lengths) / EAR_RATE
    late = np.array([at for at, _ in packets]) - ends
    window = np.lib.stride_tricks.sliding_window_view(
        np.pad(late, (0, CATCH_UP - 1), "edge"), CATCH_UP
    )
    soonest = window.min(axis=1)
    starts, base = [0], soonest[0]
    for index, delay in enumerate(soonest):
        if delay - base > GAP:
            starts.append(index)
            base = delay
    joined = []
    for first, beyond in itertools.pairwise([*starts, len(packets)]):
        sound = np.concatenate([pcm for _, pcm in packets[first:beyond]])
        start = float(soonest[first] + ends[first]) - lengths[first] / EAR_RATE
        joined.append((start, sound.astype(np.float32) / np.float32(32768)))
    return joined
