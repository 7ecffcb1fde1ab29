"""Speech sounds by what the mouth does for them, and the alphabets they come in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SILENCE: Final = "sil"
BILABIAL: Final = "PP"
LABIODENTAL: Final = "FF"

CLASSES: Final = (
    "sil", "PP", "FF", "TH", "DD", "KK", "CH", "SS", "RR", "HH", "AA", "AE", "AH", "AX", "EH", "IH",
    "IY", "AO", "OW", "UW", "UH", "ER", "YY", "OE", "WW", "J",
)  # fmt: skip
"""The classes in the order of the network's phone head; names after ARPABET where it has one, and
after Oculus' visemes for consonants. YY and OE are the front rounded vowels."""
VOWELS: Final = frozenset(CLASSES[CLASSES.index("AA") : CLASSES.index("WW")])

_IPA_TEXT: Final = {
    "PP": "p b m ʙ ɓ",
    "FF": "f v ɱ ⱱ β ɸ ʋ",
    "TH": "θ ð",
    "DD": "t d n l ɾ ɫ ʈ ɖ ɳ ɭ ɗ ɬ ɮ T ᵊ",
    "KK": "k g ɡ ŋ x ɣ c ɟ ɲ ʎ ç χ q ɢ ɠ ʝ ʁ ɴ ʟ",
    "CH": "ʃ ʒ ʧ ʤ ɕ ʑ ʂ ʐ ʨ",
    "SS": "s z ʦ ʣ ʥ",
    "RR": "ɹ r ɻ ʀ ɽ ɺ",
    "HH": "h ɦ ʔ ħ ʕ",
    "AA": "a ɑ ɐ",
    "AE": "æ",
    "AH": "ʌ",
    "AX": "ə ɘ ɨ ɵ ᵻ",
    "EH": "ɛ e",
    "IH": "ɪ",
    "IY": "i",
    "AO": "ɔ ɒ",
    "OW": "o ɤ",
    "UW": "u ɯ ʉ",
    "UH": "ʊ",
    "ER": "ɜ ɚ ɝ",
    "YY": "y ʏ",
    "OE": "ø œ",
    "WW": "w ʍ ɥ",
    "J": "j",
}
_IPA: Final = {sign: name for name, signs in _IPA_TEXT.items() for sign in signs.split()}
_MISAKI: Final = {
    "A": ("EH", "IH"),
    "I": ("AA", "IH"),
    "W": ("AA", "UH"),
    "Y": ("AO", "IH"),
    "O": ("OW", "UH"),
    "Q": ("AX", "UH"),
}
"""Diphthongs that misaki, the alphabet of Kokoro and Hibari, writes as capitals."""
_ARPABET: Final = {
    "AA": ("AA",), "AE": ("AE",), "AH": ("AH",), "AO": ("AO",), "AX": ("AX",), "EH": ("EH",),
    "ER": ("ER",), "IH": ("IH",), "IY": ("IY",), "UH": ("UH",), "UW": ("UW",), "CH": ("CH",),
    "TH": ("TH",), "HH": ("HH",),
    "AW": ("AA", "UH"), "AY": ("AA", "IH"), "EY": ("EH", "IH"), "OY": ("AO", "IH"),
    "OW": ("OW", "UH"), "AXR": ("ER",), "IX": ("IH",),
    "B": ("PP",), "P": ("PP",), "M": ("PP",), "F": ("FF",), "V": ("FF",), "DH": ("TH",),
    "T": ("DD",), "D": ("DD",), "N": ("DD",), "L": ("DD",), "DX": ("DD",),
    "EL": ("AX", "DD"), "EN": ("AX", "DD"), "EM": ("AX", "PP"),
    "K": ("KK",), "G": ("KK",), "NG": ("KK",), "JH": ("CH",), "SH": ("CH",), "ZH": ("CH",),
    "S": ("SS",), "Z": ("SS",), "R": ("RR",), "HV": ("HH",), "Y": ("J",), "W": ("WW",),
    "SIL": (SILENCE,), "PAU": (SILENCE,), "H#": (SILENCE,), "BRTH": (SILENCE,),
}  # fmt: skip
_AFFRICATES: Final = {"t͡ʃ": "ʧ", "d͡ʒ": "ʤ", "tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ"}

_FIRST_PART: Final = 1.2
"""Share of a diphthong's first half, the second's being 1."""
_SHORTEST_SILENCE: Final = 0.09
"""Seconds; less than that between two phones is the gap of a word boundary, or a stop's closure."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound from ``start`` to ``end`` seconds, of one of :data:`CLASSES`."""

    start: float
    end: float
    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """``start`` to ``end`` seconds that are one or more classes in turn; none: silence."""

    start: float
    end: float
    names: tuple[str, ...]


def from_ipa(text: str, *, misaki: bool = False) -> tuple[str, ...]:
    """Classes of the IPA signs in ``text``; what is no sound (stress, length, tones) gives none."""
    for digraph, sign in _AFFRICATES.items():
        text = text.replace(digraph, sign)
    names: list[str] = []
    for sign in text:
        if misaki and sign in _MISAKI:
            names.extend(_MISAKI[sign])
        elif sign in _IPA:
            names.append(_IPA[sign])
    return tuple(names)


def from_arpabet(symbol: str) -> tuple[str, ...]:
    """Classes of an ARPABET symbol without its stress digit; an unknown one is a schwa."""
    return _ARPABET.get(symbol.upper(), ("AX",))


def from_tokens(tokens: Sequence[str], bounds: Sequence[float]) -> list[Span]:
    """Spans of a neural voice's misaki tokens; token i sounds from bound i to bound i + 1.

    A stress mark's time belongs to the sound after it, a length mark's to the one before.
    """
    spans: list[Span] = []
    start: float | None = None
    for token, begin, end in zip(tokens, bounds, bounds[1:], strict=False):
        if token in "ˈˌ":
            start = begin if start is None else start
        elif token == "ː" and spans:
            spans[-1] = Span(spans[-1].start, end, spans[-1].names)
        else:
            spans.append(Span(begin if start is None else start, end, from_ipa(token, misaki=True)))
            start = None
    return spans


def to_phones(spans: Iterable[Span], earlier: float = 0.0) -> tuple[Phone, ...]:
    """Phones without gaps.

    ``earlier``: seconds by which the voice's own timings come after the sound.
    """
    phones: list[Phone] = []
    for span in spans:
        for phone in _split(span):
            _append(phones, phone)
    phones = _close_gaps(phones)
    moved = (Phone(max(0.0, p.start - earlier), p.end - earlier, p.name) for p in phones)
    return tuple(p for p in moved if p.end - p.start > 0.001)


def _split(span: Span) -> list[Phone]:
    names = span.names or (SILENCE,)
    shares = [_FIRST_PART, *[1.0] * (len(names) - 1)]
    second = (span.end - span.start) / sum(shares)
    phones: list[Phone] = []
    at = span.start
    for name, share in zip(names, shares, strict=True):
        phones.append(Phone(at, at + second * share, name))
        at = phones[-1].end
    return [p for p in phones if p.end > p.start]


def _append(phones: list[Phone], phone: Phone) -> None:
    last = phones[-1] if phones else None
    if last and last.name == phone.name and phone.name in (SILENCE, BILABIAL):
        phones[-1] = Phone(last.start, phone.end, phone.name)
    else:
        phones.append(phone)


def _close_gaps(phones: list[Phone]) -> list[Phone]:
    closed: list[Phone] = []
    for index, phone in enumerate(phones):
        inside = 0 < index < len(phones) - 1
        if phone.name == SILENCE and inside and phone.end - phone.start < _SHORTEST_SILENCE:
            middle = (phone.start + phone.end) / 2
            closed[-1] = Phone(closed[-1].start, middle, closed[-1].name)
            after = phones[index + 1]
            phones[index + 1] = Phone(middle, after.end, after.name)
        else:
            closed.append(phone)
    return closed
