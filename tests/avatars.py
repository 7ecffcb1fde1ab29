"""An avatar at the far end of a line that loses what a test wants lost."""

from __future__ import annotations

from dataclasses import dataclass, field

from visavis.face_voice import FaceVoice
from visavis.playback import PlaybackFinished, SignOfLife
from visavis.segment import RATE, WIDTH
from visavis.speech import Speech
from visavis.watchdog import AT_REST, TICK

LINGERING = 20
"""Ticks after the last speech in which signs still hurry."""


@dataclass
class Stream:
    """A segment as the avatar has it."""

    id: str
    samples: int = 0
    played: int = 0
    closed: bool = False


@dataclass
class FakeAvatar:
    """Plays streams in order, and notes what it would say; it is its own line (nothing queues).

    ``names``: it tells which stream it means, as ours does.
    """

    names: bool = True
    streams: list[Stream] = field(default_factory=list)
    paused: bool = False
    ended: list[PlaybackFinished] = field(default_factory=list)
    outbox: list[str | PlaybackFinished] = field(default_factory=list)
    """RPCs that are on their way: a started one is its payload."""
    calls: list[str] = field(default_factory=list)
    deaf: bool = False
    """A clear is lost, though its RPC seems to have arrived."""

    def expect(self, lead: float) -> None:
        self.calls.append(f"expect {lead:g}")

    def open(self, stream_id: str) -> None:
        self.streams.append(Stream(stream_id))

    def write(self, stream_id: str, audio: bytes) -> None:
        for stream in self.streams:
            if stream.id == stream_id:
                stream.samples += len(audio) // WIDTH

    def close(self, stream_id: str) -> None:
        for stream in self.streams:
            if stream.id == stream_id:
                stream.closed = True

    def drop(self, stream_id: str) -> bool:
        self.close(stream_id)
        return True

    def clear(self) -> None:
        self.calls.append("clear")
        if self.deaf:
            return
        self.paused = False
        while self.streams:
            self.end(interrupted=True)

    def pause(self) -> None:
        self.calls.append("pause")
        self.paused = True

    def resume(self) -> None:
        self.calls.append("resume")
        self.paused = False

    def play(self, seconds: float) -> None:
        if self.paused or not self.streams:
            return
        stream = self.streams[0]
        if not stream.played and stream.samples:
            self.outbox.append(stream.id if self.names else "")
        stream.played = min(stream.played + round(seconds * RATE), stream.samples)
        if stream.closed and stream.played == stream.samples:
            self.end(interrupted=False)

    def end(self, *, interrupted: bool) -> None:
        stream = self.streams.pop(0)
        name = stream.id if self.names else None
        end = PlaybackFinished(stream.played / RATE, interrupted, name)
        self.outbox.append(end)
        if name is not None:
            self.ended = [*self.ended, end][-4:]

    def sign(self) -> SignOfLife:
        if self.streams and self.streams[0].played:
            stream = self.streams[0]
            return SignOfLife(stream.id, stream.played / RATE, self.paused, tuple(self.ended))
        return SignOfLife(None, 0.0, self.paused, tuple(self.ended))


class Stage:
    """A face of ours, or a stranger's, and the time."""

    def __init__(self, speech: Speech, avatar: FakeAvatar) -> None:
        self.now = 100.0
        self.deaths: list[str] = []
        self.doubts: list[float] = []
        """When."""
        self.quiet = 0
        """Ticks since the avatar had something to say."""
        self.avatar = avatar
        features = {"pause", "alive"} if avatar.names else set[str]()
        self.face = FaceVoice(
            speech,
            avatar,
            features,
            on_dead=self.deaths.append,
            on_doubt=lambda: self.doubts.append(self.now),
            clock=lambda: self.now,
            wall=lambda: self.now,
        )

    def deliver(self) -> None:
        """All RPCs that are on their way arrive."""
        messages, self.avatar.outbox = self.avatar.outbox, []
        for message in messages:
            self.hear(message)

    def hear(self, message: str | PlaybackFinished) -> None:
        if isinstance(message, str):
            self.face.started(message)
        else:
            self.face.finished(message)

    def pass_time(
        self, seconds: float, *, signs: bool = True, alive: bool = True, rpcs: bool = True
    ) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            if alive:
                self.avatar.play(TICK)
                if rpcs:
                    self.deliver()
                self.quiet = 0 if self.avatar.streams else self.quiet + 1
                due = self.quiet < LINGERING or self.quiet % AT_REST == 0
                if signs and self.avatar.names and due:
                    self.face.sign(self.avatar.sign())
            self.face.tick(connected=True)
