"""What a gateway and an agent tell each other arrives whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sessions.door import read_refusal
from gateway.sessions.texts import PIECE_BYTES, split
from visavis.protocol import DOOR_PIECE


@settings(max_examples=20)
@given(st.text(max_size=200), st.integers(1, 60))
def test_pieces_are_the_text_and_fit_in_a_call(text: str, times: int) -> None:
    pieces = list(split(text * times))
    assert "".join(pieces) == text * times
    for piece in pieces:
        assert len(piece) <= DOOR_PIECE
        assert len(json.dumps(piece, ensure_ascii=False).encode()) <= PIECE_BYTES


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ("RpcError 1400: short: short", 1400, "short"),
        ("RpcError 1400: a: b: a: b", 1400, "a: b"),
        ("RpcError 1400: cut…: cut short before", 1400, "cut short before"),
        ("RpcError 1409: nobody is there: yet", 1409, "nobody is there: yet"),
    ],
)
def test_a_refusal_is_not_said_twice_nor_cut(message: str, code: int, text: str) -> None:
    refusal = read_refusal(message)
    assert refusal is not None and (refusal.code, str(refusal)) == (code, text)


def test_another_error_is_not_taken_for_a_refusal() -> None:
    assert read_refusal("requested room does not exist") is None
