"""What one conversation knows: the worker's index, and what was added in its room alone."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

from .choose import Library
from .names import as_meant, strange_words
from .passage import Document, KnowledgeError, Passage
from .search import BUDGET, LIMIT, MOST_QUESTION, Knowledge, fit
from .sources import file_name, is_url, public_name

logger = logging.getLogger("visavis.knowledge")

READ_TIMEOUT: Final = 120.0
"""Seconds until a document that somebody adds must have been read and embedded."""
MOST_DOCUMENTS: Final = 50
"""That a room may add."""

_T = TypeVar("_T")


class SessionKnowledge:
    """Searches both; what is added here is gone with the conversation.

    Searching runs on a thread. Reading and embedding run in a process of low priority.
    """

    def __init__(self, library: Library, *, private: bool = False) -> None:
        """``private``: URLs may lead to this machine and its network."""
        self._shared = library.knowledge
        self._encoder = library.encoder
        self._private = private
        self._own: Knowledge | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._adding = asyncio.Lock()

    async def search(
        self, question: str, limit: int = LIMIT, budget: int = BUDGET
    ) -> list[Passage]:
        """As :meth:`Knowledge.search`; empty, not an error, where the index cannot be read."""
        found = await self._ask_each(lambda each: each.search(question, limit, budget))
        if self._own is not None:  # each is in order already
            found.sort(key=lambda passage: -passage.score)
        return fit(found[:limit], budget)

    async def opening(self, title: str) -> list[Passage]:
        """How the documents of that title begin."""
        return await self._ask_each(lambda each: each.opening(title))

    async def names(self) -> frozenset[str]:
        """Of what is known about; see :mod:`.names`."""
        return frozenset(await self._ask_each(lambda each: each.names()))

    async def as_meant(self, question: str) -> str:
        """With the names that were heard wrong as they are written."""
        if not (names := await self.names()):
            return question
        looked_at, rest = question[:MOST_QUESTION], question[MOST_QUESTION:]
        strange = await asyncio.to_thread(strange_words, looked_at)
        written = set(await self._ask_each(lambda each: each.written(strange)))
        return await asyncio.to_thread(as_meant, looked_at, names, written) + rest

    async def documents(self) -> list[Document]:
        """What was added in this conversation."""
        return await asyncio.to_thread(self._own.documents) if self._own else []

    async def titles(self) -> list[str]:
        """Of everything that is known; what cannot be read is left out as in :meth:`search`."""
        documents = await self._ask_each(lambda each: each.documents())
        return [document.title for document in documents]

    async def add_url(self, url: str) -> Document:
        """Raises :class:`KnowledgeError`."""
        if not is_url(url):
            raise KnowledgeError("an address must begin with https:// or http://")
        async with self._adding:
            return await self._add(url)

    async def add_file(self, name: str, data: bytes) -> Document:
        """``name``: what people call it; one of the same name is replaced.

        Raises :class:`KnowledgeError`.
        """
        async with self._adding:  # there may be two of one name
            file = self._place() / "files" / (file_name(name) or "document")
            await asyncio.to_thread(_write, file, data)
            try:
                return await self._add(str(file))
            finally:
                file.unlink(missing_ok=True)

    async def remove(self, source: str) -> bool:
        """Was it there? ``source``: a URL, or a file's name, as it was given or is listed."""
        if self._own is None:
            return False
        name = source if is_url(source) else file_name(source)
        for document in await self.documents():
            if public_name(document.source) == name:
                return await asyncio.to_thread(self._own.remove, document.source)
        return False

    async def aclose(self) -> None:
        """Forget what was added. The shared index stays open: it is the process's."""
        if self._own is not None:
            await asyncio.to_thread(self._own.close)
            self._own = None
        if self._folder is not None:
            await asyncio.to_thread(self._folder.cleanup)
            self._folder = None

    async def _ask_each(self, ask: Callable[[Knowledge], Iterable[_T]]) -> list[_T]:
        """What was added here first; an index that cannot be read has nothing."""
        found: list[_T] = []
        for knowledge in (self._own, self._shared):
            if knowledge is None:
                continue
            try:
                found += await asyncio.to_thread(ask, knowledge)
            except Exception as error:  # the conversation goes on without
                logger.warning("the knowledge cannot be read: %s", type(error).__name__)
        return found

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="visavis-knowledge-")
        return Path(self._folder.name)

    async def _add(self, source: str) -> Document:
        place = self._place()
        try:
            return await self._read(source, place / "index.sqlite")
        except KnowledgeError as error:
            # Whoever gave the document is told, and not where it lies on this machine.
            ours = rf"{re.escape(str(place))}[\\/](files[\\/])?"
            raise KnowledgeError(re.sub(ours, "", str(error))) from None

    async def _read(self, source: str, index: Path) -> Document:
        if self._own is None:
            self._own = await asyncio.to_thread(Knowledge, index, self._encoder)
        known = {document.source for document in await self.documents()}
        if source not in known and len(known) >= MOST_DOCUMENTS:
            raise KnowledgeError(f"a conversation takes {MOST_DOCUMENTS} documents at most")
        problems = await _update(index, source, self._private, self._encoder is not None)
        if problems:
            raise KnowledgeError(problems[0])
        for document in await self.documents():
            if document.source == source:
                return document
        raise KnowledgeError(f"{source} could not be read")


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)


async def _update(index: Path, source: str, private: bool, embed: bool) -> list[str]:
    """What was wrong with the source."""
    options = [*(["--private"] if private else []), *([] if embed else ["--no-vectors"])]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.knowledge", "--index", str(index), "update"),
        *(*options, "--", source),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it names what people gave, and goes into the log
        cwd=Path(__file__).parents[2],
    )
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            output, _ = await process.communicate()
    except TimeoutError:
        return [f"it took longer than {READ_TIMEOUT:g} s to read"]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    steps: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
    if not steps:
        logger.warning("the reader of a document ended with %s", process.returncode)
        return ["it could not be read"]
    return [str(problem) for problem in steps[0]["problems"]]
