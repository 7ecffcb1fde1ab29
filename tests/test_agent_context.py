"""A conversation of hours, as a provider's language model is sent it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import Agent, ModelSettings, llm

from agent.assistant import Assistant, recent
from agent.manner import Manner
from agent.seeing import Sight

MOST = 20


def conversation(turns: int) -> llm.ChatContext:
    context = llm.ChatContext()
    context.add_message(role="system", content="You are Amy.")
    for number in range(turns):
        context.add_message(role="user", content=f"question {number}")
        call = {"call_id": f"c{number}", "name": "look"}
        context.items.append(llm.FunctionCall(**call, arguments="{}"))
        context.items.append(llm.FunctionCallOutput(**call, output="seen", is_error=False))
        context.add_message(role="assistant", content=f"answer {number}")
    return context


async def test_each_answer_is_paid_for_with_the_whole_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[llm.ChatContext] = []

    async def node(_: Agent, context: llm.ChatContext, *__: Any) -> AsyncIterator[str]:
        sent.append(context)
        yield "Fine."

    monkeypatch.setattr(Agent.default, "llm_node", node)
    assistant = Assistant(Manner.of(None, small=False), small=False, context_items=MOST)
    whole = conversation(1000)
    async for _ in assistant.llm_node(whole, [], ModelSettings()):
        pass
    assert len(sent[0].items) <= MOST + 1
    assert len(whole.items) == 4001, "the conversation itself was cut"


async def test_what_was_cut_is_taken_for_an_answer_that_was_thrown_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whose pictures, sent long ago, would then come back as new."""
    wholes: list[llm.ChatContext | None] = []

    class Eyes(Sight):
        async def tell(
            self, chat_ctx: llm.ChatContext, whole: llm.ChatContext | None = None
        ) -> llm.ChatContext:
            wholes.append(whole)
            return chat_ctx

    async def node(*_: Any) -> AsyncIterator[str]:
        yield "Fine."

    monkeypatch.setattr(Agent.default, "llm_node", node)
    assistant = Assistant(
        Manner.of(None, small=False), small=False, context_items=MOST, sight=Eyes(able=True)
    )
    whole = conversation(1000)
    async for _ in assistant.llm_node(whole, [], ModelSettings()):
        pass
    assert wholes == [whole]


def test_a_long_conversation_loses_its_instructions_or_half_of_a_tool_call() -> None:
    for turns in range(1, 100):
        kept = recent(conversation(turns), MOST)
        texts = [item.text_content for item in kept.items if isinstance(item, llm.ChatMessage)]
        assert texts[0] == "You are Amy." and texts[-1] == f"answer {turns - 1}"
        calls = [item.call_id for item in kept.items if item.type == "function_call"]
        assert calls == [item.call_id for item in kept.items if item.type == "function_call_output"]


def test_each_turn_of_a_long_conversation_begins_anew_for_the_providers_cache() -> None:
    begins = [recent(conversation(turns), MOST).items[1] for turns in range(10, 110)]
    texts = [item.text_content for item in begins if isinstance(item, llm.ChatMessage)]
    assert len(set(texts)) <= 1 + 100 * 4 // (MOST // 2)
    assert min(len(recent(conversation(turns), MOST).items) for turns in range(10, 110)) > MOST // 3
