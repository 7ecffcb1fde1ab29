"""Sentences to learn from, out of public data sets: gather.py DATA -o FILE (see README.md)."""

from __future__ import annotations

import argparse
import csv
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.sentence_ends import LONGEST, spelled, words
from bench import turn_fresh, turn_texts, turn_unseen

HELD_OUT: Final = 20
"""One turn in so many is kept for the thresholds."""

_NO_END: Final = re.compile(r"\b(mr|mrs|ms|dr|st|a\.m|p\.m|am|pm|no)\.", re.IGNORECASE)
_END: Final = re.compile(r"(?<=[.?!])[\"')]*\s+")


def turns(data: Path) -> Iterator[tuple[str, str]]:
    """(Data set, what somebody said in it), of the sets that are in ``data``."""
    for file in sorted(data.glob("Taskmaster/TM-4-2024/data/data_*.json")):
        for talk in json.loads(file.read_text()):
            for turn in talk["utterances"]:
                yield f"taskmaster {turn['speaker']}", turn["text"]
    for file in sorted(data.glob("Taskmaster/TM-3-2020/reward/reward_*.json")):
        for talk in json.loads(file.read_text()):
            for turn in json.loads(talk["context"]):
                if turn.get("role") in ("user", "agent") and "text" in turn:
                    yield f"taskmaster {turn['role']}", turn["text"]
    for file in sorted(data.glob("Taskmaster/TM-3-2020/splits/train/*.tsv")):
        for who, said in re.findall(r"<([UA])>(.*?)(?=<[A-Z]+>|\t|\n)", file.read_text()):
            yield f"taskmaster {'user' if who == 'U' else 'agent'}", said
    for file in sorted(data.glob("Topical-Chat/conversations/*.json")):
        for talk in json.loads(file.read_text()).values():
            for turn in talk["content"]:
                yield "topical", turn["message"]
    for file in sorted(data.glob("task-specific-datasets/banking_data/*.csv")):
        with file.open(newline="") as rows:
            for row in list(csv.reader(rows))[1:]:
                yield "banking", row[0]
    for file in sorted(data.glob("task-specific-datasets/span_extraction/restaurant8k/*.json")):
        for case in json.loads(file.read_text()):
            yield "restaurant", case["userInput"]["text"]
    for file in sorted(data.glob("oos-eval/data/data_full.json")):
        for split in json.loads(file.read_text()).values():
            for said, _ in split:
                yield "clinc", said
    for file in sorted(data.glob("tatoeba/*.txt")):
        for line in file.read_text().splitlines():
            yield "tatoeba", line.split("\t")[0]


def judged_by() -> set[tuple[str, ...]]:
    """The sentences of ``bench turns``, and their halves, which are not to be learned."""
    found = set()
    for module in (turn_texts, turn_unseen, turn_fresh):
        for name in ("OPEN", "CLOSED", "WHOLE", "CUT_INS"):
            for text in getattr(module, name, ()):
                found |= {tuple(words(part)) for part in (text.replace("|", " "), *text.split("|"))}
    return found


def sentences(said: str) -> list[list[str]]:
    """The words of each sentence of a turn, names with their capital."""
    found = map(spelled, _END.split(_NO_END.sub(r"\1", said)))
    return [each for each in found if 0 < len(each) <= LONGEST]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    judged, seen = judged_by(), set()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w") as out:
        for data_set, said in turns(args.data):
            each = [" ".join(sentence) for sentence in sentences(said)]
            turn = "|".join(text for text in each if tuple(words(text)) not in judged)
            if turn and turn not in seen:
                seen.add(turn)
                kept = zlib.crc32(turn[:24].encode()) % HELD_OUT == 0
                out.write(f"{data_set}\t{int(kept)}\t{turn}\n")
    print(f"{len(seen)} turns")


if __name__ == "__main__":
    main()
