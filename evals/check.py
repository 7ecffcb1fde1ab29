"""What came of a turn, and whether it is what was expected."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import RunResult, llm

from .scenario import Expect


@dataclass(frozen=True)
class Outcome:
    """What came of a turn."""

    items: list[llm.ChatItem] = field(default_factory=list)
    """What was said, called and returned in it."""
    told: str = ""
    """What the model was sent."""
    refusal: str | None = None
    """Why a change was not made."""
    run: RunResult[Any] | None = None
    """LiveKit's, where the model was asked."""

    @property
    def said(self) -> str:
        return " ".join(
            item.text_content or ""
            for item in self.items
            if isinstance(item, llm.ChatMessage) and item.role == "assistant"
        )


def check(expect: Expect, outcome: Outcome, *, judged: bool) -> list[str]:
    """What is wrong, a sentence each. ``judged``: what was said is left to a judge."""
    wrong = [] if judged else _lacking(expect.says, outcome.said, "it said")
    wrong += _there(expect.never_says, outcome.said, "it said")
    wrong += _lacking(expect.told, outcome.told, "the model was told")
    wrong += _there(expect.not_told, outcome.told, "the model was told")
    wrong += _check_tools(expect, outcome)
    return wrong


def _check_tools(expect: Expect, outcome: Outcome) -> list[str]:
    wrong: list[str] = []
    calls = [item for item in outcome.items if isinstance(item, llm.FunctionCall)]
    outputs = [item for item in outcome.items if isinstance(item, llm.FunctionCallOutput)]
    names = ", ".join(call.name for call in calls) or "nothing"
    if expect.calls is not None:
        fitting = [call for call in calls if call.name == expect.calls]
        if not fitting:
            wrong.append(f"it should have called {expect.calls}; it called {names}")
        elif not any(_has(call, expect.arguments) for call in fitting):
            given = "; ".join(call.arguments for call in fitting)
            wrong.append(f"{expect.calls} should have got {expect.arguments}; it got {given}")
    returned = "\n".join(output.output for output in outputs)
    wrong += _lacking(expect.returns, returned, "the tool returned")
    refusals = [output.output for output in outputs if output.is_error]
    if outcome.refusal is not None:
        refusals.append(outcome.refusal)
    if expect.refused is not None:
        wrong += _lacking((expect.refused,), "\n".join(refusals), "it was refused with")
    elif refusals:
        wrong.append(f"it was refused: {refusals[0]}")
    return wrong


def _has(call: llm.FunctionCall, wanted: dict[str, Any]) -> bool:
    given = json.loads(call.arguments or "{}")
    return all(given.get(name) == value for name, value in wanted.items())


def _lacking(patterns: tuple[str, ...], text: str, what: str) -> list[str]:
    return [
        f"{what} {_short(text)!r}, without /{pattern}/"
        for pattern in patterns
        if not re.search(pattern, text, re.IGNORECASE)
    ]


def _there(patterns: tuple[str, ...], text: str, what: str) -> list[str]:
    return [
        f"{what} {found[0]!r}, which is /{pattern}/"
        for pattern in patterns
        if (found := re.search(pattern, text, re.IGNORECASE))
    ]


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:200]} … {text[-90:]}"
