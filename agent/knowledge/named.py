"""Does the person speak of a document by its title?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from .words import asked, words

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


def is_named(question: str, titles: Iterable[str]) -> bool:
    """Is one of them named as a document? Of a title of one word, such as "Tools", its word alone
    says nothing."""
    said = f" {' '.join(words(question))} "
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
    if not _ASKED.match(" ".join(words(question))):
        return None
    wanted = {word for word in asked(question) if len(word) > 1}  # not the s of "what's"
    named = [title for title in titles if wanted and wanted <= set(words(title))]
    return min(named, key=lambda title: len(words(title)), default=None)
