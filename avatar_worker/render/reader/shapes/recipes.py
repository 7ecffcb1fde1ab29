"""The 52 ARKit shapes out of those that a head has.

For each shape the first of the recipes below whose first part moves anything is taken. A head's own
shape comes first; then Ready Player Me's two-sided ones, cut in the middle; then those of VRoid,
which are richer than VRM's; Oculus visemes; VRM expressions. The numbers were set by eye: a viseme
at 1 is a mouth as wide as speech makes it, half of what ``jawOpen`` at 1 is, and what a vowel opens
besides rounding is taken back by a share of ``aa``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from visavis.protocol import ARKIT_NAMES

from .names import TWO_SIDED

Side = Literal["", "Left", "Right"]


@dataclass(frozen=True)
class Part:
    """One shape of the file in the making of an ARKit shape."""

    shape: str
    share: float = 1.0
    side: Side = ""
    """Only this half of the face."""
    mouth_only: bool = False
    """Only where vowels move the face: an expression like ``happy`` shuts the eyes as well."""


Recipe = tuple[Part, ...]

_BOTH_SIDES: Final[dict[str, tuple[str, ...]]] = {
    # {stem: recipes}; "shape*0.5" is a share, "shape!" only the mouth, "a + b" a sum.
    "browDown": ("Fcl_BRW_Angry",),
    "browOuterUp": ("Fcl_BRW_Surprised*0.6",),
    "cheekSquint": ("Fcl_EYE_Fun*0.2",),
    "eyeBlink": ("Fcl_EYE_Close", "vrm_blink"),
    "eyeLookDown": ("vrm_lookDown",),
    "eyeLookUp": ("vrm_lookUp",),
    "eyeSquint": ("Fcl_EYE_Fun*0.5", "vrm_blink*0.25"),
    "eyeWide": ("Fcl_EYE_Spread*0.6", "Fcl_EYE_Surprised*0.6"),
    "mouthDimple": ("Fcl_MTH_Fun*0.4", "viseme_E*0.3 + viseme_aa*-0.06", "vrm_ih*0.25"),
    "mouthFrown": ("Fcl_MTH_Sorrow*0.6 + Fcl_MTH_A*-0.1", "vrm_sad!*0.6"),
    "mouthLowerDown": ("Fcl_MTH_E*0.25", "viseme_SS*0.5", "vrm_ee*0.25"),
    "mouthPress": ("Fcl_MTH_Close*0.5", "viseme_PP*0.4"),
    "mouthSmile": (
        "Fcl_MTH_Fun",
        "vrm_relaxed!*0.8",
        "vrm_happy!*0.5",
        "viseme_I*0.5 + viseme_aa*-0.1",
        "vrm_ih*0.5",
    ),
    "mouthStretch": (
        "Fcl_MTH_I*0.5",
        "viseme_I*0.6 + viseme_aa*-0.12",
        "viseme_E*0.6 + viseme_aa*-0.15",
        "vrm_ih*0.5",
    ),
    "mouthUpperUp": ("Fcl_MTH_E*0.2", "viseme_FF*0.3", "vrm_ee*0.2"),
}
_MIDDLE: Final[dict[str, tuple[str, ...]]] = {
    "browInnerUp": ("Fcl_BRW_Sorrow*0.6 + Fcl_BRW_Surprised*0.3",),
    "jawOpen": ("mouthOpen", "Fcl_MTH_A*1.4", "viseme_aa*1.4", "vrm_aa*1.2", "bone_jaw"),
    # Lips that meet while the jaw hangs: most of what the jaw opened is taken back.
    "mouthClose": (
        "jawOpen*-0.85",
        "mouthOpen*-0.85",
        "Fcl_MTH_A*-1.2",
        "viseme_aa*-1.2",
        "vrm_aa*-1.0",
    ),
    "mouthFunnel": (
        "Fcl_MTH_O*0.8 + Fcl_MTH_A*-0.3",
        "viseme_O*0.9 + viseme_aa*-0.25",
        "viseme_CH",
        "vrm_oh*0.8 + vrm_aa*-0.3",
    ),
    "mouthPucker": (
        "Fcl_MTH_U*0.9 + Fcl_MTH_A*-0.15",
        "viseme_U + viseme_aa*-0.15",
        "vrm_ou*0.9 + vrm_aa*-0.15",
    ),
    "mouthRollLower": ("Fcl_MTH_Up*0.4", "viseme_FF*0.6", "viseme_PP*0.4"),
    "mouthRollUpper": ("Fcl_MTH_Down*0.4", "viseme_PP*0.4"),
    "mouthShrugLower": ("Fcl_MTH_Up*0.3", "viseme_PP*0.2"),
    "mouthShrugUpper": ("Fcl_MTH_Up*0.3", "viseme_PP*0.2"),
    "tongueOut": ("viseme_TH", "viseme_nn*0.6"),
    "eyeLookInLeft": ("vrm_lookRight:Left",),
    "eyeLookInRight": ("vrm_lookLeft:Right",),
    "eyeLookOutLeft": ("vrm_lookLeft:Left",),
    "eyeLookOutRight": ("vrm_lookRight:Right",),
    "mouthLeft": ("mouthRight*-0.9",),
    "mouthRight": ("mouthLeft*-0.9",),
}
_ONE_SIDED: Final = {
    "eyeBlinkLeft": ("Fcl_EYE_Close_L", "vrm_blinkLeft"),
    "eyeBlinkRight": ("Fcl_EYE_Close_R", "vrm_blinkRight"),
    "eyeSquintLeft": ("vrm_blinkLeft*0.25",),
    "eyeSquintRight": ("vrm_blinkRight*0.25",),
}
_HALVES: Final = {
    name: (f"{name}Left + {name}Right", f"{name}Upper + {name}Lower")
    for name in ("browInnerUp", "cheekPuff", "mouthFunnel", "mouthPucker", "mouthClose")
}


def _parse(text: str, side: Side = "") -> Recipe:
    parts = []
    for term in text.split(" + "):
        name, _, share = term.partition("*")
        name, _, half = name.partition(":")
        parts.append(
            Part(
                name.rstrip("!"),
                float(share or 1),
                side or ("Left" if half == "Left" else "Right" if half == "Right" else ""),
                name.endswith("!"),
            )
        )
    return tuple(parts)


def _recipes(name: str) -> tuple[Recipe, ...]:
    found: list[Recipe] = [(Part(name),)]
    found += [_parse(text) for text in _HALVES.get(name, ())]
    found += [_parse(text) for text in _ONE_SIDED.get(name, ())]
    side: Side = "Left" if name.endswith("Left") else "Right" if name.endswith("Right") else ""
    stem = name.removesuffix(side)
    if stem in TWO_SIDED and side:
        found += [(Part(stem, side=side),)]
        found += [_parse(text, side) for text in _BOTH_SIDES.get(stem, ())]
    found += [_parse(text) for text in _MIDDLE.get(name, ())]
    return tuple(found)


RECIPES: Final[Mapping[str, tuple[Recipe, ...]]] = {name: _recipes(name) for name in ARKIT_NAMES}
"""For each of the 52, in the order in which they are tried."""
SHAPES: Final = frozenset(
    part.shape for recipes in RECIPES.values() for recipe in recipes for part in recipe
)
"""Every shape that any recipe asks for."""


def choose_recipes(alive: frozenset[str]) -> dict[str, Recipe]:
    """For each ARKit shape that can be made of the shapes that move anything, how."""
    chosen: dict[str, Recipe] = {}
    for name, recipes in RECIPES.items():
        for recipe in recipes:
            if recipe[0].shape in alive:
                chosen[name] = tuple(part for part in recipe if part.shape in alive)
                break
    return chosen
