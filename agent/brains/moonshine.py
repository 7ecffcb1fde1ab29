"""The embedded ears: Moonshine tiny-en, and a phrase as they read it.

It reads a whole phrase at once, in about 50 ms for each second of speech.
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import hum

Samples = NDArray[np.float32]

SAMPLE_RATE = 16_000
READ_INTERVAL = 0.5
"""Seconds of new speech between partials."""
SHORTEST_LINE = 0.1
"""Seconds. Moonshine invents a word for lines shorter than that."""

_STUTTER = re.compile(r"\b(\w+)((?:\W+\1\b){2,})", re.IGNORECASE)


class Ears:
    """The loaded model. One reading at a time; safe to use from several threads."""

    model = "moonshine tiny-en"

    def __init__(self) -> None:
        from moonshine_voice import ModelArch, Transcriber
        from moonshine_voice.utils import get_model_path

        # Two threads read no faster, for twice the CPU.
        os.environ.setdefault("MOONSHINE_ORT_SINGLE_THREAD", "1")
        self._transcriber: Any = Transcriber(
            str(get_model_path("tiny-en")), ModelArch.TINY, options={"return_audio_data": "false"}
        )
        self._lock = threading.Lock()
        with self.phrase() as phrase:
            phrase.read(np.zeros(SAMPLE_RATE // 2, np.float32))

    def phrase(self) -> Phrase:
        return Phrase(self._transcriber, self._lock)


class Phrase:
    """One phrase as the model sees it: audio goes in, the text so far comes out.

    Blocking: to be called from a thread.
    """

    def __init__(self, transcriber: Any, lock: threading.Lock) -> None:
        self._lock = lock
        self._force: int = transcriber.MOONSHINE_FLAG_FORCE_UPDATE
        with lock:
            self._stream = transcriber.create_stream(update_interval=float("inf"))
            self._stream.start()

    def read(self, audio: Samples) -> str:
        """Append mono float32 audio at 16 kHz and read the whole phrase again."""
        with self._lock:
            if audio.size:
                self._stream.add_audio(audio.tolist(), SAMPLE_RATE)
            transcript = self._stream.update_transcription(self._force)
        lines = (line.text for line in transcript.lines if line.duration >= SHORTEST_LINE)
        return clean(" ".join(lines))

    def close(self) -> None:
        with self._lock:
            self._stream.close()

    def __enter__(self) -> Phrase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def clean(text: str) -> str:
    """Plain words: one line, no run of a repeated word, nothing that is only punctuation."""
    text = _STUTTER.sub(r"\1", " ".join(text.split()))
    return text if any(char.isalnum() for char in text) else ""


@dataclass
class Speech:
    """The phrase that is being spoken. Positions are samples since its beginning."""

    ears: Ears
    unread: list[Samples] = field(default_factory=list)
    length: int = 0
    voiced: int = 0
    """End of the last window that held speech."""
    read: int = 0
    """How far ``text`` reaches."""
    due: int = 0
    """Where the next partial is to be read."""
    offered: int = 0
    """How far the text reached that was offered to be answered."""
    text: str = ""
    phrase: Phrase | None = None
    timbre: hum.Timbre = field(default_factory=lambda: hum.Timbre(SAMPLE_RATE))

    def hear(self, audio: Samples, *, voiced: bool) -> None:
        self.unread.append(audio)
        self.length += audio.size
        if voiced:
            self.voiced = self.length
        self.timbre.add(audio)

    def postpone(self, cost: float = 0.0) -> None:
        """Set when the next partial is due; ``cost``: seconds that the last reading took.

        On a busy machine partials grow rare rather than stand in the way of the final reading,
        which waits for one that has begun.
        """
        self.due = self.length + int(max(READ_INTERVAL, 4 * cost) * SAMPLE_RATE)

    @property
    def is_read(self) -> bool:
        return self.read >= self.voiced

    def is_due(self, pausing: bool) -> bool:
        return not self.is_read and (pausing or self.length >= self.due)

    def extend(self, audio: list[Samples]) -> str:
        """Blocking: read the phrase with ``audio`` appended."""
        if self.phrase is None:
            self.phrase = self.ears.phrase()
        text = self.phrase.read(np.concatenate(audio))
        return hum.TEXT if self.timbre.is_hum else text

    def close(self) -> None:
        if self.phrase is not None:
            self.phrase.close()
