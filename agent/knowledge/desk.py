"""A conversation's knowledge in its room: documents come in, sources go out."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from livekit import rtc

from visavis.knowledge import KnowledgeRequest, Learned, Source, Sources
from visavis.protocol import RPC_KNOWLEDGE, TOPIC_KNOWLEDGE, TOPIC_SOURCES, ProtocolError

from .extract import MOST_BYTES
from .passage import Document, KnowledgeError, Passage
from .session import SessionKnowledge
from .sources import public_name

logger = logging.getLogger("visavis.knowledge")

MOST_WAITING: Final = 5
"""Documents that are being read or wait for it."""
SLOWEST: Final = 60.0
"""Seconds in which a file must have come."""
_BUSY: Final = f"{MOST_WAITING} documents are being read; wait for them"


class KnowledgeDesk:
    """Answers :data:`RPC_KNOWLEDGE` and takes the files of :data:`TOPIC_KNOWLEDGE`."""

    def __init__(self, room: rtc.Room, knowledge: SessionKnowledge) -> None:
        self._room = room
        self._knowledge = knowledge
        self._tasks: set[asyncio.Task[None]] = set()
        room.local_participant.register_rpc_method(RPC_KNOWLEDGE, self._answer)
        room.register_byte_stream_handler(TOPIC_KNOWLEDGE, self._take)

    def show(self, question: str, passages: Sequence[Passage]) -> None:
        """Tell everybody what the answer that begins is taken from."""
        sources = Sources(question, tuple(to_source(passage) for passage in passages))
        self._do(self._send(sources.to_json(), TOPIC_SOURCES, None))

    def add_url(self, url: str, teller: str | None = None) -> None:
        """Read it meanwhile, and tell ``teller`` what became of it; None: everybody."""
        self._do(self._learn(url, self._knowledge.add_url(url), teller))

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(ValueError):
            self._room.unregister_byte_stream_handler(TOPIC_KNOWLEDGE)
        await self._knowledge.aclose()

    async def _answer(self, call: rtc.RpcInvocationData) -> str:
        try:
            request = KnowledgeRequest.from_json(call.payload)
        except ProtocolError as error:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.APPLICATION_ERROR, str(error)) from None
        if request.source is not None:
            if request.action == "remove":
                await self._knowledge.remove(request.source)
            elif len(self._tasks) >= MOST_WAITING:
                code = rtc.RpcError.ErrorCode.APPLICATION_ERROR
                raise rtc.RpcError(code, _BUSY)
            else:
                self.add_url(request.source, call.caller_identity)
        listed = [_listed(document) for document in await self._knowledge.documents()]
        return json.dumps(listed, ensure_ascii=False)  # LiveKit counts bytes

    def _take(self, reader: rtc.ByteStreamReader, sender: str) -> None:
        name = reader.info.name or "document"
        if len(self._tasks) >= MOST_WAITING:
            reader.close()
            self._do(self._send(Learned(name, error=_BUSY).to_json(), TOPIC_KNOWLEDGE, sender))
            return
        self._do(self._learn(name, self._receive(name, reader), sender))

    async def _receive(self, name: str, reader: rtc.ByteStreamReader) -> Document:
        data = bytearray()
        try:
            async with asyncio.timeout(SLOWEST):
                async for chunk in reader:
                    data += chunk
                    if len(data) > MOST_BYTES:
                        raise KnowledgeError(f"{name} has more than {MOST_BYTES} bytes")
        except TimeoutError:
            raise KnowledgeError(f"{name} took longer than {SLOWEST:g} s to come") from None
        finally:
            reader.close()  # or what still comes would be kept for as long as the process lives
        return await self._knowledge.add_file(name, bytes(data))

    async def _learn(
        self, name: str, adding: Coroutine[Any, Any, Document], teller: str | None
    ) -> None:
        try:
            document = await adding
            learned = Learned(name, document.title, document.passages)
        except KnowledgeError as error:
            learned = Learned(name, error=str(error))
        except Exception as error:  # a stream that broke off, a disk that is full
            logger.warning("a document could not be added: %s", type(error).__name__)
            learned = Learned(name, error=f"{name} could not be read")
        await self._send(learned.to_json(), TOPIC_KNOWLEDGE, teller)

    async def _send(self, text: str, topic: str, to: str | None) -> None:
        try:
            await self._room.local_participant.send_text(
                text, topic=topic, destination_identities=[to] if to else None
            )
        except Exception as error:  # nobody there, or the room is gone: the answer is spoken anyway
            logger.info("%s could not be sent: %s", topic, type(error).__name__)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def named_in(metadata: str) -> list[str]:
    """The URLs under ``"knowledge"`` in a dispatch's metadata, a JSON object.

    No files: whoever dispatches an agent is not to read its disk.
    """
    with suppress(ValueError):
        data = json.loads(metadata)
        named = data.get("knowledge") if isinstance(data, dict) else None
        return [url for url in named if isinstance(url, str)] if isinstance(named, list) else []
    return []


def to_source(passage: Passage) -> Source:
    """For the page."""
    where = public_name(passage.source)
    return Source(passage.title, where, passage.heading, passage.score, passage.best)


def _listed(document: Document) -> dict[str, Any]:
    name = public_name(document.source)
    return {"source": name, "title": document.title, "passages": document.passages}
