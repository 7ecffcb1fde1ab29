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


def is_named(question: str, titles: Iterable[str]) -> bool:
    """Is one of them named as a document? Of a title of one word, such as "Tools", its word alone
    says nothing."""
    said = f" {' '.join(words(question))} "
    for title in map(words, titles):
        name = " ".join(title)
        if len(title) == 1:
            is_there = re.search(_NAMED.format(name=re.escape(name)), said) is not None
        else:
            is_there = len(name) > 3 and f" {name} " in said
        if is_there:
            return True
    return False


def subject(question: str, titles: Iterable[str]) -> str | None:
    """The title, where nothing else is asked for: "What is …?", "Tell me about …"."""
    wanted = set(asked(question))
    if not wanted:
        return None
    return next((title for title in titles if wanted <= set(words(title))), None)
