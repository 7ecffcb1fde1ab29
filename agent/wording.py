"""What the words of a transcript tell: whether more is to come, and whether they ask for the turn.

The words are English, and so is the grammar; of other languages punctuation is known, and how hums
are written. The rules look at what recognisers write, who end half a sentence with a full stop as
if it were whole.
"""

from __future__ import annotations

import re
from typing import Final

_HUMS: Final = re.compile(r"(m+h+m+|m+|h+m+|u+h+(hu+h*)?|hu+h+|u+m+(hu+m+)?|a+h+|o+h+|aha)+")
_ASSENTS: Final = re.compile(
    r"yeah|yep|yup|right|okay|ok|sure|alright|all|i|see|exactly|cool|nice|great|wow|really"
)
"""Words of those who only say that they listen (Yngve 1970). "Yes" is an answer."""
_STOPS: Final = re.compile(
    r"stop|wait|no|not|hold|hey|sorry|excuse|pardon|please|what|why|how|who|quiet|enough|help|yes|"
    r"but|yeah|okay|ok"
)
"""Words by which one stops somebody, whatever follows."""

_FILLERS: Final = r"u+m+|u+h+|a+h+|erm?"
_NEVER_LAST: Final = re.compile(
    rf"an?|the|my|your|our|their|and|or|but|because|whether|unless|although|than|between|{_FILLERS}"
)
"""No sentence ends with them, and no question."""
_SELDOM_LAST: Final = re.compile(
    r"his|these|to|of|for|from|with|by|at|about|into|but|if|when|while"
)
"""Only those that ask by them: "what of?"."""
_ASKING: Final = re.compile(r"what|who|whom|whose|where|which|when|why|how")
_AFTER_VERB: Final = re.compile(r"who|which|where|how")
_NOMINATIVES: Final = re.compile(r"i|he|she|we|they")
_VERBS: Final = re.compile(r"is|are|was|were|am|will|would|could|should|can|has|had")
_BEFORE_NOMINATIVE: Final = re.compile(rf"{_VERBS.pattern}|than|as|do|does|did|and|or")
_SUBJECTS: Final = re.compile(r"i|you|he|she|it|we|they|there|that|this|one")
_CLAUSE: Final = re.compile(
    r"(and |but |so |well |yes |no )?(if|when|while|although|though|once|since|unless|whenever|"
    r"after|before|as) (?!do|does|did|is|are|was|were|will|can|could|should|would|have|has)"
)
"""It begins like half of a sentence; of a question, a verb would come next."""
_STEMS: Final = re.compile(
    r"so|well|((and|but|so|well|okay|yes|no) )*("
    r"i (think|guess|mean|want|need|would like|was wondering)|"
    r"i (was going|wanted|want|would like) to (ask|tell)( you)?|i would like to know|"
    r"(can|could|would|will) you( please)?( tell| show| give| teach| remind)( me| us)|"
    r"please (tell|show|give|remind) (me|us)|do you know|would you mind|let me (see|think))"
)
"""Whole texts that ask for something to follow."""
_ASIDE: Final = re.compile(r"(my|our|the|his|her|their) [^,]*, (who|which) [^,]*")
"""Somebody, of whom nothing has been said yet."""
_NUMBER: Final = re.compile(r".*\b(number|phone)\b\D*(\d\D?){3,6}")


def is_hum(text: str) -> bool:
    """Nothing but hums, one at least."""
    words = re.findall(r"\w+", text.lower())
    return bool(words) and _HUMS.fullmatch("".join(words)) is not None


def is_assent(text: str, *, english: bool = True) -> bool:
    """Nothing but words and hums of somebody who listens: "yeah", "okay, right", "mhm, I see"."""
    if not english:
        return is_hum(text)
    words = _words(text)
    return bool(words) and all(_ASSENTS.fullmatch(w) or _HUMS.fullmatch(w) for w in words)


def is_scrap(text: str, *, english: bool = True) -> bool:
    """A word or two that break off, which is how the embedded ears write a hum."""
    words = _words(text)
    return english and (
        0 < len(words) <= 2
        and not any(map(_STOPS.fullmatch, words))
        and (text.rstrip().endswith(",") or breaks_off(text))
    )


def breaks_off(text: str, *, english: bool = True) -> bool:
    """More is to come, by its last word or its grammar, or by dots or a dash."""
    text = text.strip().lower()
    if text.endswith(("…", "...", "-", "–", "—")):
        return True
    if not english:
        return False
    words = _words(text)
    if not words or is_hum(text):
        return False
    plain, asks = " ".join(words), text.endswith("?")
    if _NEVER_LAST.fullmatch(words[-1]) or _STEMS.fullmatch(plain):
        return True
    if text.endswith("!"):
        return False
    first, _, rest = text.partition(",")
    if rest.endswith(",") and " " in first and _STEMS.fullmatch(first):  # something put in
        return True
    return _lacks_an_end(words, asks) or (not asks and _lacks_a_verb(text, plain))


def _lacks_an_end(words: list[str], asks: bool) -> bool:
    """By its last words."""
    *before, last = words
    asked = any(map(_ASKING.fullmatch, before))
    if _SELDOM_LAST.fullmatch(last):
        # "What of?", but "Could you tell me about?"
        return not asked and not (asks and len(words) < 3)
    if _AFTER_VERB.fullmatch(last):
        denied = any(word in ("not", "no") or word.endswith("n't") for word in before)
        return len(words) > 2 and not asked and not denied
    if _NOMINATIVES.fullmatch(last) and len(before) > 2:
        return not asked and not _BEFORE_NOMINATIVE.fullmatch(before[-1])
    if last == "that" and before:
        return not asked and before[-1] in ("is", "true", "sure", "think", "hope", "believe")
    if _VERBS.fullmatch(last) and before:
        cleft = before[0] == "what" and not asks
        return (cleft or not asked) and not _SUBJECTS.fullmatch(before[-1])
    return False


def _lacks_a_verb(text: str, plain: str) -> bool:
    """Nothing but a clause, or somebody, to whom the sentence itself is to come."""
    text = text.rstrip(".,")
    if _CLAUSE.match(plain) and "," not in text:
        return 4 <= len(plain.split()) <= 8
    return bool(_ASIDE.fullmatch(text) or _NUMBER.fullmatch(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())
