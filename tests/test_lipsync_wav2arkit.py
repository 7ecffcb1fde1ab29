"""Wav2Arkit's stream, over a small model that keeps its contract."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.download import WAV2ARKIT_FILES
from avatar_worker.lipsync import EMBEDDED, LipSync, LipSyncError, frames_in, load_lipsync
from avatar_worker.lipsync.base import Audio, Weights
from avatar_worker.lipsync.embedded import EMBEDDED_MODEL
from avatar_worker.lipsync.turns import InferenceTurns
from avatar_worker.lipsync.wav2arkit import LAYOUT, Wav2Arkit, Wav2ArkitModel
from tests.lips import EvenLips, follow, noise, write_model
from visavis.protocol import ARKIT_NAMES

PUCKER = ARKIT_NAMES.index("mouthPucker")
EVEN = 0.25
"""The understudy's every weight; the model's here are 0.75."""


@pytest.fixture(scope="module")
def voice() -> NDArray[np.float32]:
    return noise(6.2)


@pytest.fixture
def lips(tmp_path: Path) -> LipSync:
    path = write_model(tmp_path / "model.onnx")
    return Wav2ArkitModel(path, timeless(), EvenLips(EVEN)).create()


def timeless() -> InferenceTurns:
    return InferenceTurns(clock=lambda: 0.0)


class Session:
    """An ONNX session whose model is ``answer``: weights of 0.75 by default."""

    def __init__(self, answer: Callable[[Audio], Weights] | None = None) -> None:
        self.runs = 0
        self._answer = answer or (lambda _: np.full((LAYOUT.frames, 52), 0.75, np.float32))

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="audio")]

    def run(self, _outputs: None, inputs: dict[str, Audio]) -> list[Weights]:
        self.runs += 1
        return [self._answer(inputs["audio"][0])[None]]


def stream(session: Session, turns: InferenceTurns | None = None) -> Wav2Arkit:
    return Wav2Arkit(cast(Any, session), turns or timeless(), EvenLips(EVEN))


def failing_at(run: int) -> Session:
    def answer(_: Audio) -> Weights:
        if session.runs == run:
            raise RuntimeError("out of memory\nsecond line")
        return np.full((LAYOUT.frames, 52), 0.75, np.float32)

    session = Session(answer)
    return session


def test_mouth_depends_on_how_the_audio_was_cut(lips: LipSync, voice: NDArray[np.float32]) -> None:
    whole = follow(lips, voice)
    for step in (160, 1_600, 7_777, 40_000):
        pieces = np.split(voice, list(range(step, len(voice), step)))
        np.testing.assert_array_equal(follow(lips, *pieces), whole)


def test_windows_are_laid_out_of_step(lips: LipSync, voice: NDArray[np.float32]) -> None:
    frames = follow(lips, voice)
    at_once = [np.abs(voice[k * 1600 // 3 : (k + 1) * 1600 // 3]).mean() for k in range(186)]
    np.testing.assert_allclose(frames[:186, 0], 0.2 * np.array(at_once), atol=0.004)


@pytest.mark.parametrize("samples", [0, 1, 534, 1600, 4_800, 8_000, 9_601, 16_001, 40_000])
def test_finish_owes_or_invents_a_frame(
    lips: LipSync, voice: NDArray[np.float32], samples: int
) -> None:
    assert follow(lips, voice[:samples]).shape == (frames_in(samples), 52)
    # Forgotten afterwards: a second segment comes out as the first.
    again = follow(lips, voice[:samples])
    np.testing.assert_array_equal(again, follow(lips, voice[:samples]))


def test_frames_wait_longer_than_they_must(lips: LipSync, voice: NDArray[np.float32]) -> None:
    """The first hop and its right context; of its nine frames two wait for those after them."""
    assert len(lips.push(voice[:9_599])) == 0
    assert len(lips.push(voice[9_599:9_600])) == 7
    assert len(lips.push(voice[9_600:17_599])) == 0
    assert len(lips.push(voice[17_599:17_600])) == 15
    assert lips.lead == pytest.approx(0.8 + 2 / 30)


def test_a_minute_without_a_word_does_not_make_the_first_one_stumble() -> None:
    now = 0.0

    def infer() -> None:
        nonlocal now
        now += 0.4

    turns = InferenceTurns(clock=lambda: now)
    turns.run(infer)
    at_once = stream(Session(), turns).lead
    now += 61
    assert stream(Session(), turns).lead == at_once == pytest.approx(LAYOUT.lead + 0.4 + 2 / 30)


def test_silence_opens_the_mouth(lips: LipSync) -> None:
    assert follow(lips, np.zeros(48_000, np.float32)).max() == 0


@pytest.mark.parametrize(
    "level", [np.nan, np.inf, -np.inf, 0.5, 40.0, -1e30], ids=lambda level: f"{level}"
)
def test_broken_sound_breaks_the_mouth(
    lips: LipSync, voice: NDArray[np.float32], level: float
) -> None:
    broken = voice.copy()
    broken[20_000:24_000] = level
    frames = follow(lips, broken)
    assert frames.shape == (frames_in(len(voice)), 52)
    assert frames.min() >= 0 and frames.max() <= 1
    # Nothing of it is left where no window reaches back to it.
    np.testing.assert_array_equal(frames[-60:], follow(lips, voice)[-60:])


def test_model_that_gives_no_numbers_breaks_the_mouth(voice: NDArray[np.float32]) -> None:
    session = Session(lambda _: np.full((LAYOUT.frames, 52), np.nan, np.float32))
    assert follow(stream(session), voice).max() == 0


@pytest.mark.parametrize("run", [1, 2, 5, 12, 13])
@pytest.mark.parametrize("step", [160, 1_600, 100_000])
def test_failed_inference_stalls_the_mouth(
    voice: NDArray[np.float32], caplog: pytest.LogCaptureFixture, run: int, step: int
) -> None:
    lips = stream(failing_at(run))
    pieces = np.split(voice, list(range(step, len(voice), step)))
    with caplog.at_level(logging.WARNING, "visavis"):
        frames = follow(lips, *pieces)[:, PUCKER]
    assert len(frames) == frames_in(len(voice))
    handed_over = 0 if run == 1 else 9 + 15 * (run - 2)
    np.testing.assert_allclose(frames[: max(0, handed_over - 1)], 0.75)
    np.testing.assert_allclose(frames[handed_over + 4 :], EVEN)
    if run > 1:
        # No jump: the understudy is faded in.
        assert np.abs(np.diff(frames)).max() < 0.5 / 3
    assert [record.getMessage() for record in caplog.records] == [
        "Wav2Arkit cannot go on, the embedded lip-sync model speaks the rest of this utterance: "
        "out of memory"
    ]


def test_frames_of_the_understudy_wait_for_a_window() -> None:
    lips = stream(failing_at(1))
    voice = noise(2)
    assert len(lips.push(voice[:9_599])) == 0
    # Two of look-ahead in the understudy, two in the smoothing.
    assert len(lips.push(voice[9_599:9_600])) == 18 - 2 - 2
    assert len(lips.push(voice[9_600:11_200])) == 3


@pytest.mark.parametrize("end", [Wav2Arkit.finish, Wav2Arkit.reset], ids=["finish", "reset"])
def test_failed_inference_spoils_the_next_utterance(
    voice: NDArray[np.float32], end: Callable[[Wav2Arkit], object]
) -> None:
    lips = stream(failing_at(3))
    lips.push(voice)
    end(lips)
    np.testing.assert_allclose(follow(lips, voice), follow(stream(Session()), voice))


class SlowTurns(InferenceTurns):
    """Every inference takes ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._now = 0.0
        super().__init__(clock=self._tick)
        self._seconds = seconds

    def _tick(self) -> float:
        now = self._now
        self._now += self._seconds
        return now


def test_hops_stay_short_where_the_machine_is_behind(voice: NDArray[np.float32]) -> None:
    quick, slow = Session(), Session()
    whole = follow(stream(quick), voice)
    np.testing.assert_allclose(follow(stream(slow, SlowTurns(0.7)), voice), whole)
    assert (quick.runs, slow.runs) == (13, 7)


def test_machine_that_is_too_slow_stalls_the_mouth(
    voice: NDArray[np.float32], caplog: pytest.LogCaptureFixture
) -> None:
    session = Session()
    lips = stream(session, SlowTurns(1.4))
    with caplog.at_level(logging.WARNING, "visavis"):
        frames = follow(lips, voice)
    assert len(frames) == frames_in(len(voice))
    assert session.runs == 1
    np.testing.assert_allclose(frames[20:, PUCKER], EVEN)
    assert "it takes 1.4 s for 1.0 s of audio" in caplog.text
    # The next utterance does not pay for it again.
    follow(lips, voice)
    assert session.runs == 1


def test_stream_that_finds_the_queue_full_raises_in_the_room(
    voice: NDArray[np.float32], caplog: pytest.LogCaptureFixture
) -> None:
    turns = InferenceTurns(most_waiting=0, clock=lambda: 0.0)
    with caplog.at_level(logging.WARNING, "visavis"):
        frames = turns.run(lambda: follow(stream(Session(), turns), voice))
    np.testing.assert_allclose(frames[:, PUCKER], EVEN)
    assert len(caplog.records) == 1


def test_missing_model_is_noticed_only_in_the_first_conversation(tmp_path: Path) -> None:
    with pytest.raises(LipSyncError, match=r"no Wav2Arkit model at .*nowhere\.onnx.*WAV2ARKIT"):
        load_lipsync(tmp_path / "nowhere.onnx")


def test_fetched_model_stands_idle(tmp_path: Path) -> None:
    graph, data = (tmp_path / name for name in WAV2ARKIT_FILES)
    assert load_lipsync(None, tmp_path).name == "visavis-lips"
    graph.touch()
    # Its weights are still on their way.
    assert load_lipsync(None, tmp_path).name == "visavis-lips"
    data.touch()
    assert load_lipsync(None, tmp_path).name == "wav2arkit"
    assert load_lipsync(EMBEDDED, tmp_path).name == "visavis-lips"


def test_damaged_fetched_model_stops_every_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in WAV2ARKIT_FILES:
        (tmp_path / name).write_bytes(b"half of it")
    assert load_lipsync(None, tmp_path).create().name == "visavis-lips"
    assert "The embedded lip-sync model speaks instead" in caplog.text


@pytest.mark.parametrize(
    ("fps", "weights", "complaint"),
    [(25, 52, "30 a second"), (30, 51, r"\(1, 45, 51\)")],
)
def test_model_with_another_contract_is_used(
    tmp_path: Path, fps: float, weights: int, complaint: str
) -> None:
    model = load_lipsync(write_model(tmp_path / "model.onnx", fps=fps, weights=weights))
    with pytest.raises(LipSyncError, match=complaint):
        model.create()


def test_embedded_model_is_taken_for_wav2arkit() -> None:
    with pytest.raises(LipSyncError, match=r"\d+ inputs, not one"):
        load_lipsync(EMBEDDED_MODEL).create()
