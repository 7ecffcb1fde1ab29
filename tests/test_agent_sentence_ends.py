"""Half a sentence is told from a whole one by its words, without a rule for it."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from agent.sentence_ends import BITS, SentenceEnds, features, is_open, load, words


@pytest.mark.parametrize(
    "text",
    [
        "I would like to have some",
        "She wants to know where the",
        "My brother always wanted to.",
        "We are going to the",
    ],
)
def test_half_a_sentence_is_not_taken_for_a_whole_one(text: str) -> None:
    assert is_open(text)


@pytest.mark.parametrize(
    "text",
    ["I would like to have some tea.", "The doctor said it.", "What time does the train leave?"],
)
def test_a_whole_sentence_is_not_taken_for_half_of_one(text: str) -> None:
    assert not is_open(text)


@pytest.mark.parametrize(
    "text", ["", "...", "No.", "I think so.", "The first one.", "No, I have not."]
)
def test_a_short_answer_is_not_kept_waiting(text: str) -> None:
    assert not is_open(text)


def test_punctuation_and_numbers_do_not_change_what_is_said() -> None:
    assert words("It’s 12, or 13?") == ["it's", "#", "or", "#"]


def test_features_stay_within_the_table_and_are_the_same_in_every_process() -> None:
    found = features(["how", "much"])
    assert found[0] == zlib.crc32(b"a much") % (1 << BITS)
    assert all(0 <= place < 1 << BITS for place in found)


def test_words_that_nobody_has_heard_are_not_taken_for_half_a_sentence() -> None:
    assert not is_open("Xylo frobnicates grommet quux.")


def test_no_words_are_not_a_sentence_to_wait_for() -> None:
    assert SentenceEnds(np.zeros(1 << BITS, np.float32), 0.0).chance("...") == 1
    assert load().chance("") == 1
