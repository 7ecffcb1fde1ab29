"""OpenAI's chat completions over SSE, and every server that speaks them."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from livekit.agents import llm

from agent.brains.choose import choose_llm
from agent.brains.patience import Patience
from agent.brains.steady_llm import SteadyLLM
from tests.providers.server import SECRET, SLOW, Fake, Fault, configure, cut, real_key, serve

IMPATIENT = Patience(slow=SLOW / 2, first=3.0, next=2.0)
TROUBLE, APOLOGY = "I cannot think.", "I lost my thread."


class Chat(Fake):
    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        assert request.headers["Authorization"] == "Bearer sk-test"
        assert body["stream"] is True
        fault = self.next_fault()
        if refusal := self.refuse(fault):
            return refusal
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await self.wait(fault)
        if fault == "malformed":
            await response.write(b"data: {not json\n\n")
        for word in () if fault == "empty" else ("Bon", "jour", " Zoe."):
            delta = {"index": 0, "delta": {"role": "assistant", "content": word}}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
            line = json.dumps(chunk | {"choices": [delta]})
            await response.write(f"data: {line}\n\n".encode())
            if fault == "cut" and word == "jour":
                cut(request)
                return response
        await response.write(b"data: [DONE]\n\n")
        return response


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    fake = Chat()
    async with serve({"/v1/chat/completions": fake.answer}) as url:
        fake.url = f"{url}/v1"
        yield fake


def mind_at(url: str, **given: Any) -> SteadyLLM:
    settings = configure(
        openai_api_key="sk-test",
        openai_base_url=url,
        agent_trouble=TROUBLE,
        agent_apology=APOLOGY,
        **given,
    )
    mind, _ = choose_llm(settings, None)
    assert isinstance(mind, SteadyLLM)
    mind.patience, mind.retry_interval = IMPATIENT, 0.05
    return mind


async def ask(mind: llm.LLM[Any], *done: llm.ChatItem) -> str:
    """``done``: what became of it already."""
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="user", content=f"Tell me of {SECRET}.")
    chat_ctx.items += done
    async with mind.chat(chat_ctx=chat_ctx) as answer:
        said = [chunk.delta.content async for chunk in answer if chunk.delta]
    return "".join(filter(None, said))


async def test_an_answer_does_not_come_through(chat: Chat) -> None:
    async with mind_at(chat.url) as mind:
        assert await ask(mind) == "Bonjour Zoe."
    assert chat.asked[0]["model"] == "gpt-4.1-mini"
    assert chat.asked[0]["messages"][-1]["content"] == f"Tell me of {SECRET}."


@pytest.mark.parametrize(
    ("faults", "said", "requests"),
    [
        (["500"], "Bonjour Zoe.", 2),
        (["429", "429"], "Bonjour Zoe.", 3),
        (["500"] * 3, TROUBLE, 3),
        (["401"], TROUBLE, 1),
        (["hang"] * 3, TROUBLE, 1),
        (["malformed"] * 3, TROUBLE, 3),
        (["cut"], f"Bonjour {APOLOGY}", 1),
        (["slow"], "Bonjour Zoe.", 1),
        (["empty"], "Bonjour Zoe.", 2),
        (["empty"] * 3, TROUBLE, 3),
    ],
)
async def test_a_failing_model_leaves_the_person_without_an_answer(
    chat: Chat, faults: list[Fault], said: str, requests: int, caplog: pytest.LogCaptureFixture
) -> None:
    chat.faults = list(faults)
    with caplog.at_level(logging.DEBUG):
        async with mind_at(chat.url) as mind:
            begun = time.monotonic()
            assert await ask(mind) == said
            assert time.monotonic() - begun < 20
            assert len(chat.asked) == requests
    assert_silent(caplog)
    if faults == ["slow"]:
        assert "gpt-4.1-mini" in caplog.text
        assert "is slow" in caplog.text
    if faults == ["401"]:
        assert "check its key" in caplog.text


async def test_a_model_that_has_nothing_to_add_to_what_a_tool_did_is_taken_for_down(
    chat: Chat,
) -> None:
    chat.faults = ["empty"]
    call = llm.FunctionCall(call_id="1", name="wave", arguments="{}")
    done = llm.FunctionCallOutput(call_id="1", name="wave", output="done", is_error=False)
    async with mind_at(chat.url) as mind:
        assert await ask(mind, call, done) == ""
    assert len(chat.asked) == 1


async def test_a_model_that_stays_down_is_tried_again_and_again(chat: Chat) -> None:
    chat.faults = ["500"] * 4
    async with mind_at(chat.url) as mind:
        assert await ask(mind) == TROUBLE
        assert await ask(mind) == TROUBLE
        assert len(chat.asked) == 4, "one try while it is down"
        assert await ask(mind) == "Bonjour Zoe."


async def test_nobody_listens_at_the_address() -> None:
    async with mind_at("http://127.0.0.1:1/v1") as mind:
        assert await ask(mind) == TROUBLE


async def test_the_next_model_is_not_asked(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    chat.faults = ["500"]
    with caplog.at_level(logging.DEBUG):
        async with mind_at(chat.url, openai_llm_fallbacks="other,third") as mind:
            assert await ask(mind) == "Bonjour Zoe."
    assert [body["model"] for body in chat.asked[:2]] == ["gpt-4.1-mini", "other"]
    assert_silent(caplog)


def assert_silent(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that was said is in the log, nor in what a log formatter may add to it.

    LiveKit's ``lk.pii`` fields are the exception, which our workers take off (``worker_cli``).
    """
    for record in caplog.records:
        if record.name.startswith(("asyncio", "openai", "httpx", "httpcore", "aiohttp")):
            continue  # libraries that are at WARNING
        kept = {k: v for k, v in vars(record).items() if not k.startswith("lk.pii")}
        for word in (SECRET, "Bonjour"):
            assert word not in str(kept), record.getMessage()


async def test_real_openai_answers() -> None:
    settings = configure(openai_api_key=real_key("OPENAI_API_KEY"))
    mind, _ = choose_llm(settings, None)
    async with mind:
        assert (answer := await ask(mind))
    assert answer not in (settings.agent_trouble, settings.agent_apology)
