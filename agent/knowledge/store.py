"""What is in the index, written and read: see :mod:`.index_file`."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .chunks import to_chunks, windows
from .index_file import writing
from .meaning import bare
from .names import nameless, names_of
from .passage import Block, Document, Extract, KnowledgeError, Passage
from .questions import questions, under_questions
from .words import searchable, words

MOST_PASSAGES: Final = 200_000
"""In one index; searching stays within its 50 ms up to half of it."""


def documents(connection: sqlite3.Connection) -> list[Document]:
    """All of them, by source."""
    rows = connection.execute(
        "SELECT source, title, passages, digest, origin FROM documents ORDER BY source"
    )
    return [Document(*row) for row in rows]


def openings(connection: sqlite3.Connection, title: str) -> list[Passage]:
    """The first passage of each document of that title."""
    rows = connection.execute(
        "SELECT p.text, d.title, d.source, p.heading, p.columns, min(p.id) FROM passages p "
        "JOIN documents d ON d.id = p.document WHERE d.title = ? GROUP BY d.id ORDER BY d.id",
        (title,),
    )
    return [
        Passage(text, title, source, heading, text, 1.0, columns)
        for text, title, source, heading, columns, _ in rows
    ]


def add(
    connection: sqlite3.Connection, source: str, origin: str, digest: str, extract: Extract
) -> Document:
    """Add a document; one of the same source is replaced. Its vectors come by :func:`add_vectors`.

    Raises :class:`KnowledgeError` where the index is full.
    """
    chunks = list(to_chunks(under_questions(extract.blocks)))
    with writing(connection):
        _remove(connection, source)
        (count,) = connection.execute("SELECT coalesce(sum(passages), 0) FROM documents").fetchone()
        if count + len(chunks) > MOST_PASSAGES:
            raise KnowledgeError(
                f"the knowledge is full: {count} passages, {len(chunks)} more in {extract.title}, "
                f"{MOST_PASSAGES} at most"
            )
        document = connection.execute(
            "INSERT INTO documents(source, title, digest, origin, passages, added) "
            "VALUES(?, ?, ?, ?, ?, ?)",
            (source, extract.title, digest, origin, len(chunks), time.time()),
        ).lastrowid
        _add_passages(connection, document, extract.title, chunks)
    return Document(source, extract.title, len(chunks), digest, origin)


def _add_passages(
    connection: sqlite3.Connection, document: int | None, title: str, chunks: Sequence[Block]
) -> None:
    for chunk in chunks:
        number = connection.execute(
            "INSERT INTO passages(document, heading, text, columns) VALUES(?, ?, ?, ?)",
            (document, chunk.heading, chunk.text, chunk.columns),
        ).lastrowid
        connection.execute(
            "INSERT INTO lexicon(rowid, heading, body) VALUES(?, ?, ?)",
            (number, *_indexed(title, chunk)),
        )
    counts = _count_words(title, chunks)
    known = {
        word
        for word in counts
        if connection.execute("SELECT 1 FROM words WHERE word = ?", (word,)).fetchone()
    }
    connection.executemany(
        "UPDATE words SET passages = passages + ? WHERE word = ?",
        [(count, word) for word, count in counts.items() if word in known],
    )
    for word, count in counts.items():
        if word not in known:
            row = connection.execute(
                "INSERT INTO words(word, passages) VALUES(?, ?)", (word, count)
            ).lastrowid
            connection.execute("INSERT INTO word_parts(rowid, word) VALUES(?, ?)", (row, word))


def remove(connection: sqlite3.Connection, source: str) -> bool:
    """Was it there?"""
    with writing(connection):
        return _remove(connection, source)


def _remove(connection: sqlite3.Connection, source: str) -> bool:
    row = connection.execute(
        "SELECT id, title FROM documents WHERE source = ?", (source,)
    ).fetchone()
    if row is None:
        return False
    document, title = row
    rows = connection.execute(
        "SELECT id, heading, text, columns FROM passages WHERE document = ?", (document,)
    ).fetchall()
    chunks = [Block(*row) for _, *row in rows]
    for (number, *_), chunk in zip(rows, chunks, strict=True):
        connection.execute(
            "INSERT INTO lexicon(lexicon, rowid, heading, body) VALUES('delete', ?, ?, ?)",
            (number, *_indexed(title, chunk)),
        )
        connection.execute("DELETE FROM vectors WHERE passage = ?", (number,))
    connection.executemany(
        "UPDATE words SET passages = passages - ? WHERE word = ?",
        [(count, word) for word, count in _count_words(title, chunks).items()],
    )
    connection.execute("DELETE FROM passages WHERE document = ?", (document,))
    connection.execute("DELETE FROM documents WHERE id = ?", (document,))
    connection.execute("UPDATE state SET removals = removals + 1")
    return True


@dataclass(frozen=True)
class Part:
    """What gets a vector: a part of a passage, or a question that the passage begins to answer."""

    passage: int
    begin: int
    end: int
    """Of a question 0, as ``begin``."""
    text: str
    """With the title and the headings above it; where it answers a question, with that alone. Of
    questions the title's names are left out."""


def without_vectors(connection: sqlite3.Connection, most: int) -> list[Part]:
    """The parts of the first ``most`` passages that have no vectors yet."""
    rows = connection.execute(
        "SELECT p.id, d.title, p.heading, p.text, p.columns, EXISTS (SELECT 1 FROM passages b "
        "WHERE b.id = p.id - 1 AND b.document = p.document AND b.heading = p.heading) "
        "FROM passages p JOIN documents d ON d.id = p.document "
        "WHERE p.id > (SELECT coalesce(max(passage), 0) FROM vectors) ORDER BY p.id LIMIT ?",
        (most,),
    )
    found: list[Part] = []
    for number, title, heading, text, columns, goes_on in rows:
        asked = [nameless(bare(question), names_of(title)) for question in questions(heading)]
        if not goes_on:
            found += [Part(number, 0, 0, question) for question in asked]
        above = ". ".join(asked) or (f"{title}, {heading}" if heading else title)
        for begin, end in windows(text, has_rows=bool(columns)):
            found.append(Part(number, begin, end, f"{above}: {text[begin:end]}"))
    return found


def add_vectors(
    connection: sqlite3.Connection, parts: Sequence[Part], vectors: Sequence[bytes]
) -> None:
    """Of all that :func:`without_vectors` gave; what has gone since is left out."""
    with writing(connection):
        last, *_ = connection.execute("SELECT coalesce(max(passage), 0) FROM vectors").fetchone()
        connection.executemany(
            "INSERT INTO vectors(passage, begin, end, vector) SELECT id, ?, ?, ? FROM passages "
            "WHERE id = ? AND id > ?",  # another process may have been faster
            [
                (part.begin, part.end, vector, part.passage, last)
                for part, vector in zip(parts, vectors, strict=True)
            ],
        )


def _indexed(title: str, chunk: Block) -> tuple[str, str]:
    return searchable(f"{title} {chunk.heading} {chunk.columns}"), searchable(chunk.text)


def _count_words(title: str, chunks: Sequence[Block]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for chunk in chunks:
        counts.update(set(words(f"{title} {chunk.heading} {chunk.columns} {chunk.text}")))
    return counts
