"""The embedded language model: the real server process, as short-lived as the worker."""

from __future__ import annotations

import errno
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import psutil
import pytest
from livekit.agents import APIStatusError, llm

from agent.brains.llama import (
    CONTEXT_TOKENS,
    Chunk,
    LlamaAddress,
    LlamaServer,
    connect,
    first_sentences,
    prime,
    shorten,
    tokens,
)
from agent.manner import SMALL_INSTRUCTIONS

PATIENCE = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[LlamaServer, LlamaAddress]]:
    llama = LlamaServer(2, restart_delay=0.05)
    address = llama.start()
    yield llama, address
    llama.stop()


def talk(*turns: tuple[llm.ChatRole, str]) -> llm.ChatContext:
    chat_ctx = llm.ChatContext.empty()
    for role, text in turns:
        chat_ctx.add_message(role=role, content=text)
    return chat_ctx


async def ask(address: LlamaAddress, chat_ctx: llm.ChatContext) -> list[str]:
    async with connect(address) as mind, mind.chat(chat_ctx=chat_ctx) as answer:
        deltas = [chunk.delta.content async for chunk in answer if chunk.delta]
    return [delta for delta in deltas if delta]


def port_of(address: LlamaAddress) -> int:
    return int(address.url.removesuffix("/v1").rsplit(":", 1)[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(happens: Callable[[], bool]) -> bool:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        if happens():
            return True
        time.sleep(0.05)
    return False


QUESTION = talk(("system", SMALL_INSTRUCTIONS), ("user", "What is the capital of France?"))


async def test_the_answer_comes_in_one_piece_or_is_nonsense(
    server: tuple[LlamaServer, LlamaAddress],
) -> None:
    await prime(connect(server[1]), SMALL_INSTRUCTIONS)
    deltas = await ask(server[1], QUESTION)
    assert len(deltas) > 3
    assert "Paris" in "".join(deltas)


async def test_a_page_of_another_origin_talks_to_the_server(
    server: tuple[LlamaServer, LlamaAddress],
) -> None:
    with pytest.raises(APIStatusError) as refusal:
        await ask(LlamaAddress(server[1].url, "guess"), QUESTION)
    assert refusal.value.status_code == 401


async def test_a_long_message_overflows_the_context(
    server: tuple[LlamaServer, LlamaAddress],
) -> None:
    long = talk(("system", "Be kind. " * 2000), ("user", "7\u00df\u4e2d " * 5000 + "Who are you?"))
    assert await ask(server[1], shorten(long)) is not None


async def test_the_model_thinks_on_after_an_interrupt(
    server: tuple[LlamaServer, LlamaAddress],
) -> None:
    """LiveKit closes the stream of an answer that is cut short; the slot must come free."""
    llama, address = server
    process = psutil.Process(llama.pid)
    endless = talk(("user", "Count from one to ten thousand, and leave no number out."))
    async with connect(address) as mind:
        async with mind.chat(chat_ctx=endless, extra_kwargs={"max_tokens": 2000}) as answer:
            await anext(answer)
            assert is_busy(process)
        assert eventually(lambda: not is_busy(process))


def is_busy(process: psutil.Process) -> bool:
    """It used a tenth of a core or more just now."""
    before = process.cpu_times()
    time.sleep(0.5)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system > 0.05


async def test_the_worker_loses_its_language_model_for_good(
    server: tuple[LlamaServer, LlamaAddress],
) -> None:
    llama, address = server
    first = llama.pid
    assert first is not None
    os.kill(first, signal.SIGTERM)  # as sent to the whole group on the way out: not obeyed
    assert not eventually_gone(first)
    os.kill(first, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    assert eventually(lambda: llama.pid != first and is_open(port_of(address)))
    assert "Paris" in "".join(await ask(address, QUESTION))


def test_a_machine_without_memory_for_a_moment_loses_its_language_model_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launched = list[FakeProcess | None]()

    def launch(*_: object, **__: object) -> FakeProcess:
        launched.append(None if len(launched) == 1 else FakeProcess())
        if (process := launched[-1]) is None:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        return process

    monkeypatch.setattr(subprocess, "Popen", launch)
    llama = LlamaServer(1, restart_delay=0.01)
    llama.start()
    first = launched[0]
    assert first is not None
    first.kill()
    try:
        assert eventually(lambda: len(launched) == 3)
    finally:
        llama.stop()


class FakeProcess:
    """Listens at once, until it is killed."""

    pid = 1

    def __init__(self) -> None:
        self.stdin, self.stdout = io.StringIO(), io.StringIO('{"port": 1}\n')
        self._killed = threading.Event()

    def kill(self) -> None:
        self._killed.set()

    def wait(self) -> int:
        self._killed.wait()
        return -9


def eventually_gone(pid: int) -> bool:
    time.sleep(0.2)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_the_server_outlives_a_killed_worker() -> None:
    code = (
        "from agent.brains.llama import LlamaServer; import time\n"
        "print(LlamaServer(1).start().url, flush=True); time.sleep(600)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    port = port_of(LlamaAddress(worker.stdout.readline().strip(), ""))
    assert is_open(port)
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert eventually(lambda: not is_open(port))


def test_the_model_drifts_through_a_long_history() -> None:
    history: list[tuple[llm.ChatRole, str]] = [("system", "Be Amy.")]
    for turn in range(20):
        history += [("user", f"question {turn} of many"), ("assistant", f"answer {turn}")]
    fresh = shorten(talk(*history, ("user", "Why is the sky blue?")))
    assert [m.text_content for m in fresh.messages()] == ["Be Amy.", "Why is the sky blue?"]
    follow_up = shorten(talk(*history, ("user", "And why?")))
    assert [m.text_content for m in follow_up.messages()] == [
        "Be Amy.", "question 19 of many", "answer 19", "And why?",
    ]  # fmt: skip


def test_a_prompt_can_be_longer_than_the_slot() -> None:
    long = shorten(talk(("system", "x" * 9999), ("user", "y1" * 9999), ("assistant", "z" * 9999)))
    assert sum(tokens(m.text_content or "") for m in long.messages()) < CONTEXT_TOKENS - 100


@pytest.mark.parametrize(
    ("answer", "spoken"),
    [
        ("One. Two! Three? Four.", "One. Two!"),
        ("Dr. Smith met J. K. Rowling. He paid $3.50 for it. More.",
         "Dr. Smith met J. K. Rowling. He paid $3.50 for it."),
        ("Only one", "Only one"),
    ],
)  # fmt: skip
async def test_the_small_model_rambles_on(answer: str, spoken: str) -> None:
    async def stream() -> AsyncIterator[Chunk]:
        for char in answer:
            yield llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=char))

    said = [chunk async for chunk in first_sentences(stream())]
    text = "".join(c.delta.content or "" for c in said if isinstance(c, llm.ChatChunk) and c.delta)
    assert text.strip() == spoken
