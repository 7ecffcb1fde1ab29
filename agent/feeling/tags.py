"""Takes the marks of feeling out of what a model writes, before it is spoken, shown or remembered.

The dialect is LiveKit's own, ``<expr type="expression" label="happy"/>``, which models that steer
expressive voices are taught as well.
"""

from __future__ import annotations

import re
from typing import Final

from visavis.emotion import EmotionName

from .marks import Feeling, Text

INSTRUCTIONS: Final = (
    'You have a face. Where a sentence carries a feeling, begin it with <expr type="expression" '
    'label="happy"/>; the label is happy, sad, angry, surprised, calm or neutral. Feel with the '
    "person; most sentences need no mark. Never speak of the marks."
)
"""For the system prompt of a model that follows it."""

_TAG: Final = re.compile(r"<(/?)expr\b([^<>]*)>")
_LABEL: Final = re.compile(r'label\s*=\s*["\']([^"\'<>]*)["\']')
_KIND: Final = re.compile(r'type\s*=\s*["\']([^"\'<>]*)["\']')
_LONGEST: Final = 200
"""Characters after which an unfinished tag is taken for text."""

_WORDS: Final[dict[EmotionName, str]] = {
    "happy": "happy joy delight cheer glad amus play excit enthus upbeat bright warm friend laugh "
    "grin smil proud pleas welcom hope thrill content gratef love fun",
    "sad": "sad sorry sorrow regret apolog sympath empath disappoint gloom melanchol grie concern "
    "compassion sheepish lonel",
    "angry": "angr anger annoy frustrat furious irritat indign stern mad",
    "surprised": "surpris amaz astonish wow shock curious wonder flabbergast awe intrigu",
    "calm": "calm gentl sooth peace relax seren quiet soft reassur ground steady thoughtful "
    "composed",
    "neutral": "neutral plain none flat matter",
}
"""Beginnings of the words by which models name a feeling."""
_WEAK: Final = re.compile(r"\b(a little|a bit|slightly|mild(ly)?|somewhat|faint(ly)?)\b")
_STRONG: Final = re.compile(r"\b(very|really|extremely|so|deeply|overjoyed|furious|thrilled)\b")


def name_feeling(label: str) -> Feeling | None:
    """What a free label such as "a little sad, apologetic" means: by its first word that is known.

    None where none is.
    """
    label = label.casefold()
    intensity = 0.4 if _WEAK.search(label) else 1.0 if _STRONG.search(label) else 0.7
    for word in re.findall(r"[a-z]+", label):
        for name, beginnings in _WORDS.items():
            if any(word.startswith(beginning) for beginning in beginnings.split()):
                return Feeling(name, intensity)
    return None


class TagTaker:
    """Fed a text piece by piece, gives back what is to be said, and notes the marks in ``text``.

    Tags may be cut anywhere between two pieces. Of other kinds of the dialect (breaks, sounds,
    spelling) the tag goes and the words stay.
    """

    def __init__(self, text: Text) -> None:
        self._text = text
        self._held = ""
        self._after_tag = False
        self._after_space = True

    def take(self, piece: str) -> str:
        """What of the text so far can be said; a tag that is not whole yet is held back."""
        self._held += piece
        said = ""
        while match := _TAG.search(self._held):
            said += self._say(self._held[: match.start()])
            self._note(match)
            self._held = self._held[match.end() :]
        begin = self._held.rfind("<")
        if begin < 0 or not _may_become_tag(self._held[begin:]):
            begin = len(self._held)
        said += self._say(self._held[:begin])
        self._held = self._held[begin:]
        return said

    def rest(self) -> str:
        """What was held back, at the end of the text."""
        held, self._held = self._held, ""
        return self._say(held)

    def _note(self, match: re.Match[str]) -> None:
        self._after_tag = True
        kind, label = _KIND.search(match[2]), _LABEL.search(match[2])
        if match[1] or label is None or (kind is not None and kind[1] != "expression"):
            return
        if (feeling := name_feeling(label[1])) is not None:
            self._text.mark(feeling)

    def _say(self, text: str) -> str:
        """Of the spaces around a tag one stays, and none at the beginning of the text."""
        if self._after_tag and self._after_space:
            text = text.lstrip(" ")
        if text:
            self._after_tag, self._after_space = False, text[-1].isspace()
            self._text.write(text)
        return text


def _may_become_tag(text: str) -> bool:
    name = text.removeprefix("<").removeprefix("/")
    return len(text) < _LONGEST and (name[:4] == "expr" or "expr".startswith(name))
