"""Half a sentence is told from a whole one by its words, without a rule for it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.sentence_ends import End, SentenceEnds, Table, load, look, places, read, spelled, words


@pytest.mark.parametrize(
    "text",
    [
        "I would like to have some",
        "She wants to know where the",
        "My brother always wanted to.",
        "We are going to the",
        "Could you",
        "What is the",
    ],
)
def test_half_a_sentence_is_not_taken_for_a_whole_one(text: str) -> None:
    assert look(text) is End.OPEN


@pytest.mark.parametrize(
    "text",
    [
        "I would like to have some tea.",
        "The doctor will see you now.",
        "What time does the train leave?",
        "My name is Anna.",
        "I have a question. Where are you from?",
    ],
)
def test_a_whole_sentence_is_not_taken_for_half_of_one(text: str) -> None:
    assert look(text) is End.LIKELY


@pytest.mark.parametrize(
    "text", ["", "...", "No.", "I think so.", "The first one.", "No, I have not.", "Yes, please."]
)
def test_a_short_answer_is_not_taken_for_half_a_sentence(text: str) -> None:
    assert look(text) is not End.OPEN


def test_punctuation_numbers_and_names_do_not_change_what_is_said() -> None:
    assert words("It’s 12, or 13?") == ["it's", "#", "or", "#"]
    assert words("My name is Anna. I'm from Perth.") == [
        *("my", "name", "is", "@"),
        *("i'm", "from", "@"),
    ]


def test_a_recogniser_that_shouts_does_not_make_every_word_a_name() -> None:
    assert spelled("WHAT TIME IS IT") == ["what", "time", "is", "it"]


@pytest.mark.parametrize("name", ["Anna", "Xiomara", "Krzysztof", "Oyelaran"])
def test_a_name_that_nobody_has_heard_does_not_keep_waiting(name: str) -> None:
    assert load().chance(f"My name is {name}.") == load().chance("My name is John.") > 0.1


def test_words_are_in_the_same_place_in_every_process() -> None:
    word, ending = places("much", 1 << 14, 1 << 11)
    assert (word, ending) == (zlib.crc32(b"much") % (1 << 14), zlib.crc32(b"s uch") % (1 << 11))


def test_words_that_nobody_has_heard_are_not_taken_for_half_a_sentence() -> None:
    assert look("Xylo frobnicates grommet quux.") is not End.OPEN


def test_no_words_are_not_a_sentence_to_wait_for() -> None:
    assert load().chance("") == load().chance("...") == 1


def test_weights_that_were_made_small_are_read_as_they_were(tmp_path: Path) -> None:
    stored: dict[str, NDArray[Any]] = {
        name: np.zeros(shape, np.float32) for name, shape in _SHAPES.items()
    }
    for name in ("table", "endings", "from_word", "from_state"):
        stored[name] = np.full(_SHAPES[name], 127, np.int8)
        stored[f"{name}_scale"] = np.full((len(stored[name]), 1), 0.5 / 127, np.float32)
    stored["bias"] = np.array(2.0, np.float32)
    np.savez(tmp_path / "weights.npz", allow_pickle=False, **stored)
    found = read(tmp_path / "weights.npz")
    np.testing.assert_allclose(found.table[1], [0.5, 0.5])
    np.testing.assert_allclose(found.from_state, 0.5)
    assert found.chance("hello") == pytest.approx(1 / (1 + np.exp(-2)))


def test_what_was_read_counts_only_by_the_words_in_reach() -> None:
    filler = "word " * 40
    assert load().chance(f"nothing here matters {filler}") == load().chance(filler)


def test_the_network_is_pytorchs() -> None:
    """One step by hand: r, z, n of torch.nn.GRU's documentation."""
    chance = np.random.default_rng(0)
    made = {name: chance.normal(size=shape).astype(np.float32) for name, shape in _SHAPES.items()}
    table, endings = (
        Table(chance.integers(-127, 127, _SHAPES[name], np.int8), np.full((5, 1), 0.01, "f4"))
        for name in ("table", "endings")
    )
    rest = {name: each for name, each in made.items() if name not in ("table", "endings")}
    model = SentenceEnds(table, endings, bias=0.1, **rest)
    word, ending = places("hi", len(table), len(endings))
    meaning = table[word] + endings[ending]
    come = made["from_word"] @ meaning + made["word_bias"]
    kept = made["state_bias"]
    reset, update = (1 / (1 + np.exp(-(come + kept)[:6]))).reshape(2, 3)
    state = (1 - update) * np.tanh(come[6:] + reset * kept[6:])
    expected = 1 / (1 + np.exp(-(made["judge"] @ state + 0.1)))
    assert model.chance("hi") == pytest.approx(expected, rel=1e-5)


_SHAPES = {
    "table": (4, 2),
    "endings": (3, 2),
    "name": (2,),
    "from_word": (9, 2),
    "from_state": (9, 3),
    "word_bias": (9,),
    "state_bias": (9,),
    "judge": (3,),
}
