"""Scores of a mouth on phones that are known."""

from __future__ import annotations

from dataclasses import asdict, fields

import numpy as np
import pytest
from lips.arkit import ARKIT_NAMES as TRAINED_NAMES
from lips.mouth import CONTROLS, Curves, make_targets
from lips.phones import Phone
from numpy.typing import NDArray

from bench.lip_mouth import Mouth, read_mouth
from bench.lip_scores import Scores, Sentence, Sound, bootstrap, score
from bench.lips_chart import draw_chart
from visavis.protocol import ARKIT_NAMES

WORDS = (
    "sil B:PP AA DD B:PP AH M:PP P:PP ER M:PP AE P:PP M:PP UW V:FF DD F:FF AY:AA V:FF F:FF AE TH "
    "AX M:PP Z:SS sil KK OW DD IY N:DD T:DD AE K:KK sil"
)


def sounds(seed: int) -> tuple[Sound, ...]:
    """Sounds in turn, each as long as one is, pauses half a second."""
    random, at, made = np.random.default_rng(seed), 0.0, []
    for word in WORDS.split():
        name = word.rpartition(":")[2]
        length = 0.5 if name == "sil" else float(random.uniform(0.07, 0.16))
        made.append(Sound(at, at + length, name))
        at += length
    return tuple(made)


def weights_of(phones: tuple[Sound, ...]) -> NDArray[np.float32]:
    """(t, 52) at 30 fps: what the rules ask for."""
    count = int(phones[-1].end * 30)
    silence = np.zeros(int(phones[-1].end * 16_000), np.int16)
    curves: Curves = make_targets([Phone(s.start, s.end, s.name) for s in phones], silence).controls
    at = (np.arange(count) + 0.5) / 30 * 50 - 0.5
    weights = np.zeros((count, 52), np.float32)
    for column, name in zip(curves.T, CONTROLS, strict=True):
        for side in ("", "Left", "Right"):
            if name + side in ARKIT_NAMES:
                weights[:, ARKIT_NAMES.index(name + side)] = np.interp(
                    at, np.arange(len(column)), column
                )
    return weights


def sentence(seed: int, change: float = 0.0, late: int = 0) -> Sentence:
    """A mouth that does what is asked, ``late`` frames late, with noise of ``change``."""
    phones = sounds(seed)
    asked = weights_of(phones)
    noise = np.random.default_rng(seed + 1).standard_normal(asked.shape) * change
    shown = np.clip(np.roll(asked, late, axis=0) + noise, 0, 1).astype(np.float32)
    jaw = asked[:, ARKIT_NAMES.index("jawOpen")].astype(np.float64)
    return Sentence(read_mouth(shown, ARKIT_NAMES), jaw, phones)


def test_training_and_product_name_other_blendshapes() -> None:
    assert TRAINED_NAMES == ARKIT_NAMES


def test_perfect_mouth_is_found_wanting() -> None:
    scores = score([sentence(seed) for seed in range(4)])
    assert scores.jaw_r > 0.99
    assert scores.lag_ms == 0
    assert min(scores.pmb_recall, scores.pmb_auc, scores.fv_auc) > 0.95
    assert scores.open_auc > 0.9
    assert scores.silence < 0.03


def test_mouth_of_noise_is_praised() -> None:
    random = np.random.default_rng(0)
    sentences = []
    for seed in range(20):
        phones, jaw = sounds(seed), sentence(seed).target_jaw
        noise = random.uniform(0, 1, (len(jaw), 52)).astype(np.float32)
        sentences.append(Sentence(read_mouth(noise, ARKIT_NAMES), jaw, phones))
    scores = score(sentences, lag_ms=0)
    assert 0.35 < scores.pmb_auc < 0.65
    assert abs(scores.jaw_r) < 0.2


def test_lateness_goes_unnoticed() -> None:
    assert score([sentence(seed, late=3) for seed in range(3)]).lag_ms == pytest.approx(100, abs=9)


def test_interval_leaves_out_the_score() -> None:
    sentences = [sentence(seed, change=0.3) for seed in range(6)]
    whole = asdict(score(sentences))
    ranges = bootstrap(sentences, np.random.default_rng(0), rounds=100)
    assert set(ranges) == {field.name for field in fields(Scores)}
    for name in ("pmb_auc", "jaw_r", "jitter"):
        low, high = ranges[name]
        assert low <= whole[name] + 0.02 and high >= whole[name] - 0.02 and low < high


@pytest.mark.parametrize("bad", [np.zeros((5, 51)), np.full((5, 52), np.nan), np.zeros(52)])
def test_unfit_weights_are_scored(bad: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="finite"):
        read_mouth(bad, ARKIT_NAMES)


def test_chart_breaks_at_a_score_that_is_missing() -> None:
    still = Mouth(*(np.zeros(30) for _ in range(4)))
    nothing = score([Sentence(still, np.zeros(30), (Sound(0, 1, "sil"),))])
    chart = draw_chart({"a<b": nothing})
    assert "a&lt;b" in chart and "nan" not in chart
