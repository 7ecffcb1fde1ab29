"""The feeling of a sentence nobody marked, read from its words.

By VADER (Hutto and Gilbert 2014, "VADER: a parsimonious rule-based model for sentiment analysis of
social media text"): a lexicon with rules for negation and emphasis. English; of other languages it
knows emoji and little else, and then says nothing.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from .marks import Feeling

_NOTICEABLE: Final = 0.3
"""Compound score, -1..1, below which a sentence is plain; VADER's authors draw the line at 0.05,
where a face would change with every polite word."""
_SURPRISE: Final = re.compile(
    r"^\s*(wow|whoa|really|oh my|no way|my goodness|incredible|unbelievable)\b|\?!|!\?",
    re.IGNORECASE,
)
_OWN_QUESTION: Final = re.compile(r"\?\s*$")


def read_feeling(sentence: str) -> Feeling:
    """Happy, sad or surprised by as much as the words say; else neutral."""
    score = float(_vader().polarity_scores(sentence)["compound"])
    if _SURPRISE.search(sentence):
        return Feeling("surprised", 0.6)
    if _OWN_QUESTION.search(sentence):  # "what would you like?" is polite rather than glad
        score *= 0.5
    if abs(score) < _NOTICEABLE:
        return Feeling("neutral", 1.0)
    intensity = round(min(1.0, 0.2 + 0.7 * abs(score)), 2)
    return Feeling("happy" if score > 0 else "sad", intensity)


@cache
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
