"""The face above the mouth, over minutes of frames."""

from __future__ import annotations

import wave
from importlib.util import find_spec
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.face import Face, HeadPose, Mood
from avatar_worker.face.face import POSE_STEP, WEIGHT_STEP
from avatar_worker.lipsync.embedded import EmbeddedModel
from visavis.protocol import ARKIT_NAMES

Track = tuple[NDArray[np.float32], NDArray[np.float64]]
ROUNDED = 0.51 * WEIGHT_STEP
"""What a weight may differ by for being rounded."""
AT = {name: index for index, name in enumerate(ARKIT_NAMES)}
OPENING = [AT[name] for name in ("jawOpen", "mouthLowerDownLeft", "mouthUpperUpLeft")]


def live(face: Face, frames: int, mood: Mood = "idle") -> Track:
    steps = [face.step(None, mood) for _ in range(frames)]
    return np.array([w for w, _ in steps]), np.array([turn(p) for _, p in steps])


def turn(pose: HeadPose) -> tuple[float, float, float]:
    return pose.yaw, pose.pitch, pose.roll


def weights(**values: float) -> NDArray[np.float32]:
    out = np.zeros(52, np.float32)
    for name, value in values.items():
        out[AT[name]] = value
    return out


VOWEL = weights(jawOpen=0.6, mouthLowerDownLeft=0.3, mouthLowerDownRight=0.3, mouthUpperUpLeft=0.2)


@pytest.fixture(scope="module")
def spoken() -> NDArray[np.float32]:
    """Weights of ten seconds of real speech."""
    spec = find_spec("moonshine_voice")
    assert spec is not None and spec.origin is not None
    with wave.open(str(Path(spec.origin).parent / "assets" / "beckett.wav")) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    lips = EmbeddedModel().create()
    return np.concatenate([lips.push(pcm.astype(np.float32) / np.float32(32_768)), lips.finish()])


@pytest.mark.parametrize("mood", ["idle", "listening", "thinking", "speaking"])
def test_face_freezes_without_speech(mood: Mood) -> None:
    shown, poses = live(Face(Random(1)), 3_600, mood)
    eyes = shown[:, AT["eyeLookOutLeft"]] - shown[:, AT["eyeLookInLeft"]]
    for start in range(0, 3_600 - 75, 15):
        # Breath goes on, whatever else rests.
        assert np.ptp(poses[start : start + 75], axis=0).max() >= POSE_STEP
        assert np.ptp(eyes[start : start + 75]) > 0
    for ten in range(0, 3_600, 300):
        assert np.ptp(eyes[ten : ten + 300]) > 0.03
    for twenty in range(0, 3_600, 600):
        assert shown[twenty : twenty + 600, AT["eyeBlinkLeft"]].max() == 1


def test_a_face_at_rest_is_drawn_anew_all_the_time() -> None:
    shown, poses = live(Face(Random(1)), 9_000)
    moved = (np.diff(poses, axis=0) != 0).any(axis=1)
    others = [i for i, name in enumerate(ARKIT_NAMES) if not name.startswith("eye")]
    changed = moved | (np.diff(shown[:, others], axis=0) != 0).any(axis=1)
    assert changed.mean() < 0.35
    np.testing.assert_allclose(poses / POSE_STEP, np.round(poses / POSE_STEP), atol=1e-6)
    np.testing.assert_array_equal(shown / WEIGHT_STEP, np.round(shown / WEIGHT_STEP))


@pytest.mark.parametrize("mood", ["idle", "listening", "thinking", "speaking"])
def test_a_weight_or_the_head_leaves_its_range(mood: Mood) -> None:
    shown, poses = live(Face(Random(2)), 9_000, mood)
    assert shown.dtype == np.float32 and shown.shape[1] == 52
    assert shown.min() >= 0 and shown.max() <= 1
    assert np.abs(poses).max() < 12


def test_loud_speech_leaves_the_range() -> None:
    face = Face(Random(3))
    for value in (np.ones(52, np.float32), np.full(52, 3, np.float32)):
        shown, _ = face.step(value)
        assert shown.min() >= 0 and shown.max() <= 1


def test_head_or_brows_jerk(spoken: NDArray[np.float32]) -> None:
    face = Face(Random(4))
    steps = [face.step(frame) for frame in spoken] + [face.step(None, "idle") for _ in range(60)]
    steps += [face.step(None, mood) for mood in ("thinking", "listening", "idle") * 60]
    poses = np.array([turn(pose) for _, pose in steps])
    assert np.abs(np.diff(poses, axis=0)).max() < 1
    assert np.abs(np.diff(poses, 2, axis=0)).max() < 0.4
    brows = np.array([w[AT["browInnerUp"]] for w, _ in steps])
    assert np.abs(np.diff(brows)).max() < 0.12


def test_blink_pops() -> None:
    lids = live(Face(Random(5)), 18_000)[0][:, AT["eyeBlinkLeft"]]
    assert np.abs(np.diff(lids)).max() < 0.6


def test_eyes_miss_the_person() -> None:
    shown, poses = live(Face(Random(7)), 9_000)
    at = {way: shown[:, AT[f"eyeLook{way}Left"]] for way in ("Out", "In")}
    aside = 32 * (at["Out"] - at["In"]) + poses[:, 0]
    assert np.mean(np.abs(aside) < 3) > 0.7
    assert np.abs(aside).max() > 4
    # They stay on the person while the head moves.
    at_person = np.abs(aside) < 3
    head, eyes = poses[at_person, 0], (32 * (at["Out"] - at["In"]))[at_person]
    assert np.corrcoef(head, eyes)[0, 1] < -0.6
    # Both eyes look the same way.
    np.testing.assert_allclose(at["Out"], shown[:, AT["eyeLookInRight"]], atol=1e-6)


def test_thinking_looks_like_listening() -> None:
    gaze, brow, tilt = {}, {}, {}
    moods: tuple[Mood, ...] = ("listening", "thinking")
    for mood in moods:
        shown, poses = live(Face(Random(8)), 3_600, mood)
        up = 24 * shown[:, AT["eyeLookUpLeft"]] - 26 * shown[:, AT["eyeLookDownLeft"]]
        gaze[mood] = float(np.mean(up + poses[:, 1]))
        brow[mood] = float(shown[90:, AT["browDownLeft"]].mean())
        tilt[mood] = float(poses[90:, 2].mean())
    assert gaze["thinking"] > gaze["listening"] + 2
    assert brow["thinking"] > brow["listening"] + 0.1
    assert tilt["listening"] > tilt["thinking"] + 2


def test_speaker_keeps_a_stiff_head(spoken: NDArray[np.float32]) -> None:
    still = live(Face(Random(9)), 600)[1]
    face = Face(Random(9))
    lively = np.array([turn(face.step(frame)[1]) for frame in np.tile(spoken, (2, 1))[:600]])
    speed = [float(np.abs(np.diff(poses, axis=0)).mean()) for poses in (still, lively)]
    assert speed[1] > 1.5 * speed[0]


def test_mouth_lags_or_loses_the_speech(spoken: NDArray[np.float32]) -> None:
    face = Face(Random(10))
    shown = np.array([face.step(frame)[0] for frame in spoken])
    np.testing.assert_allclose(shown[3:, OPENING], spoken[3:, OPENING], atol=ROUNDED)


def test_mouth_snaps_shut_when_speech_is_cut() -> None:
    face = Face(Random(11))
    for _ in range(30):
        face.step(VOWEL)
    jaw = [float(face.step(None)[0][AT["jawOpen"]]) for _ in range(6)]
    assert np.abs(np.diff([0.6, *jaw])).max() < 0.3
    assert jaw[2] < 0.6 * 0.5
    assert jaw[4:] == [0, 0]


def test_speech_that_goes_on_in_a_half_shut_mouth_jumps() -> None:
    face = Face(Random(12))
    face.step(VOWEL)
    for _ in range(30):
        face.step(VOWEL)
    face.step(None)
    before = face.step(None)[0][AT["jawOpen"]]
    jaw = [float(face.step(weights(jawOpen=0.05))[0][AT["jawOpen"]]) for _ in range(3)]
    assert before > 0.2
    assert np.abs(np.diff([before, *jaw])).max() < 0.25
    assert jaw[-1] == pytest.approx(0.05, abs=ROUNDED)


def test_face_at_rest_is_a_mask_or_a_grin() -> None:
    shown, _ = live(Face(Random(14)), 300)
    assert 0.05 < shown[:, AT["mouthSmileLeft"]].mean() < 0.2
    assert shown[:, OPENING].max() == 0


def test_same_seed_gives_another_face(spoken: NDArray[np.float32]) -> None:
    one, two, other = Face(Random(15)), Face(Random(15)), Face(Random(16))
    frames = [*spoken[:100], *[None] * 200]
    for frame in frames:
        (a, pose), (b, same), _ = one.step(frame), two.step(frame), other.step(frame)
        np.testing.assert_array_equal(a, b)
        assert pose == same
    assert one.step(None)[1] != other.step(None)[1]


def test_weights_of_a_frame_change_afterwards() -> None:
    face = Face(Random(17))
    given = VOWEL.copy()
    first, _ = face.step(given)
    kept = first.copy()
    face.step(None)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(given, VOWEL)
