"""The two threads around the timeline: the voice never waits for the picture."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import numpy as np
import pytest

from avatar_worker.face import Face, HeadPose
from avatar_worker.player import Event, Finished, Player, Started
from avatar_worker.player.player import Picture
from avatar_worker.player.timeline import SAMPLE_RATE, Audio, Weights


class Room:
    """An output that plays as fast as it is fed, and keeps what it got."""

    def __init__(self) -> None:
        self.audio: list[Audio] = []
        self.pictures: list[int] = []
        self.events: list[Event] = []
        self.changed = threading.Condition()

    async def play(self, audio: Audio) -> None:
        with self.changed:
            self.audio.append(audio)
            self.changed.notify_all()

    def show(self, picture: Picture) -> None:
        self.pictures.append(int(picture[0, 0]))

    def on_event(self, event: Event) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    @property
    def heard(self) -> int:
        return sum(int(np.count_nonzero(piece)) for piece in self.audio)

    def wait_for_end(self) -> Finished:
        def ended() -> Finished | None:
            return next((e for e in self.events if isinstance(e, Finished)), None)

        with self.changed:
            assert self.changed.wait_for(lambda: ended() is not None, timeout=30)
        end = ended()
        assert end is not None
        return end


class Canvas:
    """Draws the jaw's opening as one grey."""

    width = height = 64

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self._seconds = seconds
        self._error = error

    def draw(self, weights: Weights, pose: HeadPose, into: Picture) -> None:
        time.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        into[:] = 1 + int(200 * weights[24])


@contextmanager
def playing(canvas: Canvas) -> Iterator[tuple[Player, Room]]:
    room = Room()
    player = Player(face=Face(Random(1)), renderer=canvas, output=room, on_event=room.on_event)
    player.open_gate()
    player.start()
    try:
        yield player, room
    finally:
        player.stop()


def speak(player: Player, seconds: float) -> None:
    segment = player.open()
    frames = round(seconds * 30)
    player.push(
        segment,
        np.full(round(seconds * SAMPLE_RATE), 5000, np.int16),
        np.full((frames, 52), 0.5, np.float32),
    )
    player.close(segment)


@pytest.mark.parametrize(
    "canvas", [Canvas(), Canvas(seconds=0.2), Canvas(error=RuntimeError("no such triangle"))]
)
def test_a_slow_or_broken_picture_costs_no_sample_of_the_voice(canvas: Canvas) -> None:
    with playing(canvas) as (player, room):
        speak(player, 0.5)
        end = room.wait_for_end()
    assert end.position == pytest.approx(0.5) and not end.interrupted
    assert room.heard == SAMPLE_RATE // 2
    assert isinstance(room.events[0], Started)


def test_pictures_that_are_late_are_counted_not_shown() -> None:
    with playing(Canvas(seconds=0.2)) as (player, room):
        speak(player, 0.5)
        room.wait_for_end()
    assert player.counters.dropped_pictures > player.counters.pictures


def test_the_face_speaks_and_comes_to_rest() -> None:
    with playing(Canvas()) as (player, room):
        speak(player, 0.5)
        room.wait_for_end()
        loudest = max(room.pictures)
        after = len(room.pictures)
        while len(room.pictures) < after + 15:
            time.sleep(0.01)
    assert loudest > 50
    assert room.pictures[-1] < 20


def test_stopping_does_not_hang() -> None:
    with playing(Canvas(seconds=0.05)) as (player, _):
        speak(player, 5)
    assert not [t for t in threading.enumerate() if t.name.startswith("visavis-")]
