"""Passages into the conversation: told to the language model, or said as they are.

A large model is told what was found and answers from it. The embedded one cannot be trusted with
that: it says the nearest sentences themselves where they are surely meant, and else talks as ever.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, TypeGuard, TypeVar

from livekit.agents import function_tool, llm

from .chunks import sentences
from .named import asks, is_named, subject
from .names import is_in_english, nameless, names_of
from .passage import BELOW, SPOKEN, Passage
from .search import MOST_QUESTION
from .session import SessionKnowledge
from .words import QUESTION_MARKS, asked, plain, stem, words

logger = logging.getLogger("visavis.knowledge")

PATIENCE: Final = 0.3
"""Seconds after which an answer begins without knowledge: of a machine that is stuck."""
SMALL_PATIENCE: Final = 1.0
"""The same where the embedded model would answer, which makes up what it does not know."""
PROMPT_BUDGET: Final = 1200
"""Tokens of passages that a large model is told in a turn."""
TOOL_BUDGET: Final = 1600
LIKELY: Final = 0.35
"""Score from which a passage is about the question's subject."""
SURE: Final = 0.55
"""Score from which its sentences are the answer, where names are left out of the question."""
ANSWERS: Final = 0.5
"""The same of one that a document gives to a question of its own."""
TOLD: Final = 0.6
"""Either, at least, where nothing was asked."""
ANOTHER: Final = 0.1
"""By which what belongs to another name has to be nearer."""
LEAD: Final = 0.25
"""By which anything else has to be nearer than what a document gives to a question of its own."""
LETTERS: Final = 0.4
"""Share of what is written in an answer that is letters, at least."""
LEAST: Final = 3
"""Words of a question that means something without what was said before it."""
WORDS: Final = 5
"""From which an answer is taken for a sentence whatever it says."""
NOTHING: Final = "I found nothing about that in what I was given to read."

_TOLD: Final = (
    "What you were given to know has these passages, found for what the person said last. Where "
    "they answer it, answer from them alone, in your own spoken words. Where the person asks about "
    "their subject and they do not answer it, say that you do not know. Else leave them aside."
)

_CODE: Final = re.compile(r"[<>{}]|&&|^\$ |\s--\w")
_SYMBOLS: Final = re.compile(r"[A-Z]=\S|://|\b[a-z]+_[a-z]")

_T = TypeVar("_T")
Show = Callable[[str, Sequence[Passage]], None]
"""Question and the passages of its answer: for the page."""


class Answers:
    """What one conversation's agent does with its knowledge. ``show`` may be set later."""

    def __init__(self, knowledge: SessionKnowledge, *, show: Show | None = None) -> None:
        self._knowledge = knowledge
        self.show = show

    async def tell(self, chat_ctx: llm.ChatContext) -> llm.ChatContext:
        """For a large model: the context, with what was found before the person's words."""
        if not (found := await _in_time(self._find(chat_ctx), [], PATIENCE)):
            return chat_ctx
        self._show(chat_ctx, found)
        told = chat_ctx.copy()
        place = max(i for i, item in enumerate(told.items) if is_from_person(item))
        text = "\n\n".join([_TOLD, *(_quoted(passage) for passage in found)])
        told.items.insert(place, llm.ChatMessage(role="system", content=[text]))
        return told

    async def say(self, chat_ctx: llm.ChatContext) -> str | None:
        """For the embedded model: what to say in its place; None: let it talk."""
        return await _in_time(self._say(chat_ctx), None, SMALL_PATIENCE)

    async def _say(self, chat_ctx: llm.ChatContext) -> str | None:
        if not (question := await self._knowledge.as_meant(last_question(chat_ctx))):
            return None
        titles, names = await self._knowledge.titles(), await self._knowledge.names()
        for part in (question, *last_asked(question)):
            if sure := await self._openings(part, titles) or await self._sure(part, names):
                break
        else:
            return NOTHING if is_named(question, titles, names) else None
        best = max(sure, key=lambda one: (is_sayable(one, question), _rank(one)))
        if not is_sayable(best, question):
            return NOTHING
        self._show(chat_ctx, [best])
        return spoken(best)

    def tools(self) -> list[llm.Tool]:
        """For models that can call functions: to look for more, in words of their own."""

        @function_tool
        async def search_knowledge(query: str) -> str:
            """Search the documents that you were given to know.

            Args:
                query: What to look for, as a whole question or a few telling words.
            """
            found = await self._knowledge.search(query, budget=TOOL_BUDGET)
            if found and self.show is not None:
                self.show(query, found)
            return "\n\n".join(map(_quoted, found)) or "Nothing was found."

        return [search_knowledge]

    async def _find(self, chat_ctx: llm.ChatContext) -> list[Passage]:
        """Passages about what the person said last; empty where it was not the person."""
        question = await self._knowledge.as_meant(last_question(chat_ctx))
        if not question:
            return []
        found = await self._knowledge.search(question, budget=PROMPT_BUDGET)
        return [passage for passage in found if passage.score >= LIKELY]

    async def _openings(self, question: str, titles: Sequence[str]) -> list[Passage]:
        """How the document begins that is asked for, and nothing else is."""
        if (title := subject(question, titles)) is None:
            return []
        openings = await self._knowledge.opening(title)
        return [opening for opening in openings if is_sayable(opening, question)]

    async def _sure(self, question: str, names: frozenset[str]) -> list[Passage]:
        found = await self._search(question, names)
        is_asked = asks(question)
        return [passage for passage in found if is_sure(passage, is_asked)]

    async def _search(self, question: str, names: frozenset[str]) -> list[Passage]:
        """What has a name in it is not near to a question for that name alone."""
        found = await self._knowledge.search(question, budget=PROMPT_BUDGET)
        called = names.intersection(words(question[:MOST_QUESTION]))
        if not called or not is_in_english(question[:MOST_QUESTION], called):
            return found
        plainly = await self._knowledge.search(nameless(question, called), budget=PROMPT_BUDGET)
        both = [one for one in found if one.answers] + [one for one in plainly if not one.answers]
        return [
            replace(one, score=one.score - ANOTHER) if is_of_another(one, called) else one
            for one in both
        ]

    def _show(self, chat_ctx: llm.ChatContext, found: Sequence[Passage]) -> None:
        if self.show is not None:
            self.show(last_question(chat_ctx), found)


async def _in_time(work: Awaitable[_T], otherwise: _T, patience: float) -> _T:
    try:
        async with asyncio.timeout(patience):
            return await work
    except TimeoutError:
        logger.warning("searching took longer than %g s; answering without", patience)
        return otherwise


def is_from_person(item: llm.ChatItem) -> TypeGuard[llm.ChatMessage]:
    return isinstance(item, llm.ChatMessage) and item.role == "user"


def last_question(chat_ctx: llm.ChatContext) -> str:
    """What the person said last; empty where something else came last, such as a tool's result."""
    last = chat_ctx.items[-1] if chat_ctx.items else None
    return (last.text_content or "").strip() if last is not None and is_from_person(last) else ""


def last_asked(text: str) -> list[str]:
    """What is asked at the end of a longer speech, if anything is."""
    every = sentences(text)
    asking = [one for one in every if one.endswith(QUESTION_MARKS) and len(words(one)) >= LEAST]
    return asking[-1:] if len(every) > 1 else []


def is_sure(passage: Passage, is_asked: bool) -> bool:
    """Is it the answer? Of what was only told to be talked about that takes more."""
    enough = ANSWERS if passage.answers else SURE
    return passage.score >= (enough if is_asked else max(enough, TOLD))


def is_of_another(passage: Passage, called: frozenset[str]) -> bool:
    """Has its document another name, and it nothing of the ones that are called?"""
    text = f"{passage.title} {passage.heading} {passage.text}"
    return bool(names_of(passage.title)) and called.isdisjoint(words(text))


def _rank(passage: Passage) -> float:
    return passage.score + LEAD * passage.answers


def spoken(passage: Passage) -> str:
    """Its nearest sentences as one would say them."""
    said = ""
    for sentence in sentences(passage.best.replace("\n", " ")):
        if said and len(said) + len(sentence) > SPOKEN:
            break
        said = f"{said} {sentence}".strip()
    if len(said) > SPOKEN:
        said = said[:SPOKEN].rsplit(" ", 1)[0] + " …"
    said = re.sub(r"\s*\([^()]*\)", "", said)  # what stands in brackets is for the eye
    said = said.rstrip(" :,;")
    return said if said[-1:] in ".!?…" else f"{said}."


def is_sayable(passage: Passage, question: str) -> bool:
    """Is what would be :func:`spoken` of it for the ear? Code and rows of figures are not; nor is
    what is short and leads to a list, or has none of the question's words besides the document's
    title, such as a command. What is written as an answer may be short, and name settings."""
    answer = spoken(passage)
    written = "".join(answer.split())
    if sum(map(str.isalpha, written)) < LETTERS * len(written) or _CODE.search(answer):
        return False
    if passage.answers:
        return True
    if _SYMBOLS.search(answer):
        return False
    if len(words(answer)) >= WORDS:
        return True
    said, named = plain(answer), plain(passage.title)
    return not passage.best.endswith(":") and any(
        stem(word) in said for word in asked(question) if word not in named
    )


def _quoted(passage: Passage) -> str:
    where = BELOW.join(part for part in (passage.title, passage.heading) if part)
    columns = f"(columns: {passage.columns})\n" if passage.columns else ""
    return f"[{where}]\n{columns}{passage.text}"
