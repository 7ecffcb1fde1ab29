"""The face across an interrupt: nothing that was prepared leaks out, and nothing jerks."""

from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.face import Face, HeadPose, parse_emotion
from avatar_worker.lipsync import Resampler
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.player.acting import Acting
from avatar_worker.player.segment import Weights
from bench.speech import speak
from visavis.protocol import ARKIT_NAMES

SENTENCES = (
    "My brother bought a big purple boat, and we moved it over five fathoms of water.",
    "Oh, how far away are you from the old farm house, and who lives above the shop now?",
)
MOUTH = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth"))]
JAW = ARKIT_NAMES.index("jawOpen")
SHUT_FRAMES = 5
"""Of 1/30 s: with the one in which it is decided, less than 200 ms."""


@pytest.fixture(scope="module")
def sentences() -> list[Weights]:
    lips = EmbeddedModel().create()
    spoken = []
    for text in SENTENCES:
        pcm = Resampler().push(speak(text), 24_000)
        spoken.append(np.concatenate([lips.push(pcm), lips.finish()]))
    return spoken


def act(
    face: Face, speech: list[Weights | None]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Weights (t, 52) and pose (t, 3)."""
    steps = [face.step(frame, "listening") for frame in speech]
    poses = [(pose.yaw, pose.pitch, pose.roll) for _, pose in steps]
    return np.array([weights for weights, _ in steps]), np.array(poses)


def changes(values: NDArray[np.floating]) -> NDArray[np.floating]:
    largest: NDArray[np.floating] = np.abs(np.diff(values, axis=0)).max(axis=1)
    return largest


def test_an_interrupt_is_no_jerk(sentences: list[Weights]) -> None:
    mouths, poses = [], []
    for seed in range(20):
        face = Face(Random(seed))
        for sentence in sentences:
            weights, pose = act(face, [*sentence, *[None] * 20])
            mouths.append(changes(weights[: len(sentence), MOUTH]))
            poses.append(changes(pose[: len(sentence)]))
    mouth_p99 = np.percentile(np.concatenate(mouths), 99)
    pose_p99 = np.percentile(np.concatenate(poses), 99)

    random = Random(1)
    cut_poses = []
    for seed in range(300):
        face = Face(Random(100 + seed))
        sentence = random.choice(sentences)
        cut = random.randrange(5, len(sentence))
        before, pose_before = act(face, [None] * 15 + list(sentence[:cut]))
        face.look_back()
        after, pose_after = act(face, [None] * 12)
        mouth = changes(np.concatenate([before[-1:], after])[:, MOUTH])
        assert mouth.max() <= mouth_p99
        assert after[SHUT_FRAMES - 1 :, JAW].max() < 0.05
        cut_poses.append(changes(np.concatenate([pose_before[-1:], pose_after])))
    assert np.percentile(np.concatenate(cut_poses), 99) <= pose_p99


def same(one: tuple[Weights, HeadPose], other: tuple[Weights, HeadPose]) -> bool:
    return bool((one[0] == other[0]).all()) and one[1] == other[1]


def test_slots_that_were_taken_back_leave_no_trace(sentences: list[Weights]) -> None:
    speech = sentences[0]
    acting, untouched = Acting(Face(Random(3))), Acting(Face(Random(3)))
    for serial in range(20):
        acting.step(serial, speech[serial], "speaking")
        untouched.step(serial, speech[serial], "speaking")
    for serial in (20, 21):
        acting.step(serial, speech[serial], "speaking")
    acting.take_back(19)
    assert acting.done == 19
    for serial in range(20, 60):
        assert same(acting.step(serial, None, "idle"), untouched.step(serial, None, "idle"))


def test_taking_back_what_was_not_drawn_is_harmless() -> None:
    acting = Acting(Face(Random(3)))
    acting.take_back(-1)
    acting.step(0, None, "idle")
    acting.take_back(5)
    assert acting.done == 0


def test_slots_that_nobody_drew_do_not_slow_the_face_down(sentences: list[Weights]) -> None:
    acting, untouched = Acting(Face(Random(3))), Acting(Face(Random(3)))
    for serial in range(3):
        untouched.step(serial, None, "idle")
    last = untouched.step(3, None, "idle")
    acting.step(0, None, "idle")
    assert same(acting.step(3, None, "idle"), last)


def test_the_gaze_returns_to_whoever_cuts_in() -> None:
    for seed in range(20):
        face = Face(Random(seed))
        for _ in range(seed * 7):
            face.step(None, "thinking")
        face.look_back()
        for _ in range(12):
            weights, pose = face.step(None, "listening")
        out, inward = (weights[ARKIT_NAMES.index(f"eyeLook{way}Left")] for way in ("Out", "In"))
        towards = 32 * float(out - inward) + pose.yaw
        assert abs(towards) < 4


def test_what_was_asked_meanwhile_is_not_taken_back_with_the_slots() -> None:
    asked, untouched = Acting(Face(Random(3))), Acting(Face(Random(3)))
    happy = parse_emotion("happy")
    for acting in (asked, untouched):
        acting.step(0, None, "idle")
    asked.step(1, None, "idle")
    asked.ask(lambda face: face.feel(happy))
    asked.step(2, None, "idle")
    asked.take_back(0)
    untouched.ask(lambda face: face.feel(happy))
    for serial in range(1, 60):
        assert same(asked.step(serial, None, "idle"), untouched.step(serial, None, "idle"))
