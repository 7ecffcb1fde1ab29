"""What may answer a question, read out of the index with all that it is weighed by."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from . import vectors
from .meaning import Meaning
from .questions import questions
from .weigh import Candidate


def gather(
    connection: sqlite3.Connection,
    by_words: Mapping[int, float],
    by_meaning: Sequence[int],
    meaning: Meaning | None,
) -> list[Candidate]:
    """What both propose, each once, those by words first.

    ``by_words``: BM25 of the passages of these numbers. ``meaning``: None without vectors.
    """
    numbers = list(dict.fromkeys([*by_words, *by_meaning]))
    marks = ",".join("?" * len(numbers))
    texts = {
        row[0]: row[1:]
        for row in connection.execute(
            "SELECT p.id, p.text, p.heading, d.title, d.source, p.columns FROM passages p "
            f"JOIN documents d ON d.id = p.document WHERE p.id IN ({marks})",
            numbers,
        )
    }
    stored: dict[int, list[tuple[int, int, bytes]]] = defaultdict(list)
    if meaning is not None:
        for number, *part in connection.execute(
            f"SELECT passage, begin, end, vector FROM vectors WHERE passage IN ({marks})", numbers
        ):
            stored[number].append((part[0], part[1], part[2]))
    found: list[Candidate] = []
    for number in numbers:
        text, heading, title, source, columns = texts[number]
        parts: list[tuple[str, float]] = []
        asks: float | None = None
        if (kept := stored[number]) and meaning is not None:
            vector = meaning.without_names(title) if questions(heading) else meaning.whole
            near = vectors.cosines(vectors.to_rows([row for *_, row in kept]), vector)
            for (begin, end, _), cosine in zip(kept, map(float, near), strict=True):
                if end:
                    parts.append((text[begin:end], cosine))
                else:
                    asks = cosine if asks is None else max(asks, cosine)
        bm25 = by_words.get(number, 0.0)
        found.append(Candidate(text, heading, title, source, bm25, tuple(parts), columns, asks))
    return found
