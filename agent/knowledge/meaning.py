"""What a question means, as a vector: as it is, and without the names of what it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from .names import nameless, names_of

_END: Final = "?？؟!.… "
"""What a question ends with. Its vector is nearer to what answers it without: documents ask little,
and what is recognised from speech may have none."""

Vector = npt.NDArray[np.float32]
Encoder = Callable[[Sequence[str]], Vector]
"""Texts → texts × 384, each of length 1: :class:`~agent.knowledge.minilm.MiniLM`."""


class Meaning:
    """Of one question. Made in about 8 ms, and as long again for each title that has a name which
    is in it."""

    def __init__(self, question: str, encoder: Encoder) -> None:
        self._question = bare(question)
        self._encoder = encoder
        self.whole: Vector = encoder([self._question])[0]
        self._known: dict[str, Vector] = {self._question: self.whole}

    def without_names(self, title: str) -> Vector:
        """With "it" for the names that the title has."""
        text = nameless(self._question, names_of(title))
        if text not in self._known:
            self._known[text] = self._encoder([text])[0]
        return self._known[text]


def bare(question: str) -> str:
    """Without what it ends with."""
    return question.rstrip(_END) or question
