"""The two threads around the timeline: the voice never waits for the picture."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import numpy as np
import pytest

from avatar_worker.face import Face, HeadPose
from avatar_worker.player import Event, Finished, Frame, Player, Started
from avatar_worker.player.pictures import Picture
from avatar_worker.player.segment import SAMPLE_RATE, Audio, Weights


class Room:
    """An output that plays as fast as it is fed, and keeps what it got."""

    def __init__(self) -> None:
        self.audio: list[Audio] = []
        self.pictures: list[int] = []
        self.shapes: set[tuple[int, ...]] = set()
        self.broken = False
        self.events: list[Event] = []
        self.frames: list[Frame] = []
        self.changed = threading.Condition()

    def play(self, audio: Audio) -> None:
        if self.broken:
            raise RuntimeError("no such room")
        with self.changed:
            self.audio.append(audio)
            self.changed.notify_all()

    def show(self, picture: Picture) -> None:
        with self.changed:
            self.pictures.append(int(picture[0, 0]))
            self.shapes.add(picture.shape)
            self.changed.notify_all()

    def on_event(self, event: Event) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def on_frame(self, frame: Frame) -> None:
        with self.changed:
            self.frames.append(frame)
            self.changed.notify_all()

    @property
    def heard(self) -> int:
        return sum(int(np.count_nonzero(piece)) for piece in self.audio)

    @property
    def ends(self) -> list[Finished]:
        return [event for event in self.events if isinstance(event, Finished)]

    def wait_for(self, done: Callable[[], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(done, timeout=30)

    def wait_for_end(self) -> Finished:
        assert self.wait_for(lambda: bool(self.ends))
        return self.ends[0]


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
def playing(canvas: Canvas | None) -> Iterator[tuple[Player, Room]]:
    room = Room()
    player = Player(
        face=Face(Random(1)),
        renderer=canvas,
        output=room,
        on_event=room.on_event,
        on_frame=room.on_frame,
    )
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


def test_pictures_that_are_late_are_counted_and_told_to_the_quality() -> None:
    with playing(Canvas(seconds=0.2)) as (player, room):
        speak(player, 2)
        room.wait_for_end()
    assert player.counters.dropped_pictures > 0
    assert not player.quality.is_full


def test_smaller_pictures_are_drawn_where_full_size_takes_too_long() -> None:
    small = Canvas()
    small.width = small.height = 32
    room = Room()
    player = Player(
        face=Face(Random(1)),
        renderer=Canvas(seconds=0.3),
        output=room,
        on_event=room.on_event,
        scaled=lambda _: small,
    )
    player.start()
    try:
        assert room.wait_for(lambda: any(shape == (48, 32) for shape in room.shapes))
    finally:
        player.stop()


def test_a_voice_without_a_picture_is_heard() -> None:
    with playing(None) as (player, room):
        speak(player, 0.3)
        assert room.wait_for_end().position == pytest.approx(0.3)
    assert not room.pictures


def test_a_broken_output_does_not_stop_the_clock() -> None:
    with playing(Canvas()) as (player, room):
        room.broken = True
        speak(player, 0.3)
        assert room.wait_for_end().position == pytest.approx(0.3)
        assert player.stalled_for < 30


def test_a_pause_holds_the_voice_and_an_interrupt_ends_it() -> None:
    with playing(Canvas()) as (player, room):
        speak(player, 5)
        assert room.wait_for(lambda: bool(room.events))
        player.pause()
        held = player.playhead
        assert held.paused and held.segment == 0
        player.resume()
        until = time.monotonic() + 30
        while player.playhead.position <= held.position:
            assert time.monotonic() < until
            time.sleep(0.01)
        player.pause()
        player.clear()
        assert room.wait_for_end().interrupted
        speak(player, 0.2)
        assert room.wait_for(lambda: len(room.events) == 4)
    assert not room.ends[1].interrupted and room.ends[1].position == pytest.approx(0.2)


def test_ends_do_not_overtake_each_other() -> None:
    with playing(None) as (player, room):
        for _ in range(200):
            speak(player, 0.01)
            player.clear()
        assert room.wait_for(lambda: len(room.ends) == 200)
    assert [end.segment for end in room.ends] == list(range(200))


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


@pytest.mark.parametrize("canvas", [Canvas(), None])
def test_weights_do_not_lose_the_sound_that_they_belong_to(canvas: Canvas | None) -> None:
    with playing(canvas) as (player, room):
        player.watch(True)
        assert room.wait_for(lambda: len(room.frames) > 5)
        speak(player, 30)
        assert room.wait_for(lambda: sum(frame.segment == 0 for frame in room.frames) > 5)
        player.clear()
        ended = len(room.frames)
        assert room.wait_for(lambda: len(room.frames) > ended + 3)
    begun = np.flatnonzero(np.concatenate(room.audio))[0]
    spoken = [frame for frame in room.frames if frame.segment == 0]
    assert {frame.time - frame.position for frame in spoken} == {begun}
    assert (np.diff([frame.time for frame in room.frames]) > 0).all()
    assert not (np.diff([frame.time for frame in spoken]) % (SAMPLE_RATE // 30)).any()


def test_a_face_that_nobody_watches_does_not_move() -> None:
    with playing(None) as (player, room):
        speak(player, 0.3)
        room.wait_for_end()
        assert player._drawing._acting.done == -1
        player.watch(True)
        assert room.wait_for(lambda: len(room.frames) > 3)
        player.watch(False)
        told = len(room.frames)
        speak(player, 0.3)
        assert room.wait_for(lambda: len(room.ends) == 2)
    assert len(room.frames) == told


def test_pictures_that_nobody_looks_at_are_not_drawn_and_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[bool] = []
    with playing(Canvas()) as (player, room):
        record = player.quality.record

        def note(seconds_to_draw: float, missed: bool) -> None:
            counted.append(missed)
            record(seconds_to_draw, missed)

        monkeypatch.setattr(player.quality, "record", note)
        assert room.wait_for(lambda: len(room.pictures) > 5)
        player.watch(True)
        player.draw(False)
        assert not player.draws
        time.sleep(0.1)
        shown, told, wanted = len(room.pictures), len(room.frames), len(counted)
        assert room.wait_for(lambda: len(room.frames) > told + 10)
        assert len(room.pictures) == shown
        assert len(counted) == wanted, "what nobody wants must not count as missed"
        player.draw(True)
        assert player.draws
        assert room.wait_for(lambda: len(room.pictures) > shown + 10)


def test_stopping_does_not_hang() -> None:
    with playing(Canvas(seconds=0.05)) as (player, _):
        speak(player, 5)
    assert not [t for t in threading.enumerate() if t.name.startswith("visavis-")]
