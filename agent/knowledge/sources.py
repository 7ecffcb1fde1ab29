"""Files, folders and URLs → the index: what is new is read, what is as before is left alone."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from . import index_file, store
from .extract import MOST_BYTES, extract
from .passage import Document, Extract, KnowledgeError

_ENDINGS: Final = ".txt .md .markdown .rst .rest .html .htm .xhtml .pdf .docx"
ENDINGS: Final = tuple(_ENDINGS.split())
"""What is taken out of a folder; a file that is named by itself may have any."""
MOST_FILES: Final = 10_000
"""Of one folder."""
LONGEST_NAME: Final = 200
"""Bytes of a file's name; file systems take 255."""
_LONGEST_ENDING: Final = 20

ROOT: Final = Path(__file__).parents[2]
"""The checkout."""

Fetch = Callable[[str], tuple[bytes, str]]
"""URL → content and Content-Type. Raises ValueError with a sentence for people."""
Read = Callable[[str, bytes, str], Extract]


@dataclass
class Outcome:
    """What became of the sources."""

    added: list[Document] = field(default_factory=list)
    """New, or changed."""
    unchanged: int = 0
    removed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """A sentence each."""


@dataclass(frozen=True)
class _Item:
    source: str
    origin: str
    load: Callable[[], tuple[bytes, str]]


def is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def public_name(source: str) -> str:
    """What people are told of it: a URL, of a file no more than its name."""
    return source if is_url(source) else Path(source).name


def file_name(given: str) -> str:
    """What a file that comes from outside is called here: no path, not hidden, not too long.

    Its ending stays. Empty where nothing is left.
    """
    name = PurePosixPath(given.replace("\\", "/")).name.lstrip(".")
    ending = PurePosixPath(name).suffix
    if len(ending.encode(errors="ignore")) > _LONGEST_ENDING:
        ending = ""
    most = LONGEST_NAME - len(ending.encode(errors="ignore"))
    stem = name.removesuffix(ending).encode(errors="ignore")[:most]
    return stem.decode(errors="ignore") + ending


def split(setting: str) -> list[str]:
    """``"README.md, docs, https://…"`` → its parts; "none" is no knowledge."""
    parts = [part.strip() for part in setting.replace("\n", ",").split(",")]
    return [part for part in parts if part and part.lower() != "none"]


def update(
    file: Path,
    sources: Sequence[str],
    fetch: Fetch,
    *,
    exactly: bool = False,
    read: Read = extract,
) -> Outcome:
    """Bring the index to what the sources are now. Blocks, for as long as reading takes.

    What is gone from a source is removed. Each document is there at once when it has been read.

    Args:
        exactly: Remove everything that comes from other sources, too.
        fetch: For URLs, which are fetched again each time.
    """
    outcome = Outcome()
    with closing(index_file.connect(file)) as connection:
        known = {document.source: document for document in store.documents(connection)}
        seen: set[str] = set()
        failed: set[str] = set()
        for source in dict.fromkeys(sources):
            try:
                for item in _items(source, fetch):
                    if item.source in seen:
                        continue
                    seen.add(item.source)
                    try:
                        _update(connection, item, known.get(item.source), outcome, read)
                    except (KnowledgeError, ValueError, OSError) as error:
                        outcome.problems.append(_sentence(item.source, error))
            except (KnowledgeError, OSError) as error:
                failed.add(source)
                outcome.problems.append(_sentence(source, error))
        for document in known.values():
            mine = document.origin in sources and document.origin not in failed
            if document.source not in seen and (mine or exactly):
                store.remove(connection, document.source)
                outcome.removed.append(document.source)
    return outcome


def _update(
    connection: sqlite3.Connection,
    item: _Item,
    known: Document | None,
    outcome: Outcome,
    read: Read,
) -> None:
    data, content_type = item.load()
    digest = hashlib.sha256(content_type.encode(errors="replace") + data).hexdigest()
    if known is not None and known.digest == digest:
        outcome.unchanged += 1
        return
    found = read(public_name(item.source), data, content_type)
    outcome.added.append(store.add(connection, item.source, item.origin, digest, found))


def _items(source: str, fetch: Fetch) -> Iterator[_Item]:
    if is_url(source):
        yield _Item(source, source, partial(fetch, source))
        return
    path = Path(source).expanduser().absolute()
    if path.is_dir():
        for found in _files(path):
            yield _Item(_name(found), source, partial(_load, found))
    elif path.is_file():
        yield _Item(_name(path), source, partial(_load, path))
    else:
        raise KnowledgeError(f"there is no file or folder {source}")


def _files(folder: Path) -> list[Path]:
    """Of the kinds that are read, not hidden; links to folders are not followed."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower().endswith(ENDINGS):
                found.append(Path(place, name))
        if len(found) > MOST_FILES:
            raise KnowledgeError(f"{folder} has more than {MOST_FILES} files: name a part of it")
    return found


def _name(path: Path) -> str:
    """Absolute, but for what belongs to Visavis: the same wherever the checkout is."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def _load(path: Path) -> tuple[bytes, str]:
    if not path.is_file():
        raise KnowledgeError(f"{path.name} is not a file")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise KnowledgeError(f"{path.name} has {size} bytes, {MOST_BYTES} at most")
    return path.read_bytes(), ""


def _sentence(source: str, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{source} cannot be read: {error.strerror or error}"
    return str(error)
