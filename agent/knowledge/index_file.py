"""The index: one SQLite file, written by one process at a time, read by any number.

| table | what is in it |
|---|---|
| documents | one row a file or page |
| passages | their pieces, in order |
| lexicon | FTS5 over the pieces (``words.searchable``), contentless: the text is in passages |
| words, word_parts | every word with the number of passages that have it; its trigrams |
| vectors | int8 vectors of a passage's parts (``chunks.windows``), added later than itself; where
begin and end are 0, of a question that heads it |
| state | ``removals``: counts the times that something was taken out |
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from store.write_ahead import write_ahead

from .passage import KnowledgeError

VERSION: Final = 5
"""Of the tables and of what is in them; an index of another version is made anew."""
BUSY: Final = 30.0
"""Seconds that a writer waits for another."""

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


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """:func:`connect`, closed at the end."""
    with closing(connect(file)) as connection:
        yield connection
