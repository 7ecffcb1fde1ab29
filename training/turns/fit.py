"""Makes ``agent/sentence_ends.npz``: python training/turns/fit.py SENTENCES... (see README.md)."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.sentence_ends import BITS, SentenceEnds, features, words
from bench import turn_texts, turn_unseen

LONGEST: Final = 25
"""Words."""
PASSES: Final = 5
BATCH: Final = 256
RATE: Final = 0.1
"""Of AdaGrad (Duchi, Hazan and Singer, JMLR 12, 2011)."""
DECAY: Final = 2e-6
HELD_OUT: Final = 10
"""One sentence in so many is kept for the threshold."""

Table = NDArray[np.int32]


def read(path: Path) -> list[str]:
    """Sentences: the first column of a text, or CLINC150's JSON.

    One that has many translations comes as often, and so do the short ones that people say most.
    """
    if path.suffix == ".json":
        splits: dict[str, list[list[str]]] = json.loads(path.read_text())
        return [said for each in splits.values() for said, _ in each]
    return [line.split("\t")[0] for line in path.read_text().splitlines() if line.strip()]


def judged_by() -> set[tuple[str, ...]]:
    """The sentences of ``bench turns``, and their halves, which are not to be learned."""
    found = set()
    for module in (turn_texts, turn_unseen):
        for text in (*module.OPEN, *module.WHOLE, *module.CUT_INS, *turn_texts.CLOSED):
            found |= {tuple(words(part)) for part in (text.replace("|", " "), *text.split("|"))}
    return found


def beginnings(sentences: Iterable[Sequence[str]]) -> tuple[Table, NDArray[np.float32]]:
    """(n, most) places of weights, one past the table's end where there are fewer; (n,) whether
    the sentence was over."""
    rows: list[list[int]] = []
    over: list[bool] = []
    for said in sentences:
        for end in range(1, len(said) + 1):
            rows.append(features(said[:end]))
            over.append(end == len(said))
    table = np.full((len(rows), max(map(len, rows))), 1 << BITS, np.int32)
    for row, places in zip(table, rows, strict=True):
        row[: len(places)] = places
    return table, np.array(over, np.float32)


def fit(table: Table, over: NDArray[np.float32], chance: np.random.Generator) -> SentenceEnds:
    size = (1 << BITS) + 1
    weights: NDArray[np.float64] = np.zeros(size)
    seen: NDArray[np.float64] = np.full(size, 1e-6)
    bias = 0.0
    for _ in range(PASSES):
        order = chance.permutation(len(over))
        for begin in range(0, len(order), BATCH):
            some = order[begin : begin + BATCH]
            places = table[some]
            wrong = 1 / (1 + np.exp(-weights[places].sum(axis=1) - bias)) - over[some]
            counted = np.bincount(places.ravel(), np.repeat(wrong, places.shape[1]), size)
            slope = counted + DECAY * len(some) * weights
            slope[-1] = 0
            seen = seen + slope**2
            weights = weights - RATE * slope / np.sqrt(seen)
            bias -= 0.02 * float(wrong.mean())
    return SentenceEnds(weights[:-1].astype(np.float32), bias)


def report(model: SentenceEnds, sentences: Sequence[Sequence[str]]) -> None:
    """Of sentences it has not seen: what thresholds find."""
    whole = np.array([model.chance(" ".join(said)) for said in sentences])
    cut = np.array(
        [model.chance(" ".join(said[:end])) for said in sentences for end in range(1, len(said))]
    )
    for threshold in (0.005, 0.01, 0.02, 0.03, 0.05, 0.1):
        waits, found = 100 * (whole < threshold).mean(), 100 * (cut < threshold).mean()
        print(
            f"below {threshold}: {waits:.1f} % of {len(whole)} whole sentences, "
            f"{found:.1f} % of {len(cut)} beginnings"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sentences", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("agent/sentence_ends.npz"))
    args = parser.parse_args()
    said = Counter(tuple(words(text)) for path in args.sentences for text in read(path))
    judged = judged_by()
    different = sorted(each for each in said if 0 < len(each) <= LONGEST and each not in judged)
    chance = np.random.default_rng(0)
    chance.shuffle(different)
    kept = different[::HELD_OUT]
    learned = [each for n, each in enumerate(different) if n % HELD_OUT for _ in range(said[each])]
    model = fit(*beginnings(learned), chance)
    print(f"{len(learned)} sentences learned")
    report(model, kept)
    scale = float(np.abs(model.weights).max()) / 127
    small = np.round(model.weights / scale).astype(np.int8)
    np.savez_compressed(args.out, weights=small, scale=scale, bias=model.bias)
    report(SentenceEnds(small * np.float32(scale), model.bias), kept)


if __name__ == "__main__":
    main()
