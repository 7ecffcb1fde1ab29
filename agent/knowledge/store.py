"""The index: one SQLite file, written by one process at a time, read by any number.

| table | what is in it |
|---|---|
| documents | one row a file or page |
| passages | their pieces, in order |
| lexicon | FTS5 over the pieces (``words.searchable``), contentless: the text is in passages |
| words, word_parts | every word with the number of passages that have it; its trigrams |
| vectors | int8 vectors of a passage's parts (``chunks.windows``), added later than itself |
| state | ``removals``: counts the times that something was taken out |
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.write_ahead import write_ahead

from .chunks import to_chunks, windows
from .passage import Block, Document, Extract, KnowledgeError, Passage
from .words import searchable, words

VERSION: Final = 4
"""Of the tables and of what is in them; an index of another version is made anew."""
BUSY: Final = 30.0
"""Seconds that a writer waits for another."""
MOST_PASSAGES: Final = 200_000
"""In one index; searching stays within its 50 ms up to half of it."""

_SCHEMA: Final = """
CREATE TABLE documents(
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT UNIQUE NOT NULL, title TEXT NOT NULL,
    digest TEXT NOT NULL, origin TEXT NOT NULL, passages INTEGER NOT NULL, added REAL NOT NULL);
CREATE TABLE passages(
    id INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL, heading TEXT NOT NULL,
    text TEXT NOT NULL, columns TEXT NOT NULL);
CREATE INDEX passages_of ON passages(document);
CREATE VIRTUAL TABLE lexicon USING fts5(
    heading, body, content='', tokenize="porter unicode61 remove_diacritics 2");
CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT UNIQUE NOT NULL, passages INTEGER NOT NULL);
CREATE VIRTUAL TABLE word_parts USING fts5(
    word, content='words', content_rowid='id', tokenize='trigram', detail='none');
CREATE TABLE vectors(
    id INTEGER PRIMARY KEY AUTOINCREMENT, passage INTEGER NOT NULL, begin INTEGER NOT NULL,
    end INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE INDEX vectors_of ON vectors(passage);
CREATE TABLE state(removals INTEGER NOT NULL);
INSERT INTO state VALUES(0);
"""


def connect(file: Path) -> sqlite3.Connection:
    """Open the index, and make it where there is none.

    Raises :class:`KnowledgeError` where that cannot be done.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            file, timeout=BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            write_ahead(connection, BUSY)
            connection.execute("PRAGMA synchronous=NORMAL")
            _prepare(connection)
        except sqlite3.Error:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise KnowledgeError(f"the knowledge index {file} cannot be opened: {error}") from error
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    with writing(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == VERSION:  # another process was faster
            return
        for name in ("documents", "passages", "lexicon", "word_parts", "words", "vectors", "state"):
            connection.execute(f"DROP TABLE IF EXISTS {name}")
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; waits for other writers for :data:`BUSY` seconds."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


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
    chunks = list(to_chunks(extract.blocks))
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
    """A part of a passage that gets a vector."""

    passage: int
    begin: int
    end: int
    text: str
    """With the title and the headings above it."""


def without_vectors(connection: sqlite3.Connection, most: int) -> list[Part]:
    """The parts of the first ``most`` passages that have no vectors yet."""
    rows = connection.execute(
        "SELECT p.id, d.title, p.heading, p.text, p.columns FROM passages p "
        "JOIN documents d ON d.id = p.document "
        "WHERE p.id > (SELECT coalesce(max(passage), 0) FROM vectors) ORDER BY p.id LIMIT ?",
        (most,),
    )
    return [
        Part(
            number,
            begin,
            end,
            f"{title}, {heading}: {text[begin:end]}" if heading else f"{title}: {text[begin:end]}",
        )
        for number, title, heading, text, columns in rows
        for begin, end in windows(text, has_rows=bool(columns))
    ]


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


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """:func:`connect`, closed at the end."""
    with closing(connect(file)) as connection:
        yield connection


def _indexed(title: str, chunk: Block) -> tuple[str, str]:
    return searchable(f"{title} {chunk.heading} {chunk.columns}"), searchable(chunk.text)


def _count_words(title: str, chunks: Sequence[Block]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for chunk in chunks:
        counts.update(set(words(f"{title} {chunk.heading} {chunk.columns} {chunk.text}")))
    return counts
