"""Fills a folder with speech, a shard at a time; what is there already is kept."""

from __future__ import annotations

import random
import zlib
from pathlib import Path
from typing import Final

from lips.corpus import Utterance, write_shard
from lips.voices import SOURCES

SHARD_MINUTES: Final = 5.0
_SHORTEST: Final = 0.5
_LONGEST: Final = 20.0
"""Seconds; what is shorter or longer is not kept."""


def synthesize(folder: Path, source: str, shard: int, judging: bool) -> None:
    """Make shard number ``shard`` of ``source`` (of :data:`~lips.voices.SOURCES`).

    Its seed comes of its name: the same shard is the same speech, whoever makes it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{source}-{'judge' if judging else 'train'}-{shard:03}"
    path = folder / f"{name}.npz"
    if path.exists():
        return
    voices = SOURCES[source](random.Random(zlib.crc32(name.encode())), judging)
    said: list[Utterance] = []
    while sum(u.seconds for u in said) < SHARD_MINUTES * 60:
        utterance = voices.say()
        if _SHORTEST < utterance.seconds < _LONGEST and len(utterance.phones) > 2:
            said.append(utterance)
    write_shard(path, said)
    print(f"{path.name}: {len(said)} sentences", flush=True)
