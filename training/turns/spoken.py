"""What was gathered: turns to learn from, and sentences that are kept for the thresholds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from agent.sentence_ends import LONGEST

OFTEN: Final = 20
"""Times that the same words count at most."""


@dataclass(frozen=True)
class Turn:
    data_set: str
    said: tuple[str, ...]
    """Names with their capital."""
    ends: tuple[int, ...]
    """Places of the last words of its sentences."""


def gathered(file: Path) -> tuple[list[Turn], list[Turn]]:
    """Those to learn from, each sentence by itself and turns of several as a whole, too; and the
    sentences that are kept."""
    learned: list[Turn] = []
    kept: list[Turn] = []
    times: Counter[tuple[str, ...]] = Counter()
    for line in file.read_text().splitlines():
        data_set, is_kept, text = line.split("\t")
        each = [tuple(sentence.split()) for sentence in text.split("|")]
        singly = [Turn(data_set, said, (len(said) - 1,)) for said in each]
        if is_kept == "1":
            kept += singly
            continue
        whole = tuple(word for said in each for word in said)
        ends = tuple(int(end) - 1 for end in np.cumsum([len(said) for said in each]))
        if len(each) > 1 and len(whole) <= LONGEST:
            singly.append(Turn(data_set, whole, ends))
        for turn in singly:
            times[turn.said] += 1
            if times[turn.said] <= OFTEN:
                learned.append(turn)
    return learned, kept
