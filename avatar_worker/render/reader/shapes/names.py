"""What the morph targets of other makers' heads are called.

A shape is one of the 52 ARKit names, or one of the names that ``recipes.py`` knows: ``viseme_aa``
(Oculus), ``Fcl_MTH_A`` (VRoid), ``vrm_aa`` (a VRM expression), ``mouthSmile`` (Ready Player Me's
two-sided ones).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from visavis.protocol import ARKIT_NAMES

VISEMES: Final = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U",
)  # fmt: skip
"""Meta, Oculus Lipsync: Viseme Reference."""
TWO_SIDED: Final = (
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookUp", "eyeSquint",
    "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile",
    "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip
"""Shapes that some heads have once for both sides."""
_HALVES: Final = ("browInnerUp", "cheekPuff", "mouthFunnel", "mouthPucker", "mouthClose")
"""Shapes that some heads have twice, ``…Left`` and ``…Right`` or ``…Upper`` and ``…Lower``."""

_OTHERS: Final = {
    # Ready Player Me's five of its own.
    "mouthopen": "mouthOpen", "eyesclosed": "eyeBlink", "eyeslookup": "eyeLookUp",
    "eyeslookdown": "eyeLookDown", "mouthsmile": "mouthSmile",
    # Faceshift, and High Fidelity's and Vircadia's avatars after it.
    "eyedown*": "eyeLookDown*", "eyeup*": "eyeLookUp*", "eyein*": "eyeLookIn*",
    "eyeout*": "eyeLookOut*", "eyeopen*": "eyeWide*", "browsd*": "browDown*",
    "browsuc": "browInnerUp", "browsu*": "browOuterUp*", "jawfwd": "jawForward",
    "lipsstretch*": "mouthStretch*", "lipsupperclose": "mouthRollUpper",
    "lipslowerclose": "mouthRollLower", "lipsupperup": "mouthUpperUp",
    "lipslowerdown": "mouthLowerDown", "lipsfunnel": "mouthFunnel", "lipspucker": "mouthPucker",
    "lipstogether": "mouthClose", "chinlowerraise": "mouthShrugLower",
    "chinupperraise": "mouthShrugUpper", "sneer": "noseSneer", "puff": "cheekPuff",
    # Reallusion Character Creator.
    "browdrop*": "browDown*", "browraiseouter*": "browOuterUp*", "browraiseinner*": "browInnerUp*",
    "cheekraise*": "cheekSquint*", "mouthupupper*": "mouthUpperUp*",
    "mouthdownlower*": "mouthLowerDown*", "mouthrollinupper": "mouthRollUpper",
    "mouthrollinlower": "mouthRollLower", "mouthpuckerup*": "mouthPucker*",
    "mouthfunnelup*": "mouthFunnel*", "vopen": "viseme_aa", "vexplosive": "viseme_PP",
    "vdentallip": "viseme_FF", "vtighto": "viseme_U", "vwide": "viseme_E",
    "vaffricate": "viseme_CH",
}  # fmt: skip
"""In small letters without signs between them; ``*`` is a side."""

_WHOLE: Final = {
    # MikuMikuDance, and what is converted from it.
    "あ": "vrm_aa", "い": "vrm_ih", "う": "vrm_ou", "え": "vrm_ee", "お": "vrm_oh",
    "まばたき": "eyeBlink", "ウィンク": "eyeBlinkLeft", "ウィンク右": "eyeBlinkRight",
}  # fmt: skip
_BARE_VISEMES: Final = {name: f"viseme_{name}" for name in VISEMES} | {
    "ih": "viseme_I", "oh": "viseme_O", "ou": "viseme_U",
}  # fmt: skip
"""Avatar SDK calls visemes so."""
_BARE_VOWELS: Final = {"A": "vrm_aa", "I": "vrm_ih", "U": "vrm_ou", "E": "vrm_ee", "O": "vrm_oh"}
_ENOUGH_BARE: Final = 5
_VISEME: Final = re.compile(r"(?:^|[^a-z])(?:viseme|vi_\d+|vrc\.v)[_. ]?([a-z]+)$", re.IGNORECASE)
_VROID: Final = re.compile(r"Fcl_(?:ALL|BRW|EYE|MTH|HA)_\w+$")
_BOUNDARY: Final = re.compile(r"[_\-\s.:|/]+")


def _sided(stem: str, name: str) -> dict[str, str]:
    """Every way to write ``stem`` with a side, to ``name`` with that side."""
    found = {}
    for side in ("Left", "Right"):
        for mark in (side.lower(), side[0].lower()):
            found[stem + mark] = found[mark + stem] = name.replace("*", side)
    return found


def _table() -> dict[str, str]:
    table: dict[str, str] = {}
    for stem in (*TWO_SIDED, "eyeLookIn", "eyeLookOut", *_HALVES, "jaw", "mouth"):
        table |= _sided(stem.lower(), f"{stem}*")
    # "Eye_L_Look_Up": the side in the middle.
    for way in ("Down", "In", "Out", "Up"):
        for side in ("Left", "Right"):
            for mark in (side.lower(), side[0].lower()):
                table[f"eye{mark}look{way.lower()}"] = f"eyeLook{way}{side}"
    for stem in _HALVES:
        for half in ("Upper", "Lower"):
            table[f"{stem}{half}".lower()] = f"{stem}{half}"
    for written, name in _OTHERS.items():
        if "*" in written:
            table |= _sided(written.replace("*", ""), name)
        else:
            table[written] = name
    table |= {stem.lower(): stem for stem in (*TWO_SIDED, *_HALVES)}
    return table | {name.lower(): name for name in ARKIT_NAMES}


_TABLE: Final = _table()
_VISEME_OF: Final = {name.lower(): f"viseme_{name}" for name in VISEMES} | {
    "ih": "viseme_I", "oh": "viseme_O", "ou": "viseme_U", "ee": "viseme_E",
}  # fmt: skip


def find_shape(raw: str) -> str | None:
    """The shape that a morph target called ``raw`` makes; None for a name that says nothing.

    Prefixes fall away at any sign between words: ``blendShape1.jawOpen``, ``ARKit_JawOpen``,
    ``A25_Jaw_Open`` and ``head|jaw-open`` are all ``jawOpen``.
    """
    if raw in _WHOLE:
        return _WHOLE[raw]
    if vroid := _VROID.search(raw):
        return vroid.group()
    if (viseme := _VISEME.search(raw)) and viseme.group(1).lower() in _VISEME_OF:
        return _VISEME_OF[viseme.group(1).lower()]
    words = [word for word in _BOUNDARY.split(raw[:200]) if word]
    for first in range(len(words)):
        key = "".join(words[first:]).lower()
        if key in _TABLE:
            return _TABLE[key]
    return None


def find_shapes(raw: Iterable[str]) -> dict[str, str]:
    """Of all names in one file, those that say something, with their shapes."""
    names = list(dict.fromkeys(raw))
    found = {name: shape for name in names if (shape := find_shape(name))}
    for bare in (_BARE_VISEMES, _BARE_VOWELS):
        if sum(name in bare for name in names) >= _ENOUGH_BARE:
            return found | {name: bare[name] for name in names if name in bare}
    return found
