"""The model of the vectors: its graph, its tokens, its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from agent.knowledge.minilm import GRAPH, MOST_TOKENS, WEIGHTS, MiniLM, weights_folder
from agent.knowledge.minilm_graph import build
from agent.knowledge.wordpiece import WordPiece

FOLDER = weights_folder()
assert FOLDER is not None


@pytest.fixture(scope="module")
def model() -> MiniLM:
    assert FOLDER is not None
    return MiniLM(FOLDER)


@pytest.fixture(scope="module")
def pieces() -> WordPiece:
    assert FOLDER is not None
    return WordPiece(FOLDER / "vocab.txt", MOST_TOKENS)


def test_the_graph_is_not_another_than_what_its_source_writes() -> None:
    assert FOLDER is not None
    assert GRAPH.read_bytes() == build(FOLDER / WEIGHTS)


def test_similarities_do_not_differ_from_the_published_ones(model: MiniLM) -> None:
    """The example of sentence-transformers/all-MiniLM-L6-v2."""
    happy, *others = model(
        [
            "That is a happy person",
            "That is a happy dog",
            "That is a very happy person",
            "Today is a sunny day",
        ]
    )
    assert [float(happy @ other) for other in others] == pytest.approx(
        [0.695, 0.943, 0.257], abs=0.001
    )


def test_a_text_does_not_depend_on_its_company(model: MiniLM) -> None:
    texts = ["short", "A rather longer sentence about ferries and harbours.", "word " * 400, ""]
    together = model(texts)
    alone = np.concatenate([model([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-4)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-4)


def test_tokens_are_not_other_than_berts(pieces: WordPiece) -> None:
    assert pieces("Hello, World!") == [101, 7592, 1010, 2088, 999, 102]
    assert pieces("HÉLLO\u200b  wörld") == pieces("hello world")
    assert pieces("unaffable") == [101, 14477, 20961, 3468, 102]  # una ##ffa ##ble
    assert len(pieces("日本")) == 4
    assert pieces("x" * 101) == [101, 100, 102]
    assert len(pieces("many words " * 500)) == MOST_TOKENS
