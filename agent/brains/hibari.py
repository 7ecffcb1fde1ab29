"""Embedded text to speech: Hibari, one American voice at 24 kHz, with the times of its words.

A sentence of five seconds takes about 0.07 s on one core, so each is made in one piece, as soon as
its last word is known.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from livekit.agents import APIConnectOptions, tokenize, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, TimedString
from numpy.typing import NDArray

from agent.sentences import Sentences

from .by_sentence import SentenceBySentence
from .providers import EMBEDDED_VOICE

SAMPLE_RATE = 24_000

_UNSPEAKABLE = re.compile(r"[*_`#|<>\[\]{}~^\\]|[^\x00-\u036f\u2010-\u205e\u20a0-\u20bf]")
"""Markup, emoji and scripts that Hibari would spell out or stumble over."""
_WORDS = re.compile(r"\s*\S+\s*")
_PAUSES: Final = frozenset(" ;:,.!?—…\"“”'()")
"""Phoneme characters that are silence: they belong to no word."""

_DURATIONS: Final = "/Clip_output_0"
"""Tensor of Hibari's model: how long each phoneme takes, in steps of :data:`_STEP`."""
_STEP: Final = 0.025
_LEAD: Final = 0.055
"""Seconds by which Hibari's sound runs ahead of its durations, by forced alignment."""
_AUDIBLE: Final = 0.001
"""Of full scale (-60 dB): below it nobody hears anything."""
_ONSET: Final = 0.02
"""Seconds kept before what is audible, in which the mouth opens. Hibari begins each sentence with
0.3 s of digital silence: the person would wait for them."""
_PAUSE: Final = 0.3
"""Seconds after a sentence, of the 0.45 that Hibari leaves."""
_SHORT_PAUSE: Final = 0.12
"""After a clause, about as long as where Hibari meets a comma within a sentence."""
_CLAUSE_ENDS: Final = frozenset(",;:—")


@dataclass(frozen=True)
class Word:
    """A piece of text with the white space around it, and when it sounds."""

    text: str
    start: float
    """Seconds from the beginning of the sound."""
    end: float


@dataclass(frozen=True)
class Spoken:
    """A sentence as sound."""

    pcm: NDArray[np.int16]
    """(n,) mono at 24 kHz."""
    words: tuple[Word, ...]
    """In order; their texts together are the sentence."""


class Voice:
    """The loaded voice; safe to use from several threads."""

    model = EMBEDDED_VOICE

    def __init__(self) -> None:
        from hibari import Hibari
        from hibari.voices import DEFAULT, voice_path

        weights = Path(voice_path(DEFAULT)).read_bytes()
        self._hibari: Any = Hibari(threads=1, model=with_output(weights, _DURATIONS))
        self.say("Warm up.")

    def say(self, sentence: str, speed: float = 1.0) -> Spoken:
        """A short silence where there is nothing to pronounce. Blocking.

        ``speed``: 0.5 to 2; 1 is the voice's own.
        """
        pieces: list[NDArray[np.float32]] = []
        groups: list[tuple[float, float]] = []
        begin = 0.0
        for phonemes in self._hibari.phonemize(speakable(sentence)):
            audio, durations = self._sound(phonemes, speed)
            pause = _SHORT_PAUSE if phonemes[-1:] in _CLAUSE_ENDS else _PAUSE
            audio, cut = _shorten_silence(audio, pause / speed)
            groups += [(begin + start - cut, begin + end - cut) for start, end in durations]
            begin += len(audio) / SAMPLE_RATE
            pieces.append(audio)
        if not pieces:
            # LiveKit takes a sentence without audio for a failure, and tries it again and again.
            silence = np.zeros(SAMPLE_RATE // 20, np.int16)
            return Spoken(silence, (Word(sentence, 0.0, 0.0),) if sentence else ())
        pcm = (np.clip(np.concatenate(pieces), -1, 1) * 32767).astype(np.int16)
        return Spoken(pcm, tuple(self._words(sentence, groups)))

    def _sound(
        self, phonemes: str, speed: float
    ) -> tuple[NDArray[np.float32], list[tuple[float, float]]]:
        """The sound of one phoneme string, and when each of its space-separated groups sounds."""
        from hibari import dsp

        known = [char for char in phonemes if char in self._hibari.vocab]
        *spectrum, steps = self._hibari.sess.run(
            None,
            {
                "ids": np.asarray([self._hibari.ids(phonemes)], np.int64),
                "speed": np.full(1, speed, np.float32),
            },
        )
        audio = dsp.synth(*(part[0] for part in spectrum), np.random.default_rng())
        edges = np.maximum(np.cumsum(steps.reshape(-1)) * _STEP - _LEAD, 0.0)
        groups: list[tuple[float, float]] = []
        open_group = False
        # The phonemes stand between two paddings: number i lasts from edge i to edge i + 1.
        for start, end, char in zip(edges[:-2], edges[1:-1], known, strict=True):
            if char in _PAUSES:
                open_group = open_group and char != " "
            elif open_group:
                groups[-1] = (groups[-1][0], float(end))
            else:
                groups.append((float(start), float(end)))
                open_group = True
        return audio, groups

    def _words(self, sentence: str, groups: list[tuple[float, float]]) -> Iterator[Word]:
        """Spread the groups over the sentence's words: "$9" is one word and two groups."""
        words = _WORDS.findall(sentence)
        counts = [_count_groups(self._hibari.g2p(speakable(word))) for word in words]
        if sum(counts) != len(groups):  # it reads some word otherwise within the sentence
            yield from _by_length(words, groups)
            return
        position, end = 0, groups[0][0] if groups else 0.0
        for word, count in zip(words, counts, strict=True):
            mine = groups[position : position + count]
            position += count
            start, end = (mine[0][0], mine[-1][1]) if mine else (end, end)
            yield Word(word, start, end)


def _shorten_silence(sound: NDArray[np.float32], pause: float) -> tuple[NDArray[np.float32], float]:
    """``sound`` with ``pause`` seconds, at most, after what is audible, and :data:`_ONSET` before
    it; and the seconds that its beginning lost."""
    audible = np.flatnonzero(np.abs(sound) > _AUDIBLE)
    if not len(audible):
        return sound, 0.0
    first = max(0, int(audible[0]) - round(_ONSET * SAMPLE_RATE))
    end = int(audible[-1]) + 1 + round(pause * SAMPLE_RATE)
    return sound[first:end], first / SAMPLE_RATE


def _count_groups(phonemes: str) -> int:
    return sum(any(char not in _PAUSES for char in group) for group in phonemes.split(" "))


def _by_length(words: list[str], groups: list[tuple[float, float]]) -> Iterator[Word]:
    """Words of equal pace from the first sound to the last."""
    start, stop = (groups[0][0], groups[-1][1]) if groups else (0.0, 0.0)
    pace = (stop - start) / sum(map(len, words))
    for word in words:
        end = start + pace * len(word)
        yield Word(word, start, end)
        start = end


def with_output(model: bytes, tensor: str) -> bytes:
    """The ONNX ``model`` with one more output, last: its inner ``tensor``.

    Protocol buffers merge what is appended: ModelProto.graph (7) .output (12) .name (1).
    """
    content = tensor.encode()
    for field in (1, 12, 7):
        content = bytes([field << 3 | 2, len(content)]) + content
    return model + content


def speakable(text: str) -> str:
    """What of ``text`` can be spoken in English, on one line."""
    text = " ".join(_UNSPEAKABLE.sub(" ", text).split())
    return text if any(char.isalnum() for char in text) else ""


class HibariTTS(tts.TTS[Any]):
    """LiveKit TTS on a :class:`Voice`: speaks each sentence as soon as the next one begins or the
    text ends, and tells when each word sounds. ``eager``: see :class:`Sentences`."""

    def __init__(self, voice: Voice, *, eager: bool = False, speed: float = 1.0) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True, aligned_transcript=True),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
        )
        self.voice = voice
        self.speed = speed
        self.sentences = Sentences(eager=eager)

    @property
    def model(self) -> str:
        return self.voice.model

    @property
    def provider(self) -> str:
        return "embedded"

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        return _Speech(tts=self, conn_options=conn_options, sentences=self.sentences)


class _Speech(SentenceBySentence):
    _tts: HibariTTS

    async def _speak(
        self, sentences: tokenize.SentenceStream, output_emitter: tts.AudioEmitter
    ) -> None:
        begin = 0.0
        async for sentence in sentences:
            self._mark_started()
            spoken = await asyncio.to_thread(self._tts.voice.say, sentence.token, self._tts.speed)
            output_emitter.push_timed_transcript(
                [
                    TimedString(word.text, start_time=begin + word.start, end_time=begin + word.end)
                    for word in spoken.words
                ]
            )
            output_emitter.push(spoken.pcm.tobytes())
            output_emitter.flush()
            begin += len(spoken.pcm) / SAMPLE_RATE
