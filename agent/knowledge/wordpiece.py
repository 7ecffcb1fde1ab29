"""BERT's tokens: words cut into the longest pieces that its vocabulary has.

As in Devlin et al. 2019 and its reference code (uncased): clean, lower case, accents off,
punctuation and Han characters by themselves, then greedily the longest piece from the left.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Final

LONGEST_WORD: Final = 100
"""Characters; a longer word is unknown, as in the reference."""

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ceaf\U0002f800-\U0002fa1f"
_PIECES: Final = re.compile(rf"[{_HAN}]|[^\W{_HAN}_]+|[^\w\s]|_")


class WordPiece:
    """Text → token numbers, with the marks of begin and end."""

    def __init__(self, vocabulary: Path, most: int) -> None:
        """``vocabulary``: one piece a line. ``most``: tokens, the two marks included."""
        with vocabulary.open(encoding="utf-8") as file:
            self._numbers = {line.rstrip("\n"): number for number, line in enumerate(file)}
        self._most = most
        self._unknown = self._numbers["[UNK]"]
        self._begin, self._end = self._numbers["[CLS]"], self._numbers["[SEP]"]
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, text: str) -> list[int]:
        tokens = [self._begin]
        for word in _PIECES.findall(_plain(text)):
            tokens += self._pieces(word)
            if len(tokens) >= self._most - 1:
                break
        return [*tokens[: self._most - 1], self._end]

    def _pieces(self, word: str) -> tuple[int, ...]:
        if word not in self._known:
            if len(self._known) > 50_000:
                self._known.clear()
            self._known[word] = self._cut(word)
        return self._known[word]

    def _cut(self, word: str) -> tuple[int, ...]:
        if len(word) > LONGEST_WORD:
            return (self._unknown,)
        found, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if piece in self._numbers:
                    found.append(self._numbers[piece])
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(found)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(
        char
        for char in decomposed
        if unicodedata.category(char) not in ("Mn", "Cc", "Cf") or char in "\t\n\r"
    )
