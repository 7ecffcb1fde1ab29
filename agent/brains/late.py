"""Embedded ears and voice that stand in for a provider: loaded when they are first needed."""

from __future__ import annotations

import threading

from .hibari import Spoken, Voice
from .moonshine import Ears, Phrase


class LateVoice(Voice):
    """A :class:`Voice` that is loaded by its first sentence (a second or so)."""

    def __init__(self) -> None:
        self._voice: Voice | None = None
        self._lock = threading.Lock()

    def say(self, sentence: str, speed: float = 1.0) -> Spoken:
        with self._lock:
            if self._voice is None:
                self._voice = Voice()
        return self._voice.say(sentence, speed)


class LateEars(Ears):
    """:class:`Ears` that are loaded by their first phrase (0.3 s)."""

    def __init__(self) -> None:
        self._ears: Ears | None = None
        self._loading = threading.Lock()

    def phrase(self) -> Phrase:
        with self._loading:
            if self._ears is None:
                self._ears = Ears()
        return self._ears.phrase()
