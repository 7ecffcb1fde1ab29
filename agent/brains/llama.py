"""Embedded language model: SmolLM2-135M, served by one llama.cpp process for each agent worker."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from typing import IO, Any

from livekit.agents import APIError, FlushSentinel, llm
from livekit.plugins import openai

from .llama_process import Options
from .llama_weights import LlamaError, find_weights

logger = logging.getLogger("visavis.llama")

Chunk = llm.ChatChunk | str | FlushSentinel
"""What LiveKit's ``llm_node`` yields."""

MODEL = "smollm2-135m"
CONTEXT_TOKENS = 1024
"""Tokens of each conversation's slot."""
INSTRUCTION_TOKENS = 480
QUESTION_TOKENS = 200
ANSWER_TOKENS = 80
ANSWER_SENTENCES = 2
FOLLOW_UP_WORDS = 3
"""A message of so few words ("And why?") is understood only with the exchange before it."""

_ENVIRONMENT = "VISAVIS_LLAMA"
_SENTENCE_END = re.compile(r"(?<![A-Z])(?<!\b(?:Mr|Ms|Dr|St))(?<!\bMrs)[.!?]+[\"')\]]*(?=\s)")


@dataclass(frozen=True)
class LlamaAddress:
    """Where the server listens, for the processes of this worker alone."""

    url: str
    """Base URL of the OpenAI-compatible API."""
    api_key: str

    def publish(self) -> None:
        """Let the processes that will be started from here find it."""
        os.environ[_ENVIRONMENT] = json.dumps(asdict(self))

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> LlamaAddress | None:
        """What :meth:`publish` left, if it was called."""
        text = environment.get(_ENVIRONMENT)
        return cls(**json.loads(text)) if text else None


class LlamaServer:
    """The llama.cpp process: started, watched, restarted on the same port when it dies.

    It cannot outlive this process, not even one that is killed (see ``llama_process``).
    """

    def __init__(self, slots: int, *, restart_delay: float = 1.0) -> None:
        """``slots``: conversations at once. ``restart_delay``: seconds, doubled up to 30."""
        self._slots = slots
        self._restart_delay = restart_delay
        self._api_key = secrets.token_urlsafe()
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> LlamaAddress:
        """Load the model and listen. Blocks for a second, the first time on a machine six;
        raises :class:`LlamaError`."""
        self._launch()
        self._watcher = threading.Thread(target=self._watch, name="llama watcher", daemon=True)
        self._watcher.start()
        return LlamaAddress(f"http://127.0.0.1:{self._port}/v1", self._api_key)

    def stop(self) -> None:
        self._stopping.set()
        if self._process is not None:
            self._process.kill()
        if self._watcher is not None:
            self._watcher.join()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _launch(self) -> None:
        find_weights()  # that they are missing is told better here than by a process that ends
        options = Options(
            port=self._port,
            slots=self._slots,
            context=CONTEXT_TOKENS,
            threads=_threads(),
            api_key=self._api_key,
        )
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "agent.brains.llama_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        except OSError as error:  # such as no memory for another process, for now
            raise LlamaError(
                f"the embedded language model did not start: {error.strerror}"
            ) from error
        try:
            _pipe(self._process.stdin).write(json.dumps(asdict(options)) + "\n")
            _pipe(self._process.stdin).flush()
            answer = _pipe(self._process.stdout).readline()
            self._port = int(json.loads(answer)["port"])
        except (OSError, ValueError) as error:
            self._process.kill()
            raise LlamaError(
                f"the embedded language model did not start (exit status {self._process.wait()});"
                " set OPENAI_API_KEY or OPENAI_BASE_URL to use another one"
            ) from error

    def _watch(self) -> None:
        delay = self._restart_delay
        while not self._stopping.is_set() and self._process is not None:
            status = self._process.wait()
            if self._stopping.wait(delay):
                return
            logger.warning("the language model's process ended with %d; restarting it", status)
            try:
                self._launch()
                delay = self._restart_delay
            except LlamaError as error:
                logger.error("%s", error)
                delay = min(2 * delay, 30.0)


def _threads() -> int:
    """Half the cores, four at most.

    llama.cpp's threads wait for each other at every step, so with one for each core it crawls as
    soon as anything else runs: on two cores with one of them busy, 1 token a second instead of 18.
    """
    return max(1, min(4, (os.cpu_count() or 1) // 2))


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def connect(address: LlamaAddress) -> openai.LLM:
    """LiveKit's LLM on the embedded server."""
    return openai.LLM(
        model=MODEL,
        base_url=address.url,
        api_key=address.api_key,
        temperature=0.1,
        max_completion_tokens=ANSWER_TOKENS,
        # A line break is where this model begins to write other people's lines.
        extra_body={"repeat_penalty": 1.1, "stop": ["\n"]},
    )


async def prime(mind: llm.LLM[Any], instructions: str) -> None:
    """Let the server read the instructions before the first question: it keeps what it has read."""
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content=instructions)
    chat_ctx.add_message(role="user", content="Hello.")
    try:
        async with mind.chat(
            chat_ctx=shorten(chat_ctx), extra_kwargs={"max_completion_tokens": 1}
        ) as answer:
            async for _ in answer:
                pass
    except APIError as error:
        logger.warning("the language model does not answer yet: %s", error)


def shorten(chat_ctx: llm.ChatContext) -> llm.ChatContext:
    """What so small a model can use: the instructions and the question.

    The exchange before it comes along only for a follow-up of a few words: with more history
    SmolLM2-135M drifts and repeats itself, and the first token comes later.
    """
    messages = [item for item in chat_ctx.items if isinstance(item, llm.ChatMessage)]
    instructions = [m for m in messages if m.role in ("system", "developer")]
    talk = [m for m in messages if m.role in ("user", "assistant")]
    question = talk[-1].text_content or "" if talk else ""
    count = 3 if len(question.split()) <= FOLLOW_UP_WORDS else 1
    first = _fit(instructions[:1], INSTRUCTION_TOKENS)
    return llm.ChatContext([*first, *_fit(talk[-count:], QUESTION_TOKENS)])


def _fit(messages: list[llm.ChatMessage], budget: int) -> list[llm.ChatMessage]:
    """The messages, the last ones first to be kept, cut to ``budget`` tokens in all."""
    kept: list[llm.ChatMessage] = []
    for message in reversed(messages):
        text = message.text_content or ""
        while text and tokens(text) > budget:
            text = text[: len(text) * 3 // 4]
        if text:
            budget -= tokens(text)
            kept.insert(0, llm.ChatMessage(role=message.role, content=[text]))
    return kept


async def first_sentences(
    answer: AsyncIterable[Chunk], count: int = ANSWER_SENTENCES
) -> AsyncIterator[Chunk]:
    """The answer's first sentences, whole; what follows is not waited for."""
    text = ""
    async for chunk in answer:
        if isinstance(chunk, llm.ChatChunk) and chunk.delta and chunk.delta.content:
            before, text = len(text), text + chunk.delta.content
            ends = [match.end() for match in _SENTENCE_END.finditer(text)]
            if len(ends) >= count:
                chunk.delta.content = text[before : ends[count - 1]]
                yield chunk
                return
        yield chunk


def tokens(text: str) -> int:
    """An upper estimate: words take few tokens, digits and other scripts one for each byte."""
    letters = sum(char == " " or (char.isascii() and char.isalpha()) for char in text)
    return letters // 3 + len(text.encode()) - letters + 1
