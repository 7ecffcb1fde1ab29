"""Figures of a frame that are about the same frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render import HeadPose, MeshRenderer, load_head
from bench.render import act, time_draws
from bench.render_peers.pixelwise import Pixelwise
from visavis.protocol import ARKIT_NAMES


class Counting:
    """A renderer that remembers what it was asked for."""

    width = height = 64

    def __init__(self) -> None:
        self.asked: list[float] = []

    def draw(self, weights: NDArray[np.float32], pose: HeadPose, into: NDArray[np.uint8]) -> None:
        assert into.shape == (96, 64)
        self.asked.append(float(weights[0]))


def test_renderers_are_not_timed_on_the_same_frames() -> None:
    acted = [(np.full(52, number, np.float32), HeadPose()) for number in range(23)]
    one, two = Counting(), Counting()
    spent = time_draws({"one": (one, acted), "two": (two, acted)})
    assert one.asked == two.asked == [float(number) for number in range(23)]
    assert len(spent["one"]) == len(spent["two"]) == 18
    assert all(value >= 0 for values in spent.values() for value in values)


def test_peer_draws_another_picture() -> None:
    """It must do the work that it is timed for: the same head, mouth and pose."""
    head = load_head("amy")
    ours, peer = MeshRenderer(head, 192, 192), Pixelwise(head, 192, 192)
    weights = np.zeros(52, np.float32)
    weights[ARKIT_NAMES.index("jawOpen")] = 0.5
    frames = [np.zeros((288, 192), np.uint8) for _ in range(2)]
    for renderer, frame in ((ours, frames[0]), (peer, frames[1])):
        renderer.draw(weights, HeadPose(), frame)
        renderer.draw(weights, HeadPose(9, 3, 2), frame)
    difference = np.abs(frames[0].astype(int) - frames[1])[20:150]
    assert difference.mean() < 2 and (difference > 40).mean() < 0.01


def test_idle_face_speaks() -> None:
    jaw = [weights[ARKIT_NAMES.index("jawOpen")] for weights, _ in act(None, 60)]
    assert max(jaw) < 0.1
