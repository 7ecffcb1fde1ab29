"""How far the benchmarks see a mouth open, of a head that turns as it likes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Final, cast

import av
import numpy as np
import pytest
from livekit import rtc
from numpy.typing import NDArray

from avatar_worker.face import Face, HeadPose
from avatar_worker.heads import find_head
from avatar_worker.render import MeshRenderer, load_head
from bench.cutoff import OPEN_SHARE, before_smile, cut_off, mouth_levels, open_times
from bench.mouth import openness
from bench.tally import CALM, JUST_BEFORE, RESTING
from visavis.emotion import parse_emotion
from visavis.protocol import ARKIT_NAMES

SIDE: Final = 512
FPS: Final = 30
REST, CUT, END = 15, 48, 84
"""Pictures until it speaks, until it is interrupted, and in all."""
TURNED: Final = (
    HeadPose(0, 0, 0),
    HeadPose(6, -3, 2),
    HeadPose(12, -8, 5),
    HeadPose(-12, 8, -5),
)
SHUT: Final[list[dict[str, float]]] = [
    {},
    {"jawOpen": 0.15, "mouthClose": 0.15},
    {"mouthSmileLeft": 0.4, "mouthSmileRight": 0.4, "mouthClose": 0.14},
]
OPEN: Final[list[dict[str, float]]] = [
    {"jawOpen": 0.2},
    {"jawOpen": 0.1, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3},
]

Weights = NDArray[np.float32]


def frame(picture: NDArray[np.uint8]) -> rtc.VideoFrame:
    return rtc.VideoFrame(SIDE, SIDE, rtc.VideoBufferType.I420, picture.tobytes())


def drawn(renderer: MeshRenderer, weights: Weights, pose: HeadPose) -> NDArray[np.uint8]:
    picture = np.zeros((SIDE * 3 // 2, SIDE), np.uint8)
    renderer.draw(weights, pose, picture)
    return picture


def weights_of(amounts: dict[str, float]) -> Weights:
    return np.array([amounts.get(name, 0.0) for name in ARKIT_NAMES], np.float32)


@pytest.mark.parametrize("head", ["amy", "maya", "ben"])
def test_a_head_that_turns_does_not_pass_for_a_mouth_that_opens(head: str) -> None:
    renderer = MeshRenderer(load_head(find_head(head)), SIDE, SIDE)

    def seen(mouths: list[dict[str, float]]) -> list[float]:
        pictures = (drawn(renderer, weights_of(m), pose) for m in mouths for pose in TURNED)
        return [cast(float, openness(frame(picture))) for picture in pictures]

    assert max(seen(SHUT)) < OPEN_SHARE * min(seen(OPEN))


def test_a_picture_without_a_face_is_no_shut_mouth() -> None:
    black = np.full((SIDE * 3 // 2, SIDE), 128, np.uint8)
    black[:SIDE] = 16
    assert openness(frame(black)) is None


def received(pictures: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """As somebody gets them: VP8 at 1.5 Mbit/s."""
    sender = av.CodecContext.create("libvpx", "w")
    assert isinstance(sender, av.VideoCodecContext)
    sender.width = sender.height = SIDE
    sender.pix_fmt, sender.bit_rate = "yuv420p", 1_500_000
    sender.framerate, sender.time_base = Fraction(FPS), Fraction(1, FPS)
    sender.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}
    receiver = av.CodecContext.create("vp8", "r")
    assert isinstance(receiver, av.VideoCodecContext)
    for number, picture in enumerate(pictures):
        sent = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        sent.pts, sent.time_base = number, Fraction(1, FPS)
        for packet in sender.encode(sent):
            for got in receiver.decode(packet):
                yield np.asarray(got.to_ndarray(), np.uint8)


def talk(face: Face, *, smiles: bool) -> Iterator[tuple[Weights, HeadPose]]:
    """Rest, speech, an interrupt, and a head that shakes."""
    for _ in range(REST):
        yield face.step(None, "listening")
    if smiles:
        face.feel(parse_emotion("happy"))
    for at in range(CUT - REST):
        jaw = 0.3 * math.sin(math.pi * (at + 1) / 6) ** 2
        yield face.step(weights_of({"jawOpen": jaw, "mouthFunnel": jaw / 2}), "speaking")
    face.look_back()
    face.gesture("shake")
    for _ in range(END - CUT):
        yield face.step(None, "listening")


@pytest.mark.parametrize("smiles", [False, True], ids=["plain", "smiling"])
def test_a_mouth_is_not_seen_to_shut_long_after_it_did(smiles: bool) -> None:
    renderer = MeshRenderer(load_head(find_head("amy")), SIDE, SIDE)
    acted = list(talk(Face(Random(5)), smiles=smiles))
    pictures = [frame(p) for p in received(drawn(renderer, *shown) for shown in acted)]
    jaws = [float(weights[ARKIT_NAMES.index("jawOpen")]) for weights, _ in acted]
    known = time_to_shut(np.array(jaws))
    seen = time_to_shut(np.array([openness(picture) for picture in pictures], np.float64))
    assert known < 5 / FPS
    assert seen == pytest.approx(known, abs=2.1 / FPS)


def time_to_shut(opened: NDArray[np.float64]) -> float:
    """As ``bench bargein`` judges it, in seconds after the interrupt of :func:`talk`."""
    mouth = np.column_stack([np.arange(len(opened)) / FPS, opened])
    decision = (CUT - 0.5) / FPS
    levels = mouth_levels(mouth[:REST], mouth[REST:CUT])
    begin, end = (decision + after for after in RESTING)
    resting = mouth[(mouth[:, 0] > begin) & (mouth[:, 0] < end)]
    lasting = before_smile(mouth, levels, decision, end)
    found = cut_off(
        open_times(lasting, levels.with_expression(resting)),
        decision,
        calm=CALM,
        before=JUST_BEFORE,
    )
    assert found is not None
    return found
