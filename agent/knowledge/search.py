"""Finding passages: BM25 and vectors each propose some, and each of those is weighed by both."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from . import index_file, store, vectors
from .candidates import gather
from .meaning import Encoder, Meaning
from .names import names_of
from .passage import Document, Passage
from .weigh import Asked, in_order
from .words import asked, match

Method = Literal["fused", "bm25", "vectors"]

LIMIT: Final = 5
"""Passages."""
BUDGET: Final = 1200
"""Tokens of all passages together."""
DEPTH: Final = 30
"""Passages that each way of searching proposes."""
MOST_POSTINGS: Final = 15_000
"""Passages that BM25 weighs for one question: common words are left out beyond."""
TEXT_WEIGHT: Final = 2.5
"""Of a word in the text. FTS5's BM25 has a k1 of 1.2, and a weight of all columns divides it: 0.48,
since in a short passage a word's second mention says little more than its first."""
HEADING_WEIGHT: Final = 2 * TEXT_WEIGHT
"""Of a word in the heading or title."""
WORTH_SHOWING: Final = 0.25
"""Score below which a passage has nothing to do with the question."""
MOST_QUESTION: Final = 2000
"""Characters of a question that are looked at."""
_MOST_KIN: Final = 6
_SHORTEST_KIN: Final = 4


class Knowledge:
    """One index, for reading: any number of these on one file, in any number of processes.

    Every method blocks (for milliseconds) and may be called from any thread.
    """

    def __init__(self, file: Path, encoder: Encoder | None = None) -> None:
        """``encoder``: None leaves the vectors out. Raises KnowledgeError where ``file`` cannot
        be opened; it is made where it is not there."""
        self.file = file
        self._connection = index_file.connect(file)
        self._encoder = encoder
        self._signs = vectors.SignIndex()
        self._seen: tuple[int, int] | None = None
        self._passages = 0
        self._names: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def remove(self, source: str) -> bool:
        """Was it there?"""
        with self._lock:
            return store.remove(self._connection, source)

    def documents(self) -> list[Document]:
        with self._lock:
            return store.documents(self._connection)

    def names(self) -> frozenset[str]:
        """Of what the documents are about, by their titles; see :mod:`.names`."""
        with self._snapshot():
            return self._names

    def written(self, words: Iterable[str]) -> set[str]:
        """Which of these plain words the documents have."""
        with self._snapshot():
            return {word for word in words if self._count(word)}

    def opening(self, title: str) -> list[Passage]:
        """The first passage of each document of that title."""
        with self._lock:
            return store.openings(self._connection, title)

    def load(self) -> None:
        """Bring the vectors' signs into memory, which else the first question waits for: 3 s where
        there are 100,000 passages."""
        with self._snapshot():
            pass

    def search(
        self, query: str, limit: int = LIMIT, budget: int = BUDGET, method: Method = "fused"
    ) -> list[Passage]:
        """The passages nearest to the question, the best first, ``budget`` tokens in all.

        Empty where nothing is near. Any text is a question; none is an error.
        """
        query = query[:MOST_QUESTION].strip()
        if not query:
            return []
        meaning = None
        if self._encoder is not None and method != "bm25":
            meaning = Meaning(query, self._encoder)
        near: list[Passage] = []
        with self._snapshot():
            terms = self._terms(query)
            by_words = self._by_words(terms) if method != "vectors" else {}
            by_meaning = self._by_meaning(meaning.whole) if meaning is not None else []
            weights = Asked.of(terms, self._passages)
            found = gather(self._connection, by_words, by_meaning, meaning)
        if by_words and by_meaning:
            found = in_order(found, weights, LIMIT)
        for candidate in found:
            passage = candidate.passage(weights)
            if passage.score >= WORTH_SHOWING:
                near.append(passage)
            if len(near) == limit:
                break
        return fit(near, budget)

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """One caller at a time, and one state of the index whatever writers do meanwhile."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                self._refresh()
                yield
            finally:
                self._connection.execute("COMMIT")

    def _refresh(self) -> None:
        """Take in what writers have done since."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        (removals,) = self._connection.execute("SELECT removals FROM state").fetchone()
        if self._seen == (version, removals):
            return
        if self._seen is not None and self._seen[1] != removals:
            self._signs = vectors.SignIndex()
        (self._passages,) = self._connection.execute("SELECT count(*) FROM passages").fetchone()
        titles = self._connection.execute("SELECT DISTINCT title FROM documents")
        self._names = frozenset().union(*(names_of(title) for (title,) in titles))
        if self._encoder is not None:
            rows = self._connection.execute(
                "SELECT id, vector FROM vectors WHERE id > ? ORDER BY id",
                (self._signs.newest,),
            )
            while some := rows.fetchmany(4096):
                self._signs.extend([number for number, _ in some], [vector for _, vector in some])
        self._seen = (version, removals)

    def _terms(self, query: str) -> dict[str, int]:
        """What to look for, with the number of passages that have it.

        A word that no passage has stands for those that contain it or are contained in it, which
        finds the parts of compounds.
        """
        found: dict[str, int] = {}
        for word in asked(query):
            count = self._count(word)
            if count or len(word) < _SHORTEST_KIN:
                found[word] = count
            else:
                found |= self._kin(word) or {word: 0}
        return found

    def _count(self, word: str) -> int:
        row = self._connection.execute(
            "SELECT passages FROM words WHERE word = ?", (word,)
        ).fetchone()
        return int(row[0]) if row else 0

    def _kin(self, word: str) -> dict[str, int]:
        rows = self._connection.execute(
            "SELECT w.word, w.passages FROM word_parts p JOIN words w ON w.id = p.rowid "
            "WHERE p.word LIKE ? AND w.passages > 0 ORDER BY length(w.word) LIMIT ?",
            (f"%{word}%", _MOST_KIN),
        ).fetchall()
        if not rows and len(word) <= 40:
            longest = sorted(
                {
                    word[start:end]
                    for start in range(len(word))
                    for end in range(start + _SHORTEST_KIN + 1, len(word) + 1)
                    if start == 0 or end == len(word)
                },
                key=len,
            )
            marks = ",".join("?" * len(longest))
            rows = self._connection.execute(
                f"SELECT word, passages FROM words WHERE word IN ({marks}) AND passages > 0 "
                "ORDER BY length(word) DESC LIMIT ?",
                (*longest, _MOST_KIN),
            ).fetchall()
        return dict(rows)

    def _by_words(self, terms: dict[str, int]) -> dict[int, float]:
        """BM25 of the best, the best first; the rarest words until enough passages have them."""
        chosen: list[str] = []
        postings = 0
        for term, count in sorted(terms.items(), key=lambda item: item[1]):
            postings += count
            if chosen and postings > MOST_POSTINGS:
                break
            chosen.append(term)
        if not chosen:
            return {}
        rows = self._connection.execute(
            "SELECT rowid, -bm25(lexicon, ?, ?) AS fit FROM lexicon WHERE lexicon MATCH ? "
            "ORDER BY fit DESC LIMIT ?",
            (HEADING_WEIGHT, TEXT_WEIGHT, match(chosen), DEPTH),
        )
        return dict(rows.fetchall())

    def _by_meaning(self, vector: npt.NDArray[np.float32]) -> list[int]:
        """By the nearest part of each passage."""
        numbers = self._signs.nearest(vector)
        if not numbers:
            return []
        rows = self._connection.execute(
            f"SELECT passage, vector FROM vectors WHERE id IN ({','.join('?' * len(numbers))})",
            numbers,
        ).fetchall()
        near = vectors.cosines(vectors.to_rows([stored for _, stored in rows]), vector)
        passages = [rows[index][0] for index in np.argsort(-near)]
        return list(dict.fromkeys(passages))[:DEPTH]


def fit(passages: Sequence[Passage], budget: int) -> list[Passage]:
    """The first ones that fit into ``budget`` tokens together."""
    kept: list[Passage] = []
    for passage in passages:
        if passage.tokens <= budget:
            budget -= passage.tokens
            kept.append(passage)
    return kept
