"""Remembers a person from one conversation to the next, if they want it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Literal

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent, llm

from settings import Settings
from store import Memories, Memory, MemoryChangedError, Turn
from visavis.protocol import ATTRIBUTE_PERSON

from .job_store import JobStore
from .manner import Manner

logger = logging.getLogger("visavis.agent")

Kind = Literal["facts", "history"]

Meet = Callable[[rtc.RemoteParticipant], None]

RECALLING: Final = 3.0
"""Seconds that the first word waits for what is known; then nothing is."""
GATHERING: Final = 6.0
"""Seconds that the model may take to gather facts, once the person has gone."""
TURNS_TOLD: Final = 12
"""Of an earlier conversation, to a language model."""
TURNS_TOLD_SMALL: Final = 2
LETTERS_TOLD: Final = 300
"""Of each turn."""
MOST_TURNS: Final = 100
"""Of one conversation that facts are gathered from, and of all that are left of earlier ones."""

_GATHER: Final = (
    "You keep notes about a person for the next conversation with them. Below are the notes so far "
    "and a conversation. Answer with the new notes as a JSON array of at most 20 short sentences: "
    "what the person said of themselves, wants, likes, plans or asked to be remembered. Correct "
    "what has changed, leave out what was only small talk, invent nothing."
)

_NAMES_OF_A_FACT: Final = ("fact", "note", "text", "sentence")


class Recorder:
    """What one person says and hears in one conversation; kept when it is over.

    Args:
        person: The key of the one to be remembered.
        gatherer: Gathers facts; None: no model that is able to, and what was said is kept
            instead.
        began: When the conversation did, Unix seconds, perhaps with another agent: whoever asked
            to be forgotten since then is not remembered.
        clock: Unix seconds.
    """

    def __init__(
        self,
        memories: Memories,
        person: str,
        kind: Kind,
        gatherer: llm.LLM[Any] | None,
        began: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._memories = memories
        self._person = person
        self._gatherer = gatherer if kind == "facts" else None
        self._clock = clock
        self._began = min(began, clock())  # another machine's clock may be ahead
        self._turns: list[Turn] = []
        self.is_theirs = True
        """Whether it is this person who is heard."""

    async def recall(self) -> Memory:
        return await asyncio.to_thread(self._memories.recall, self._person)

    def attach(self, session: AgentSession[Any]) -> None:
        session.on("conversation_item_added", self._on_item)

    async def save(self) -> None:
        """Once the conversation is over. A store that fails costs the memory alone."""
        if not any(turn.role == "user" for turn in self._turns):
            return
        try:
            if not await self._keep_facts():
                await asyncio.to_thread(
                    self._memories.keep,
                    self._person,
                    since=self._began,
                    turns=self._turns,
                    facts=None,
                )
        except Exception as error:  # its text may hold what was said
            logger.error("a conversation could not be remembered: %s", type(error).__name__)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not self.is_theirs or not isinstance(item, llm.ChatMessage) or not item.text_content:
            return
        if item.role == "user" or item.role == "assistant":
            self._turns.append(Turn(self._clock(), item.role, item.text_content))

    async def _keep_facts(self) -> bool:
        """Were there any to keep?"""
        deadline = asyncio.get_running_loop().time() + GATHERING
        while self._gatherer is not None:
            # Not what was known at the beginning: a second tab, or the agent that this one took
            # over from, may have ended since.
            known = await self.recall()
            facts = await self._gather(self._gatherer, known, deadline)
            if facts is None:
                return False
            with suppress(MemoryChangedError):
                await asyncio.to_thread(
                    self._memories.keep,
                    self._person,
                    since=self._began,
                    turns=[],
                    facts=facts,
                    instead_of=known,
                )
                return True
        return False

    async def _gather(
        self, gatherer: llm.LLM[Any], known: Memory, deadline: float
    ) -> list[str] | None:
        """The new facts; None where the model answered with nothing that can take their place."""
        # Of earlier conversations there is what could not be gathered then.
        turns = [*known.turns[-MOST_TURNS:], *self._turns[-MOST_TURNS:]]
        said = "\n".join(f"{turn.role}: {turn.text[:LETTERS_TOLD]}" for turn in turns)
        asked = llm.ChatContext.empty()
        asked.add_message(role="system", content=_GATHER)
        notes = json.dumps(list(known.facts), ensure_ascii=False)
        asked.add_message(role="user", content=f"Notes:\n{notes}\n\nConversation:\n{said}")
        answer = ""
        try:
            async with asyncio.timeout_at(deadline), gatherer.chat(chat_ctx=asked) as chunks:
                async for chunk in chunks:
                    answer += (chunk.delta and chunk.delta.content) or ""
        except Exception as error:
            logger.warning("no facts could be gathered: %s", type(error).__name__)
            return None
        facts = read_facts(answer)
        # Of a model that was given notes, an empty list says that there is nothing to add.
        return facts if facts or not known.facts else None


async def remember(
    store: JobStore,
    session: AgentSession[Any],
    manner: Manner,
    person: rtc.RemoteParticipant,
    settings: Settings,
    gatherer: llm.LLM[Any] | None,
    *,
    began: float,
    small: bool,
) -> Meet:
    """Tell the agent what is known of ``person``, and keep this conversation, if they want it.

    ``gatherer``, ``began``: as :class:`Recorder`'s. ``small``: the language model is the embedded
    one.

    What it returns takes whoever is heard from then on: of one, nothing is for another.
    """
    key = person.attributes.get(ATTRIBUTE_PERSON)
    if not key or settings.agent_memory == "off":
        return lambda _: None
    try:
        async with asyncio.timeout(RECALLING):
            memories = Memories(await asyncio.to_thread(store.open), time.time)
            recorder = Recorder(memories, key, settings.agent_memory, gatherer, began)
            known = await recorder.recall()
    except Exception as error:
        logger.error("nothing can be remembered: %s", type(error).__name__)
        return lambda _: None
    told = tell(known, small=small)
    await _put_in_mind(session, manner, told)
    recorder.attach(session)
    store.at_the_end(recorder.save)
    telling: set[asyncio.Task[None]] = set()

    def meet(heard: rtc.RemoteParticipant) -> None:
        recorder.is_theirs = heard.attributes.get(ATTRIBUTE_PERSON) == key
        memory = told if recorder.is_theirs else ""
        task = asyncio.create_task(_put_in_mind(session, manner, memory), name="memory")
        telling.add(task)
        task.add_done_callback(telling.discard)

    return meet


async def _put_in_mind(session: AgentSession[Any], manner: Manner, memory: str) -> None:
    if memory == manner.memory:
        return
    manner.memory = memory
    try:
        await session.current_agent.update_instructions(manner.instructions)
    except Exception as error:  # such as a session that is closing
        logger.warning("the agent cannot be told who is there: %s", type(error).__name__)
    manner.on_change()


def read_facts(answer: str) -> list[str] | None:
    """The sentences of a JSON array somewhere in ``answer``, bare or as ``{"fact": "…"}``.

    None where there is no array, where it holds other objects, or things but no sentence.
    """
    match = re.search(r"\[.*\]", answer, re.DOTALL)
    try:
        listed = json.loads(match[0]) if match else None
    except ValueError:
        return None
    if not isinstance(listed, list):
        return None
    texts = [_text(each) if isinstance(each, dict) else each for each in listed]
    if None in texts:
        return None
    facts = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
    return facts if facts or not listed else None


def _text(fact: dict[str, Any]) -> str | None:
    texts = [fact[name] for name in _NAMES_OF_A_FACT if isinstance(fact.get(name), str)]
    return texts[0] if texts else None


def tell(memory: Memory, *, small: bool) -> str:
    """What to add to a system prompt; empty where nothing is known."""
    parts = []
    if memory.facts:
        parts.append("What you know of the person from earlier:\n- " + "\n- ".join(memory.facts))
    told = TURNS_TOLD_SMALL if small else TURNS_TOLD
    # The small model would take its own old answers for its next.
    turns = [turn for turn in memory.turns if not small or turn.role == "user"][-told:]
    if turns:
        name = {"user": "Person", "assistant": "You"}
        lines = "\n".join(f"{name[turn.role]}: {turn.text[:LETTERS_TOLD]}" for turn in turns)
        parts.append(f"Your last conversation ended so:\n{lines}")
    return "\n\n".join(parts)
