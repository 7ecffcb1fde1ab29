"""Recordings of a person with the times of their phones: for judging alone, never for training.

Debian's ``asterisk-core-sounds-en-g722``: telephone prompts read by Allison Smith
(CC-BY-SA-3.0), in wide band. Moonshine writes down what is said; PocketSphinx's forced alignment
tells when.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from lips.corpus import SAMPLE_RATE, Pcm, Utterance
from lips.phones import Span, from_arpabet, to_phones

PROMPTS: Final = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
_SECONDS: Final = (1.5, 8.0)
_EARLY: Final = 0.01
"""Seconds by which PocketSphinx's borders come before the sound: half of its window."""
_PADS: Final = (0.0, 0.1, 0.2, 0.05, 0.3, 0.15, 0.25)
"""Seconds of silence around the speech that are tried: the alignment of states often fails."""
_BEAMS: Final = ({}, {"beam": 1e-60, "pbeam": 1e-60, "wbeam": 1e-40})


def read_people() -> Iterator[Utterance]:
    """The prompts that could be written down and aligned.

    Raises FileNotFoundError where the package is not installed.
    """
    paths = sorted(PROMPTS.glob("*.g722"))
    if not paths:
        raise FileNotFoundError(
            f"no prompts in {PROMPTS}: apt-get install asterisk-core-sounds-en-g722"
        )
    ears, aligner = _Ears(), Aligner()
    for path in paths:
        audio = _decode(path)
        if not _SECONDS[0] < len(audio) / SAMPLE_RATE < _SECONDS[1]:
            continue
        text = ears.read(audio)
        spans = aligner.align(audio, text)
        if spans:
            yield Utterance("people", "allison", "en", text, audio, to_phones(spans))


class Aligner:
    """Forced alignment of English by PocketSphinx's own acoustic model and dictionary."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder, get_model_path

        self._decoders: list[Any] = [
            Decoder(
                hmm=get_model_path("en-us/en-us"),
                dict=get_model_path("en-us/cmudict-en-us.dict"),
                lm=None,
                loglevel="FATAL",
                **beams,
            )
            for beams in _BEAMS
        ]

    def align(self, audio: Pcm, text: str) -> list[Span]:
        """Phones of ``text`` in ``audio``; none where a word is unknown or the search fails."""
        words = re.sub(r"[^a-z' ]", " ", text.lower()).split()
        if not words or any(self._decoders[0].lookup_word(word) is None for word in words):
            return []
        noise = np.random.default_rng(zlib.crc32(text.encode()))
        for pad in _PADS:
            quiet = (noise.standard_normal(int(pad * SAMPLE_RATE)) * 3).astype(np.int16)
            padded = np.concatenate([quiet, audio, quiet]).tobytes()
            for decoder in self._decoders:
                try:
                    return _run(decoder, padded, " ".join(words), pad)
                except RuntimeError:
                    _end(decoder)
        return []


def _run(decoder: Any, pcm: bytes, text: str, pad: float) -> list[Span]:
    decoder.set_align_text(text)
    for setup in (lambda: None, decoder.set_alignment):
        setup()
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
    spans: list[Span] = []
    for word in decoder.get_alignment():
        for phone in word:
            start = max(0.0, phone.start / 100 - pad + _EARLY)
            end = (phone.start + phone.duration) / 100 - pad + _EARLY
            names = () if phone.name in ("SIL", "+SPN+", "+NSN+") else from_arpabet(phone.name)
            if end > start:
                spans.append(Span(start, end, names))
    return spans


def _end(decoder: Any) -> None:
    try:
        decoder.end_utt()
    except RuntimeError:
        return


class _Ears:
    """Moonshine tiny, as the wheel brings it."""

    def __init__(self) -> None:
        from moonshine_voice import ModelArch, Transcriber
        from moonshine_voice.utils import get_model_path

        self._transcriber: Any = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY)

    def read(self, audio: Pcm) -> str:
        heard = (audio.astype(np.float32) / 32_768).tolist()
        transcript = self._transcriber.transcribe_without_streaming(heard, SAMPLE_RATE)
        return " ".join(line.text for line in transcript.lines)


def _decode(path: Path) -> Pcm:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path), format="g722") as file:
        frames = [out for f in file.decode(audio=0) for out in resampler.resample(f)]
        frames += resampler.resample(None)
    pcm: Pcm = np.concatenate([f.to_ndarray()[0] for f in frames])
    return pcm
