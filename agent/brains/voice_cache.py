"""Sentences that were synthesised once: a greeting, a sentence that is said again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from livekit.agents.types import NOT_GIVEN, TimedString

MOST_BYTES: Final = 8 * 2**20
"""Of sound in memory: about three minutes at 24 kHz."""


@dataclass(frozen=True)
class VoiceKey:
    """All that the sound of a sentence depends on, besides its text."""

    provider: str
    """With its address: two servers may call different voices by one name."""
    model: str
    voice: str
    speed: float = 1.0

    def of(self, text: str) -> str:
        """The sentence's name: a hash, which gives away nothing of the text."""
        parts = json.dumps([self.provider, self.model, self.voice, self.speed, text])
        return hashlib.sha256(parts.encode()).hexdigest()


@dataclass(frozen=True)
class Spoken:
    """A whole sentence as sound."""

    pcm: bytes
    """int16, mono, at the voice's rate."""
    words: tuple[TimedString, ...] = ()
    """With their times, from the beginning of the sound, where the voice tells them."""

    def to_bytes(self) -> bytes:
        words = [
            [str(word), _seconds(word.start_time), _seconds(word.end_time)] for word in self.words
        ]
        return json.dumps(words).encode() + b"\n" + self.pcm

    @classmethod
    def from_bytes(cls, data: bytes) -> Spoken:
        """Raises :class:`ValueError` for what is no sentence."""
        head, _, pcm = data.partition(b"\n")
        words = tuple(
            TimedString(
                text,
                start_time=NOT_GIVEN if start is None else start,
                end_time=NOT_GIVEN if end is None else end,
            )
            for text, start, end in json.loads(head)
        )
        if not pcm or len(pcm) % 2:
            raise ValueError("no sound")
        return cls(pcm, words)


class VoiceCache:
    """The sentences said last, in memory, and a few known ones on disk.

    ``lasting``: texts that are no secret, such as the greeting. Their sentences alone are written,
    into ``folder``, and so are there for the next conversation, which has a process of its own. A
    disk that cannot be used is done without.
    """

    def __init__(
        self, folder: Path | None = None, lasting: Iterable[str] = (), most: int = MOST_BYTES
    ) -> None:
        self._folder = folder
        self._lasting = tuple(lasting)
        self._most = most
        self._size = 0
        self._spoken: OrderedDict[str, Spoken] = OrderedDict()

    async def find(self, key: VoiceKey, text: str) -> Spoken | None:
        name = key.of(text)
        if name in self._spoken:
            self._spoken.move_to_end(name)
            return self._spoken[name]
        if (path := self._path(name, text)) is None:
            return None
        try:
            spoken = Spoken.from_bytes(await asyncio.to_thread(path.read_bytes))
        except (OSError, ValueError, TypeError):
            return None
        self._remember(name, spoken)
        return spoken

    async def keep(self, key: VoiceKey, text: str, spoken: Spoken) -> None:
        name = key.of(text)
        self._remember(name, spoken)
        if (path := self._path(name, text)) is not None:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(_write, path, spoken.to_bytes())

    def _path(self, name: str, text: str) -> Path | None:
        lasts = any(text.strip() in each for each in self._lasting)
        return self._folder / name if self._folder and lasts else None

    def _remember(self, name: str, spoken: Spoken) -> None:
        if len(spoken.pcm) > self._most:
            return
        if (before := self._spoken.pop(name, None)) is not None:
            self._size -= len(before.pcm)
        self._spoken[name] = spoken
        self._size += len(spoken.pcm)
        while self._size > self._most:
            _, oldest = self._spoken.popitem(last=False)
            self._size -= len(oldest.pcm)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, whoever else writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
