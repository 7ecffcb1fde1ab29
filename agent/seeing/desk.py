"""Files from the chat: a picture for the language model, a document for what it knows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from livekit import rtc

from agent.knowledge.passage import KnowledgeError
from agent.knowledge.session import SessionKnowledge
from agent.knowledge.sources import file_name
from visavis.files import FileNews
from visavis.protocol import FILE_LIMIT, FILE_QUESTION, MESSAGE_LIMIT, TOPIC_FILE

from .pictures import PictureError, is_picture, shrink_picture
from .sight import Sight

logger = logging.getLogger("visavis.agent")

MOST_WAITING: Final = 5
"""Files that are on their way or being read."""
SLOWEST: Final = 60.0
"""Seconds in which a file must have come."""

_CANNOT_SEE: Final = (
    "{} cannot be looked at: the language model in use knows only words. Documents can be read "
    "(txt, md, rst, html, pdf, docx)"
)


class FileDesk:
    """Takes the files of :data:`TOPIC_FILE`, and tells their senders what became of them.

    ``ask``: has a question answered that came with a file.
    """

    def __init__(
        self,
        room: rtc.Room,
        sight: Sight,
        knowledge: SessionKnowledge,
        ask: Callable[[str], object],
    ) -> None:
        self._room = room
        self._sight = sight
        self._knowledge = knowledge
        self._ask = ask
        self._tasks: set[asyncio.Task[None]] = set()
        room.register_byte_stream_handler(TOPIC_FILE, self._take)

    async def aclose(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(ValueError):
            self._room.unregister_byte_stream_handler(TOPIC_FILE)

    def _take(self, reader: rtc.ByteStreamReader, sender: str) -> None:
        name = file_name(reader.info.name or "") or "the file"
        if len(self._tasks) >= MOST_WAITING:
            error = f"{MOST_WAITING} files are being read; send it again when one is done"
            news = FileNews(reader.info.stream_id, name, error=error)
            reader.close()
            self._do(self._tell(sender, news))
        else:
            self._do(self._read(reader, name, sender))

    async def _read(self, reader: rtc.ByteStreamReader, name: str, sender: str) -> None:
        id, question = reader.info.stream_id, (reader.info.attributes or {}).get(FILE_QUESTION, "")
        news = FileNews(id, name)
        try:
            data = await _receive(reader, name)
            if is_picture(data):
                news = FileNews(id, name, "picture")
                if not self._sight.able:
                    raise PictureError(_CANNOT_SEE.format(name))
                await self._sight.take(await asyncio.to_thread(shrink_picture, name, data))
            else:
                news = FileNews(id, name, "document")
                await self._knowledge.add_file(name, data)
        except (PictureError, KnowledgeError) as error:
            news = FileNews(id, name, news.kind, str(error))
        except Exception as error:  # a stream that broke off, a disk that is full
            logger.warning("a file could not be taken: %s", type(error).__name__)
            news = FileNews(id, name, news.kind, f"{name} did not come whole; send it again")
        finally:
            reader.close()
        await self._tell(sender, news)
        if news.error is None and question.strip():
            self._ask(question[:MESSAGE_LIMIT])

    async def _tell(self, sender: str, news: FileNews) -> None:
        try:
            await self._room.local_participant.send_text(
                news.to_json(), topic=TOPIC_FILE, destination_identities=[sender]
            )
        except Exception as error:  # the sender has gone, or the room is reconnecting
            logger.info("nobody could be told of a file: %s", type(error).__name__)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _receive(reader: rtc.ByteStreamReader, name: str) -> bytes:
    """Raises :class:`PictureError` for a file that is too long, or too slow."""
    data = bytearray()
    try:
        async with asyncio.timeout(SLOWEST):
            async for chunk in reader:
                data += chunk
                if len(data) > FILE_LIMIT:
                    most = FILE_LIMIT // 1_000_000
                    raise PictureError(f"{name} has more than {most} MB, the most that is taken")
    except TimeoutError:
        raise PictureError(f"{name} took longer than {SLOWEST:g} s to come") from None
    return bytes(data)
