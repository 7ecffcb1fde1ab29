"""eSpeak NG by ctypes: a hundred languages with exact phoneme events."""

from __future__ import annotations

import ctypes as c
import random
import re
from pathlib import Path
from typing import Any, Final

import espeakng_loader
import numpy as np

from lips.corpus import Pcm, Utterance, to_pcm
from lips.phones import Span, from_ipa, to_phones
from lips.texts import sentences

_SYNCHRONOUS: Final = 2
_PHONEME_EVENTS, _IPA = 0x01, 0x02
_END, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_TIE: Final = "^"
_ODD: Final = re.compile(r"robosoft|UniRobot|Demonic|croak|whisper|anikaRobot|Tweaky|klatt")
"""Variants that no person sounds like; klatt4 does."""
JUDGES: Final = ("f2", "m3", "Andrea", "linda", "Denis")
"""Variants kept for judging."""
_LANGUAGES: Final = {
    "en": (0.40, ("en-us", "en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc")),
    "de": (0.13, ("de",)),
    "es": (0.11, ("es", "es-419")),
    "it": (0.10, ("it",)),
    "pt": (0.04, ("pt-br",)),
    "pl": (0.08, ("pl",)),
    "ru": (0.08, ("ru",)),
    "cs": (0.06, ("cs",)),
}
"""Share and voices of each language spoken for training."""


class _Id(c.Union):
    _fields_ = (("number", c.c_int), ("name", c.c_char_p), ("string", c.c_char * 8))


class _Event(c.Structure):
    _fields_ = (
        ("type", c.c_int), ("unique_identifier", c.c_uint), ("text_position", c.c_int),
        ("length", c.c_int), ("audio_position", c.c_int), ("sample", c.c_int),
        ("user_data", c.c_void_p), ("id", _Id),
    )  # fmt: skip


_Callback = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))


class Espeak:
    """The library, once a process: it keeps its state in globals."""

    def __init__(self) -> None:
        self._library = c.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = c.c_char_p
        self.rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), _PHONEME_EVENTS | _IPA
        )
        self._pcm: list[Pcm] = []
        self._events: list[tuple[int, str]] = []
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesize(
        self, text: str, voice: str, words_per_minute: int, pitch: int, pitch_range: int
    ) -> tuple[Pcm, list[tuple[int, str]]]:
        """PCM at :attr:`rate`, and (sample, IPA) of each phoneme's start.

        Raises ValueError for a voice that eSpeak NG does not have.
        """
        self._set_voice(voice)
        self._pcm, self._events = [], []
        for parameter, value in (
            (_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range)
        ):  # fmt: skip
            self._library.espeak_SetParameter(parameter, value, 0)
        spoken = text.encode() + b"\0"
        self._library.espeak_Synth(spoken, c.c_size_t(len(spoken)), 0, 1, 0, 1, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate([np.zeros(0, np.int16), *self._pcm]), self._events

    def transcribe(self, text: str, voice: str) -> str:
        """IPA of ``text``, affricates and diphthongs tied by ``^``, clauses parted by commas."""
        self._set_voice(voice)
        mode = _IPA | 0x80 | ord(_TIE) << 8
        buffer = c.create_string_buffer(text.encode())
        left = c.c_void_p(c.addressof(buffer))
        clauses: list[str] = []
        while left.value:
            ipa: bytes = self._library.espeak_TextToPhonemes(c.byref(left), 1, mode)
            clauses.append(ipa.decode())
        return ", ".join(clauses)

    def _set_voice(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"eSpeak NG has no voice {voice!r}")

    def _take(self, pcm: Any, count: int, events: Any) -> int:
        """Called back by the library with pointers to ``count`` samples and to its events."""
        if count > 0 and pcm:
            self._pcm.append(np.ctypeslib.as_array(pcm, (count,)).copy())
        index = 0
        while events[index].type != _END:
            if events[index].type == _PHONEME:
                ipa = events[index].id.string.decode("utf-8", "replace")
                self._events.append((events[index].sample, ipa))
            index += 1
        return 0


class EspeakVoices:
    """See :class:`lips.voices.Voices`."""

    def __init__(self, rng: random.Random, judging: bool, language: str | None = None) -> None:
        """``language``: speak that one alone."""
        self._rng = rng
        self._espeak = Espeak()
        variants = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
        found = sorted(p.name for p in variants.iterdir() if not _ODD.search(p.name))
        self._variants = list(JUDGES) if judging else [v for v in found if v not in JUDGES]
        self._languages = [language] if language else list(_LANGUAGES)
        self._texts = {k: sentences(k, rng, judging=judging) for k in self._languages}

    def say(self) -> Utterance:
        rng = self._rng
        shares = [_LANGUAGES[k][0] for k in self._languages]
        [language] = rng.choices(self._languages, shares)
        text = next(self._texts[language])
        voice = f"{rng.choice(_LANGUAGES[language][1])}+{rng.choice(self._variants)}"
        pcm, events = self._espeak.synthesize(
            text,
            voice,
            int(rng.triangular(120, 235, 165)),
            rng.randint(15, 85),
            rng.randint(20, 80),
        )
        rate = self._espeak.rate
        starts = [sample / rate for sample, _ in events] + [len(pcm) / rate]
        spans = [
            # eSpeak marks words of another language in brackets, such as (en).
            Span(start, end, from_ipa(re.sub(r"\([a-z-]+\)", "", ipa)))
            for (_, ipa), start, end in zip(events, starts, starts[1:], strict=False)
        ]
        audio = to_pcm(pcm.astype(np.float32) / 32_768, rate)
        return Utterance("espeak", voice, language, text, audio, to_phones(spans))
