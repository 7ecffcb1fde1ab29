"""What thresholds find, and at which price: ``report.py sentences.txt`` (see README.md)."""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Final

import numpy as np
from spoken import Turn, gathered

from agent.sentence_ends import LONGEST, SentenceEnds, load

_OTHERS: Final = ("system", "assistant", "agent")
"""Who speaks like an assistant, and is not what it will hear."""


def report(model: SentenceEnds, kept: list[Turn]) -> None:
    """Of sentences it has not learned: what a threshold finds at which price, by words so far."""
    some = list({turn.said: turn for turn in kept if not turn.data_set.endswith(_OTHERS)}.values())
    random.Random(0).shuffle(some)
    chances = [
        [model.chance(" ".join(turn.said[:end])) for end in range(1, len(turn.said) + 1)]
        for turn in some[:5000]
    ]
    for least, most in ((1, 1), (2, 3), (4, 5), (6, 8), (9, LONGEST)):
        whole = np.array([row[-1] for row in chances if least <= len(row) <= most])
        cut = np.array([c for row in chances for c in row[least - 1 : min(most, len(row) - 1)]])
        for share in (0.01, 0.015, 0.03, 0.05):
            below = float(np.quantile(whole, share))
            print(
                f"{least} to {most} words, below {below:.4f}: {100 * share:g} % of {len(whole)} "
                f"whole sentences, {100 * (cut < below).mean():.1f} % of {len(cut)} beginnings"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sentences", type=Path)
    report(load(), gathered(parser.parse_args().sentences)[1])


if __name__ == "__main__":
    main()
