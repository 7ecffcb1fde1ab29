"""What a realtime model is given to say, and what is said in its place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from livekit.agents import llm

from agent.brains.realtime_care import say

PLAIN, REALTIME = MagicMock(spec=llm.LLM), MagicMock(spec=llm.RealtimeModel)


@pytest.mark.parametrize(
    ("model", "text", "is_english", "said"),
    [
        (REALTIME, "The ferry leaves at nine.", True, "The ferry leaves at nine."),
        (REALTIME, "Die Fähre geht um neun.", False, "asked to say: Die Fähre geht um neun."),
        (REALTIME, "渡船は九時に出ます。", True, "asked to say: 渡船は九時に出ます。"),
        (PLAIN, "Die Fähre geht um neun.", False, "Die Fähre geht um neun."),
    ],
)
def test_a_voice_that_knows_english_alone_is_not_given_another_language(
    model: Any, text: str, is_english: bool, said: str
) -> None:
    heard: list[str] = []
    session: Any = SimpleNamespace(
        llm=model,
        say=heard.append,
        generate_reply=lambda instructions: heard.append(
            f"asked to say: {instructions.rpartition(': ')[2]}"
        ),
    )
    say(session, text, is_english=is_english)
    assert heard == [said]
