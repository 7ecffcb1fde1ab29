"""Makes ``agent/sentence_ends.npz``: fit.py sentences.txt -o FILE (see README.md)."""

from __future__ import annotations

import argparse
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from report import report
from spoken import Turn, gathered
from torch import Tensor, nn

from agent.sentence_ends import LONGEST, NUMBER, Floats, SentenceEnds, places, read

TABLE: Final = 1 << 14
ENDINGS: Final = 1 << 11
WIDTH: Final = 96
STATE: Final = 256
DROPOUT: Final = 0.2
GUESSED: Final = 8000
"""Words of which the next one is guessed, too, while it learns: what follows tells what is over."""
GUESSING: Final = 0.3
"""How much that counts."""
PASSES: Final = 10
BATCH: Final = 512
RATE: Final = 2e-3
DECAY: Final = 0.02
KNOWN: Final = 20
"""Times that a name must have been read for its meaning to be taken."""


@dataclass(frozen=True)
class Batch:
    """Turns side by side, each row filled up with 0; all (turns, words) but ``lengths``."""

    table: Tensor
    endings: Tensor
    following: Tensor
    ends: Tensor
    lengths: Tensor

    def some(self, rows: Tensor) -> Batch:
        longest = int(self.lengths[rows].max())
        long = (self.table, self.endings, self.following, self.ends)
        return Batch(*(each[rows, :longest] for each in long), self.lengths[rows])

    @property
    def spoken(self) -> Tensor:
        steps = torch.arange(self.table.shape[1], device=self.table.device)
        return steps[None] < self.lengths[:, None]


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(TABLE, WIDTH)
        self.endings = nn.Embedding(ENDINGS, WIDTH)
        nn.init.normal_(self.table.weight, std=0.1)
        nn.init.normal_(self.endings.weight, std=0.1)
        self.gru = nn.GRU(WIDTH, STATE, batch_first=True)
        self.judge = nn.Linear(STATE, 1)
        self.guess = nn.Sequential(nn.Linear(STATE, WIDTH), nn.Linear(WIDTH, GUESSED + 1))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Log odds of an end after each word, and the states they come from."""
        read = self.dropout(self.table(batch.table) + self.endings(batch.endings))
        states = self.dropout(self.gru(read)[0])
        return self.judge(states).squeeze(-1), states


def learned_as(word: str) -> str:
    return NUMBER if word[0].isdigit() else word.lower()


def side_by_side(turns: list[Turn], often: dict[str, int], device: str) -> Batch:
    shape = (len(turns), LONGEST)
    table, endings, following = (np.zeros(shape, np.int64) for _ in range(3))
    ends = np.zeros(shape, np.float32)
    for row, turn in enumerate(turns):
        length = len(turn.said)
        known = [learned_as(word) for word in turn.said]
        table[row, :length], endings[row, :length] = zip(
            *(places(word, TABLE, ENDINGS) for word in known), strict=True
        )
        following[row, : length - 1] = [often.get(word, 0) for word in known[1:]]
        ends[row, list(turn.ends)] = 1
    lengths = np.array([len(turn.said) for turn in turns])
    arrays = (table, endings, following, ends, lengths)
    return Batch(*(torch.from_numpy(each).to(device) for each in arrays))


def fit(turns: list[Turn], device: str) -> Reader:
    counted = Counter(learned_as(word) for turn in turns for word in turn.said)
    often = {word: n + 1 for n, (word, _) in enumerate(counted.most_common(GUESSED))}
    everything = side_by_side(turns, often, device)
    reader = Reader().to(device)
    optimizer = torch.optim.AdamW(reader.parameters(), RATE, weight_decay=DECAY)
    steps = PASSES * (len(turns) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    for number in range(PASSES):
        order = torch.randperm(len(turns), device=device)
        for rows in order[: len(order) // BATCH * BATCH].split(BATCH):
            batch = everything.some(rows)
            with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
                odds, states = reader(batch)
                guesses = reader.guess(states)
            spoken, known = batch.spoken, batch.following > 0
            wrong = F.binary_cross_entropy_with_logits(odds.float()[spoken], batch.ends[spoken])
            guessed = F.cross_entropy(guesses[known].float(), batch.following[known])
            optimizer.zero_grad(set_to_none=True)
            (wrong + GUESSING * guessed).backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        print(f"pass {number + 1}: {wrong.item():.3f}, {guessed.item():.2f}", flush=True)
    return reader


def mean_name(reader: Reader, turns: list[Turn]) -> Floats:
    """What a name stands for, whichever: the mean of all that it has learned well, (WIDTH,)."""
    counted = Counter(word.lower() for turn in turns for word in turn.said if word[0].isupper())
    rows = [places(name, TABLE, ENDINGS) for name, times in counted.items() if times >= KNOWN]
    table = reader.table.weight.detach().cpu().numpy()[[row for row, _ in rows]]
    endings = reader.endings.weight.detach().cpu().numpy()[[ending for _, ending in rows]]
    return (table + endings).mean(axis=0)


def write(reader: Reader, name: Floats, file: Path) -> SentenceEnds:
    """As int8, each matrix with its scale; what comes back has been through it."""
    gru = reader.gru
    matrices = {
        "table": reader.table.weight,
        "endings": reader.endings.weight,
        "from_word": gru.weight_ih_l0,
        "from_state": gru.weight_hh_l0,
    }
    stored: dict[str, np.ndarray] = {
        "name": name,
        "word_bias": gru.bias_ih_l0.detach().cpu().numpy(),
        "state_bias": gru.bias_hh_l0.detach().cpu().numpy(),
        "judge": reader.judge.weight[0].detach().cpu().numpy(),
        "bias": reader.judge.bias[0].detach().cpu().numpy(),
    }
    for name, weights in matrices.items():
        exact = weights.detach().cpu().numpy()
        scale = np.abs(exact).max(axis=1, keepdims=True).astype(np.float32) / 127
        stored[name] = np.round(exact / np.maximum(scale, 1e-9)).astype(np.int8)
        stored[f"{name}_scale"] = scale.astype(np.float32)
    np.savez_compressed(file, **stored)
    return read(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sentences", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("agent/sentence_ends.npz"))
    args = parser.parse_args()
    torch.manual_seed(0)
    learned, kept = gathered(args.sentences)
    random.Random(0).shuffle(learned)
    print(f"{len(learned)} turns and sentences to learn from, {len(kept)} sentences kept")
    reader = fit(learned, "cuda" if torch.cuda.is_available() else "cpu")
    report(write(reader, mean_name(reader, learned), args.out), kept)


if __name__ == "__main__":
    main()
