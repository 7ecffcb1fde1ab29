"""What an ``Agent``'s nodes do for feelings: note what the model marks, read what it does not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final, TypeVar

from livekit.agents import FlushSentinel, llm

from .marks import Feelings, Text, only_letters
from .sentiment import read_feeling
from .tags import TagTaker

Chunk = llm.ChatChunk | str | FlushSentinel
Piece = TypeVar("Piece", bound=str)

_SENTENCE_END: Final = re.compile(r"[.!?…。！？]+[\"')\]]*\s*$")


async def take_feelings(chunks: AsyncIterable[Chunk], feelings: Feelings) -> AsyncIterator[Chunk]:
    """For ``llm_node``: the model's chunks without the marks, which ``feelings`` keeps."""
    tags = TagTaker(feelings.begin(is_told=True))
    async for chunk in chunks:
        if isinstance(chunk, str):
            if said := tags.take(chunk):
                yield said
        elif isinstance(chunk, llm.ChatChunk) and chunk.delta and chunk.delta.content:
            said = tags.take(chunk.delta.content)
            if said or chunk.delta.tool_calls or chunk.usage:
                delta = chunk.delta.model_copy(update={"content": said or None})
                yield chunk.model_copy(update={"delta": delta})
        else:
            yield chunk
    if said := tags.rest():
        yield said


async def read_feelings(pieces: AsyncIterable[Piece], feelings: Feelings) -> AsyncIterator[Piece]:
    """For ``transcription_node``: the pieces as they are; ``feelings`` learns each sentence's.

    A sentence is read when its last word has come, which is before its first is heard: the text
    comes faster than it is spoken. Where it does not, the feeling comes in mid-sentence.
    """
    text: Text | None = None
    sentence, begin = "", 0
    async for piece in pieces:
        if text is None:
            text = feelings.begin()
        text.write(piece)
        sentence += piece
        if _SENTENCE_END.search(sentence) and only_letters(sentence):
            text.mark(await asyncio.to_thread(read_feeling, sentence), begin)
            sentence, begin = "", len(text.letters)
        yield piece
    if text is not None and only_letters(sentence):
        text.mark(await asyncio.to_thread(read_feeling, sentence), begin)
