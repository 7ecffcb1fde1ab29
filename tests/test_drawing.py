"""Which pictures are worth sending: the pump's part is played here, a slot at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from avatar_worker.face import Face, HeadPose
from avatar_worker.player.drawing import AHEAD, RENEWED, Drawing, Outfit
from avatar_worker.player.frame import Frame
from avatar_worker.player.pictures import Picture
from avatar_worker.player.quality import Quality
from avatar_worker.player.segment import Weights
from avatar_worker.player.telling import Telling
from avatar_worker.player.timeline import Timeline

SLOT = 1600
"""Samples of 1/30 s at 48 kHz."""


class Canvas:
    width = height = 16

    def __init__(self, shade: int = 0) -> None:
        self._shade = shade

    def draw(self, weights: Weights, pose: HeadPose, into: Picture) -> None:
        into[:] = self._shade


class Broken(Canvas):
    """Draws nothing so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def draw(self, weights: Weights, pose: HeadPose, into: Picture) -> None:
        if self.times > 0:
            self.times -= 1
            raise RuntimeError("no memory")
        super().draw(weights, pose, into)


class Stage:
    def __init__(self, timeline: Timeline, changed: threading.Condition, drawing: Drawing) -> None:
        self.timeline, self.changed, self.drawing = timeline, changed, drawing
        self.shade = 0
        """Of the picture that is seen."""
        self.frames: list[Frame] = []
        self.telling = Telling(drawing.faces, lambda _: None, self.frames.append, lambda _: None)

    def show(self, slots: int) -> list[int]:
        """Play so many slots; answers the serials of those with a picture of their own."""
        shown = []
        for _ in range(slots):
            coming = self.timeline.serial + 1
            with self.changed:
                self.changed.notify_all()
            self._wait_for(coming)
            with self.changed:
                self.telling.take(coming * SLOT, self.timeline.take(SLOT), paused=False)
                if (picture := self.drawing.pictures.take(coming)) is not None:
                    self.shade = int(picture[0, 0])
                    self.drawing.pictures.give_back(picture)
                    shown.append(coming)
        return shown

    def _wait_for(self, serial: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with self.changed:
                if self.drawing.pictures.knows(serial):
                    return
            time.sleep(0.001)
        raise AssertionError(f"slot {serial} was never drawn")


@contextmanager
def drawing(canvas: Canvas | None = None) -> Iterator[Stage]:
    timeline, changed = Timeline(), threading.Condition()
    timeline.gate_open = True
    made = Drawing(
        face=Face(Random(1)),
        outfit=Outfit(canvas or Canvas()),
        engine="canvas",
        timeline=timeline,
        changed=changed,
        quality=Quality(),
        clock=time.monotonic,
    )
    made.start()
    try:
        yield Stage(timeline, changed, made)
    finally:
        made.stop()


def speak(stage: Stage, slots: int) -> None:
    with stage.changed:
        segment = stage.timeline.open()
        sound = np.full(slots * SLOT, 5000, np.int16)
        stage.timeline.push(segment, sound, np.full((slots, 52), 0.5, np.float32))
        stage.timeline.close(segment)


def test_a_picture_that_has_not_changed_is_not_sent_thirty_times_a_second() -> None:
    with drawing() as stage:
        shown = stage.show(300)
    assert len(shown) < 200


def test_a_resting_face_is_not_taken_for_frozen() -> None:
    with drawing() as stage:
        shown = stage.show(300)
    assert max(b - a for a, b in pairwise(shown)) <= RENEWED


def test_speech_does_not_lose_a_picture() -> None:
    with drawing() as stage:
        stage.show(40)
        speak(stage, 30)
        began = stage.timeline.serial
        shown = stage.show(25)
    assert [serial for serial in shown if serial > began + 2] == list(
        range(began + 3, shown[-1] + 1)
    )


def test_speech_does_not_lose_a_face_that_is_told() -> None:
    with drawing() as stage:
        with stage.changed:
            stage.telling.watch(True)
        stage.show(5)
        speak(stage, 15)
        stage.show(30)
    assert {b.time - a.time for a, b in pairwise(stage.frames)} == {SLOT}
    jaws = [frame.face.weights[24] for frame in stage.frames if frame.segment is not None]
    assert len(jaws) == 15 and max(jaws) > 0.25


def test_a_thread_with_nothing_to_draw_is_not_woken_for_each_moment_of_sound() -> None:
    with drawing() as stage:
        stage.show(5)
        speak(stage, 20)
        stage.show(5)
        with stage.changed:
            stage.timeline.take(1)
            stage.changed.notify_all()
        ahead = stage.timeline.serial + AHEAD
        stage._wait_for(ahead)
        with stage.changed:
            assert not stage.drawing.is_due
            stage.timeline.take(SLOT // 2)
            assert not stage.drawing.is_due, "nothing has begun"
            stage.timeline.take(SLOT)
            assert stage.drawing.is_due, "a slot has begun: another is to be drawn"
            stage.changed.notify_all()
        stage._wait_for(ahead + 1)
        with stage.changed:
            stage.timeline.clear()
            assert stage.drawing.is_due, "what was drawn ahead is void"


def test_a_cut_does_not_leave_the_picture_of_speech_that_was_never_shown() -> None:
    """What was drawn ahead is void: the next slot has a picture of its own, held or not."""
    with drawing() as stage:
        speak(stage, 60)
        stage.show(20)
        with stage.changed:
            stage.timeline.clear()
            stage.changed.notify_all()
        began = stage.timeline.serial
        assert stage.show(1) == [began + 1]


def test_a_picture_that_failed_is_not_waited_for() -> None:
    """It would be late, quality go down, and the whole worker take no more rooms."""
    with drawing(Broken(1000)) as stage:
        assert stage.show(10) == []


def test_a_renderer_that_failed_once_rests_again(caplog: pytest.LogCaptureFixture) -> None:
    canvas = Broken(3)
    with drawing(canvas) as stage:
        shown = stage.show(300)
        canvas.times = 3
        stage.show(10)
    assert 100 < len(shown) < 200
    assert caplog.text.count("the renderer 'canvas' failed") == 1


def test_another_look_does_not_wait_for_the_face_to_move() -> None:
    with drawing() as stage:
        for shade in range(1, 41):
            stage.show(7)
            with stage.changed:
                stage.drawing.dress(Outfit(Canvas(shade)))
            stage.show(AHEAD + 1)
            assert stage.shade == shade


def test_a_wish_that_the_face_cannot_take_freezes_the_picture_for_good(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def impossible(_: Face) -> None:
        raise ValueError("such a face there is not")

    with drawing() as stage:
        stage.show(5)
        for _ in range(3):
            with stage.changed:
                stage.drawing.ask(impossible)
            stage.show(5)
    assert caplog.text.count("a picture was lost") == 1
