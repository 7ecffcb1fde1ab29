"""A brain of one's own, in Python, found as a package offers it."""

from __future__ import annotations

import asyncio
import logging
import tomllib
from collections.abc import AsyncIterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

import pytest
from livekit.agents import llm
from livekit.plugins import silero

from agent.brains.choose import choose_llm, prepare
from agent.brains.errors import BrainError
from agent.brains.own_llm import own_llm
from agent.brains.providers import check_brain, choose_providers
from agent.brains.speech import Models
from tests.providers.server import SECRET, configure

EXAMPLE = Path(__file__).parent.parent / "examples/parrot"


def install(folder: Path, name: str, points: dict[str, str]) -> None:
    """What an installer leaves of a package's entry points."""
    info = folder / f"{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = "".join(f"{key} = {value}\n" for key, value in points.items())
    (info / "entry_points.txt").write_text(f"[visavis.brains]\n{lines}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def parrot(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    install(site, "visavis_parrot", project["entry-points"]["visavis.brains"])
    monkeypatch.syspath_prepend(EXAMPLE)


async def ask(mind: llm.LLM[Any], *said: str) -> str:
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content="Be kind.")
    for number, text in enumerate(said):
        chat_ctx.add_message(role="assistant" if number % 2 else "user", content=text)
    async with mind.chat(chat_ctx=chat_ctx) as answer:
        pieces = [chunk.delta.content async for chunk in answer if chunk.delta]
    return "".join(filter(None, pieces))


async def test_the_example_is_not_found_or_does_not_answer(parrot: None) -> None:
    assert "parrot" in entry_points(group="visavis.brains").names
    settings = configure(brain="parrot")
    check_brain(settings)
    assert choose_providers(settings).llm == "own:parrot"
    mind, name = choose_llm(settings, None)
    assert name == "parrot"
    assert await ask(mind, "Hello.") == "You said: Hello. That was your first word."
    assert await ask(mind, "Hello.", "Hi!", "And you?") == (
        "You said: And you? Before that, you said: Hello."
    )


def broken(site: Path, body: str) -> None:
    (site / "broken_brain.py").write_text(body)
    install(site, "broken", {"broken": "broken_brain:Brain"})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "AttributeError"),
        ("import nothing_like_that", "ModuleNotFoundError"),
        ("class Brain:\n  def __init__(self): raise OSError('no disk')", "no disk"),
        ("class Brain: pass", "answer"),
    ],
)
def test_a_brain_that_cannot_be_made_says_nothing(
    site: Path, body: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(__import__("sys").modules, "broken_brain", raising=False)
    broken(site, body)
    with pytest.raises(BrainError, match=says):
        own_llm("broken")


class Bound:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()  # as aiohttp.ClientSession() does

    async def answer(self, history: object, turn: Any) -> AsyncIterator[str]:
        assert self.loop is asyncio.get_running_loop()
        yield "Here."


async def test_a_brain_is_not_made_where_there_is_no_event_loop(site: Path) -> None:
    (site / "bound_brain.py").write_text("from tests.test_brains_own import Bound\n")
    install(site, "bound", {"bound": "bound_brain:Bound"})
    settings = configure(brain="bound", openai_api_key="sk-test")
    brains = await prepare(settings, Models(silero.VAD.load(), None, None), None)
    assert await ask(cast(Any, brains.llm), "Hello.") == "Here."
    with pytest.raises(BrainError, match="it is one of"):
        missing = settings.model_copy(update={"brain": "missing"})
        await prepare(missing, Models(silero.VAD.load(), None, None), None)


class Faulty:
    closed = False

    async def answer(self, history: object, turn: Any) -> AsyncIterator[str]:
        try:
            if turn.text == "Fail.":
                raise ValueError(f"{SECRET} is too much")
            yield "One. "
            raise ValueError(f"{SECRET} is too much")
        finally:
            Faulty.closed = True


@pytest.mark.parametrize(("said", "answer"), [("Fail.", "Down."), ("Go.", "One.  Lost.")])
async def test_a_brain_that_fails_leaves_silence_or_talks_in_the_log(
    site: Path, said: str, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    (site / "faulty_brain.py").write_text("from tests.test_brains_own import Faulty\n")
    install(site, "faulty", {"faulty": "faulty_brain:Faulty"})
    settings = configure(brain="faulty", agent_trouble="Down.", agent_apology="Lost.")
    mind, _ = choose_llm(settings, None)
    with caplog.at_level(logging.DEBUG):
        assert await ask(mind, said) == answer
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text
    assert Faulty.closed
