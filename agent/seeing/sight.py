"""What the language model is shown in a turn; or what is said by one that cannot see.

As with knowledge, pictures are added to the context of one answer: the conversation's own history
stays text, whose memory and transcripts have no picture in them.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Final

from livekit import rtc
from livekit.agents import llm

from agent.knowledge.answer import is_from_person, last_question
from agent.languages import LANGUAGES

from .pictures import Picture, Source, shrink_frame, to_frame
from .shared import Shared, View

logger = logging.getLogger("visavis.agent")

MOST: Final = 3
"""Pictures in the context of an answer; older ones are dropped."""
PATIENCE: Final = 0.5
"""Seconds after which an answer begins without the picture: of a machine that is stuck."""
CANNOT: Final = LANGUAGES["en"].blind

_NAMES: Final[dict[Source, str]] = {
    "screen": "their screen",
    "camera": "their camera",
    "file": "a picture that they sent",
}
_SHOWN: Final = (
    "The person shows you something: the pictures with their last words are, in this order, {}. "
    "Camera and screen are as they are at this moment. Look where it helps; describe nothing that "
    "nobody asked about."
)
_GONE: Final = "The person shares no picture any more: do not speak as if you still saw one."
_BLIND: Final = (
    "The person shares {}, but you cannot see pictures. Where they speak of what is to be seen, "
    "say so plainly, and guess nothing."
)
_ASKED: Final = re.compile(
    r"\b(can|could|do|did) you (also |now |still )?(see|look)\b|\bwhat (can|do|did) you see\b"
    r"|\b(look|looking) at (me|this|that|my|the)\b|\bmy (camera|webcam|screen)\b"
    r"|\b(this|the|my) (picture|photo|image|screenshot)\b",
    re.IGNORECASE,
)


class Sight:
    """What one conversation's agent sees.

    Args:
        able: Whether its language model takes pictures.
    """

    def __init__(self, *, able: bool) -> None:
        self.able = able
        self.shared: Shared | None = None
        """None where there is no room, or nobody in it yet."""
        self.push: Callable[[rtc.VideoFrame], None] | None = None
        """Gives a picture to a realtime model."""
        self._sent: list[Picture] = []
        self._seen: dict[str, list[Picture]] = {}
        """By the id of the message that they came with, the oldest first."""
        self._has_shown = False

    def follow(self, shared: Shared) -> None:
        """From now on look at what is shared there."""
        self.shared = shared
        shared.on_change = self._forget

    async def take(self, jpeg: bytes) -> None:
        """A picture that was sent: for the next thing that the person says."""
        if self.push is not None:
            self.push(await asyncio.to_thread(to_frame, jpeg))
        else:
            self._sent = [*self._sent, Picture("file", jpeg)][-MOST:]

    async def tell(
        self, chat_ctx: llm.ChatContext, whole: llm.ChatContext | None = None
    ) -> llm.ChatContext:
        """The context with what is to be seen, or with the word that nothing is.

        ``whole``: the conversation, where ``chat_ctx`` is only the end of it.
        """
        place = next(
            (i for i in reversed(range(len(chat_ctx.items))) if is_from_person(chat_ctx.items[i])),
            None,
        )
        if place is None:
            return chat_ctx
        if not self.able:
            sources = self.shared.sources if self.shared is not None else []
            return _noted(chat_ctx, place, _BLIND.format(_listed(sources))) if sources else chat_ctx
        message = chat_ctx.items[place]
        ids = {item.id for item in (whole or chat_ctx).items}
        for id in [id for id in self._seen if id not in ids]:
            # Of an answer that was begun too soon and thrown away.
            self._sent += [picture for picture in self._seen.pop(id) if picture.source == "file"]
        if message.id not in self._seen:
            # Noted before the look, in which an answer begun too soon may be thrown away.
            self._seen[message.id], self._sent = self._sent, []
            looked = await self._look()
            if message.id in self._seen:
                self._seen[message.id] += looked
        self._forget()
        told, shows = chat_ctx.copy(), False
        for i, item in enumerate(told.items):
            if isinstance(item, llm.ChatMessage) and (pictures := self._seen.get(item.id)):
                shown = [llm.ImageContent(image=picture.url) for picture in pictures]
                told.items[i] = item.model_copy(update={"content": [*item.content, *shown]})
                shows = True
        if now := self._seen.get(message.id):
            self._has_shown = True
            return _noted(told, place, _SHOWN.format(_listed([each.source for each in now])))
        if self._has_shown and not shows:
            return _noted(told, place, _GONE)
        return told

    def refuse(self, chat_ctx: llm.ChatContext) -> str | None:
        """For the embedded model, which would make up what it sees: what to say in its place."""
        return CANNOT if not self.able and _ASKED.search(last_question(chat_ctx)) else None

    async def _look(self) -> list[Picture]:
        """What is shared at this moment."""
        views = self.shared.views if self.shared is not None else []
        try:
            async with asyncio.timeout(PATIENCE):
                return [
                    Picture(
                        view.source, await asyncio.to_thread(shrink_frame, frame, view.turn), view
                    )
                    for view in views
                    if (frame := view.frame) is not None
                ]
        except TimeoutError:
            logger.warning("looking took longer than %g s; answering without", PATIENCE)
        except Exception as error:  # the answer does not need it
            logger.warning("what is shared cannot be seen: %s", type(error).__name__)
        return []

    def _forget(self) -> None:
        """Drop what is no longer shared, and the oldest of what is too much."""
        open_views: list[View] = self.shared.views if self.shared is not None else []
        left = MOST
        for id in reversed(self._seen):
            pictures = [
                picture
                for picture in self._seen[id]
                if picture.view is None or any(picture.view is view for view in open_views)
            ]
            self._seen[id] = pictures[: max(0, left)]
            left -= len(pictures)


def _noted(chat_ctx: llm.ChatContext, place: int, text: str) -> llm.ChatContext:
    told = chat_ctx.copy()
    told.items.insert(place, llm.ChatMessage(role="system", content=[text]))
    return told


def _listed(sources: list[Source]) -> str:
    return ", ".join(_NAMES[source] for source in sources)
