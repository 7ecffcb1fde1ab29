"""Questions that a document itself asks, as an FAQ does: what they head is their answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from .chunks import sentences
from .passage import BELOW, Block
from .words import QUESTION_MARKS

FEW: Final = 3
"""Paragraphs that are questions, from which a document is taken to ask and to answer: before that
they are said for effect."""
LONGEST: Final = 200
"""Characters of a paragraph that is a question."""

_MARK: Final = re.compile(r"^(?:Q(?:uestion)?|F(?:rage)?)?\s*\d*\s*[:.)]\s+", re.IGNORECASE)
_REPLY: Final = re.compile(r"^A(?:nswer|ntwort)?\s*\d*\s*[:.)]\s+")


def questions(heading: str) -> list[str]:
    """Those that the last of the headings (see :class:`~agent.knowledge.passage.Block`) asks."""
    last = heading.rpartition(BELOW)[2]
    return [sentence for sentence in sentences(last) if sentence.endswith(QUESTION_MARKS)]


def under_questions(blocks: Iterable[Block]) -> Iterator[Block]:
    """Where paragraphs ask and the next ones answer, the former become headings of the latter."""
    every = list(blocks)
    asking = [
        _asks(block) and index + 1 < len(every) and _answers(block, every[index + 1])
        for index, block in enumerate(every)
    ]
    if sum(asking) < FEW:
        yield from every
        return
    above, question, replies = "", "", False
    for block, asks in zip(every, asking, strict=True):
        if asks:
            above, question = block.heading, _MARK.sub("", block.text)
            replies = question != block.text
        elif question and block.heading == above and not block.columns:
            heading = BELOW.join(filter(None, (above, question)))
            text = _REPLY.sub("", block.text) if replies else block.text
            replies = False
            yield replace(block, heading=heading, text=text)
        else:
            question = ""
            yield block


def _asks(block: Block) -> bool:
    said = sentences(_MARK.sub("", block.text))
    return (
        len(block.text) <= LONGEST
        and not block.columns
        and bool(said)
        and all(sentence.endswith(QUESTION_MARKS) for sentence in said)
    )


def _answers(question: Block, block: Block) -> bool:
    return block.heading == question.heading and not block.columns and not _asks(block)
