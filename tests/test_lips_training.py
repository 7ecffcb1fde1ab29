"""What the lip-sync network is trained on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from lips.corpus import Utterance, read_shard, to_pcm, write_shard
from lips.mouth import CONTROLS, make_targets
from lips.phones import CLASSES, Phone, Span, from_arpabet, from_ipa, from_tokens, to_phones
from lips.quiet import silence_where_quiet

from avatar_worker.lipsync.embedded import EMBEDDED_MODEL

REPORT = Path(__file__).parents[1] / "training" / "lipsync" / "report.json"
JAW, PRESS = CONTROLS.index("jawOpen"), CONTROLS.index("mouthPress")


def voice(seconds: float) -> np.ndarray:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, int(seconds * 16_000))
    return to_pcm(noise.astype(np.float32), 16_000)


def test_shipped_model_is_another_than_the_reported_one() -> None:
    said = json.loads(REPORT.read_text())["sha256"]
    assert hashlib.sha256(EMBEDDED_MODEL.read_bytes()).hexdigest() == said


@pytest.mark.parametrize(
    ("text", "misaki", "names"),
    [
        ("tʃ", False, ("CH",)),
        ("ˈaː", False, ("AA",)),
        ("bɒb", False, ("PP", "AO", "PP")),
        ("A", True, ("EH", "IH")),
        ("", False, ()),
    ],
)
def test_phone_is_read_as_another(text: str, misaki: bool, names: tuple[str, ...]) -> None:
    assert from_ipa(text, misaki=misaki) == names


def test_arpabet_diphthong_loses_its_end() -> None:
    assert from_arpabet("ay") == ("AA", "IH")
    assert from_arpabet("??") == ("AX",)


def test_stress_mark_takes_the_time_of_its_vowel() -> None:
    spans = from_tokens(["ˈ", "ɑ", "ː", "b"], [0.0, 0.1, 0.2, 0.3, 0.4])
    assert spans == [Span(0.0, 0.3, ("AA",)), Span(0.3, 0.4, ("PP",))]


def test_word_border_shuts_the_mouth() -> None:
    spans = [Span(0, 0.1, ("AA",)), Span(0.1, 0.15, ()), Span(0.15, 0.3, ("IY",))]
    assert [p.name for p in to_phones(spans)] == ["AA", "IY"]
    longer = [Span(0, 0.1, ("AA",)), Span(0.1, 0.3, ()), Span(0.3, 0.4, ("IY",))]
    assert [p.name for p in to_phones(longer)] == ["AA", "sil", "IY"]


@pytest.mark.parametrize("length", [0.02, 0.08, 0.15])
def test_short_bilabial_leaves_the_lips_apart(length: float) -> None:
    phones = [
        Phone(0.2, 0.5, "AA"),
        Phone(0.5, 0.5 + length, "PP"),
        Phone(0.5 + length, 0.9, "AA"),
    ]
    targets = make_targets(phones, voice(1.2))
    middle = round((0.5 + length / 2 - 0.01) * 50)
    assert targets.closed[middle] > 0.9
    assert targets.controls[middle, JAW] < 0.1 < 0.4 < targets.controls[:, JAW].max()
    assert targets.controls[middle, PRESS] > 0.4


def test_mouth_stays_open_before_and_after_speech() -> None:
    targets = make_targets([Phone(0.5, 0.8, "AA")], voice(2.0))
    assert targets.controls[0, JAW] < 0.05 and targets.controls[-1, JAW] < 0.05
    assert CLASSES[targets.classes[0]] == CLASSES[targets.classes[-1]] == "sil"


def test_last_sound_before_a_pause_is_stretched_over_it() -> None:
    audio = np.concatenate([voice(0.5), np.zeros(8_000, np.int16), voice(0.5)])
    phones = silence_where_quiet([Phone(0, 0.9, "IY"), Phone(0.9, 1.5, "PP")], audio)
    assert [p.name for p in phones] == ["IY", "sil", "PP"]
    assert phones[0].end == pytest.approx(0.52)
    assert phones[2].start == pytest.approx(0.94)


def test_closure_of_a_stop_is_taken_for_a_pause() -> None:
    audio = np.concatenate([voice(0.5), np.zeros(1_600, np.int16), voice(0.5)])
    phones = (Phone(0, 0.5, "AA"), Phone(0.5, 0.6, "PP"), Phone(0.6, 1.1, "AA"))
    assert silence_where_quiet(phones, audio) == phones


def test_shard_forgets_a_phone(tmp_path: Path) -> None:
    made = [
        Utterance("kokoro", f"v{n}", "en", "Hi — “you”", voice(0.5 + n), (Phone(0, 0.5, "PP"),) * n)
        for n in range(1, 4)
    ]
    write_shard(tmp_path / "a.npz", made)
    for one, other in zip(made, read_shard(tmp_path / "a.npz"), strict=True):
        np.testing.assert_array_equal(one.audio, other.audio)
        assert (one.voice, one.text, one.phones) == (other.voice, other.text, other.phones)
