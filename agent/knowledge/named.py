"""Does the person speak of a document, or of what it is about, by its title?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from .words import QUESTION_MARKS, asked, words

_DOCUMENT: Final = "(?:chapter|docs?|documents?|file|guide|page|report|section|text)"
_NAMED: Final = (
    f" {_DOCUMENT} (?:about |called |named |on )?{{name}} "
    f"| {{name}} (?:{_DOCUMENT}|says?|tells?|mentions?) "
)
_ASKED: Final = re.compile(
    "(?:(?:and|hey|hello|hi|okay|please|so|well|can you|could you) )*"
    "(?:what (?:is|are|s|about)|who (?:is|are|s)|what do you know (?:about|of)"
    "|(?:tell|teach) me (?:something |more |a bit |all )?(?:about|of)|explain|describe) "
)
_OPEN: Final = frozenset(["by", "for", "from", "in", "like", "of", "on", "to", "with"])
"""Last words by which something else is asked: "Who is it for?"."""
_ASKS: Final = re.compile(
    "(?:(?:and|but|hey|hello|hi|okay|please|so|well) )*"
    "(?:am|are|can|could|describe|did|do|does|explain|had|has|have|how|is|may|should|teach|tell"
    "|was|were|what|when|where|which|who|whom|whose|why|will|would"
    "|i d like|i want|i wonder|i need|i would like) "
)

_GREETING: Final = (
    r"(?:hey|hi|hello|okay|ok|thanks|thank you|good (?:day|morning|afternoon|evening|night))\W+"
)
_CALLED: Final = re.compile(
    rf"^\W*(?:{_GREETING})+\w+(?=\W)|^\w+,|,\s*\w+\W*$|(?<=\byou)\s+\w+\W*$", re.IGNORECASE
)
"""What only calls whoever is spoken to: "Hey Amy, …", "Amy, …", "…, Amy?", "How are you Amy?"."""


def asks(text: str) -> bool:
    """Does it ask for something? Recognisers leave out many a question mark."""
    return (
        text.rstrip().endswith(QUESTION_MARKS)
        or _ASKS.match(" ".join(words(text)) + " ") is not None
    )


def is_named(question: str, titles: Iterable[str], names: frozenset[str] = frozenset()) -> bool:
    """Is one of them named as a document, or something asked of what has one of the ``names``?

    Of a title of one word, such as "Tools", its word alone says nothing.
    """
    said = f" {' '.join(words(question))} "
    if asks(question) and not names.isdisjoint(words(_CALLED.sub("", question))):
        return True
    for title in map(words, titles):
        name = " ".join(title)
        if f" {name} " not in said:
            continue
        if len(title) > 1 and len(name) > 3:
            return True
        if len(title) == 1 and re.search(_NAMED.format(name=name), said):
            return True
    return False


def subject(question: str, titles: Iterable[str]) -> str | None:
    """The title, where it is asked for and nothing else: "What is …?", "Tell me about …"."""
    said = words(question)
    if not _ASKED.match(" ".join(said)) or said[-1] in _OPEN:
        return None
    wanted = {word for word in asked(question) if len(word) > 1}  # not the s of "what's"
    named = [title for title in titles if wanted and wanted <= set(words(title))]
    return min(named, key=lambda title: len(words(title)), default=None)
