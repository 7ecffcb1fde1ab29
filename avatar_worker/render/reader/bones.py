"""Which nodes are the head, the neck, the eyes, the jaw and the upper arms."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from avatar_worker.render.gltf import Glb
from avatar_worker.render.gltf.nodes import Nodes

from .pivots import find_pivots
from .vrm import Vrm

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SIDES: Final = {"left": ("left", "l", "lf"), "right": ("right", "r", "rt")}
_NOT_AN_EYE: Final = frozenset(
    ("lid", "lids", "brow", "lash", "lashes", "socket", "target", "end", "top", "nub", "upper",
     "lower", "corner", "bag", "look", "aim")
)  # fmt: skip
_NOT_A_HEAD: Final = frozenset(("end", "top", "nub", "tip", "front", "target", "look", "aim"))
_NOT_AN_ARM: Final = frozenset(("fore", "lower", "twist", "hand", "roll", "end", "ik", "pole"))


@dataclass(frozen=True)
class Bones:
    """Node numbers; None where there is none."""

    head: int | None
    necks: tuple[int, ...]
    """From the head downwards."""
    eyes: tuple[int | None, int | None]
    """Left, right."""
    jaw: int | None
    arms: tuple[tuple[int, int], ...]
    """Upper arm and what hangs on it."""


def find_bones(glb: Glb, nodes: Nodes, vrm: Vrm, joints: frozenset[int]) -> Bones:
    """By the VRM humanoid, else by names (Mixamo, Ready Player Me, Rigify, MPFB, 3ds Max, …).

    ``joints``: nodes that a skin names, which go before others of the same name.
    """
    words = [_words(name) for name in nodes.names]
    named = vrm.bones.get
    pivots = find_pivots(glb, nodes, joints)

    def first(
        test: Callable[[list[str]], bool],
        under: int | None = None,
        among: frozenset[int] = pivots.parts,
    ) -> int | None:
        fit = [
            number
            for number in nodes.shown
            if number in among
            and test(words[number])
            and (under is None or under in nodes.ancestors(number))
        ]
        return min(fit, key=lambda number: number not in joints, default=None)

    head = named("head")
    if head is None:
        head = first(_is_head, among=pivots.heads)
    necks = []
    if head is not None:
        for parent in nodes.ancestors(head):
            if parent != named("neck") and "neck" not in words[parent]:
                break
            necks.append(parent)
    eyes = []
    for side in ("left", "right"):
        eye = named(f"{side}Eye")
        if eye is None:
            eye = first(partial(_is_eye, side=side), head)
        eyes.append(eye)
    jaw = named("jaw")
    if jaw is None:
        jaw = first(lambda name: "jaw" in name and not _NOT_A_HEAD & set(name), head)
    return Bones(head, tuple(necks), (eyes[0], eyes[1]), jaw, _find_arms(nodes, words, vrm))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name[:100])]


def _is_head(words: list[str]) -> bool:
    return "head" in words[-2:] and not _NOT_A_HEAD & set(words)


def _is_eye(words: list[str], side: str) -> bool:
    if _NOT_AN_EYE & set(words):
        return False
    joined = "".join(words)
    marked = any(word in _SIDES[side] for word in words)
    marked = marked or joined.endswith((f"{side}eye", f"{side[0]}eye"))
    return marked and any(word.endswith(("eye", "eyeball")) for word in words)


def _find_arms(nodes: Nodes, words: list[list[str]], vrm: Vrm) -> tuple[tuple[int, int], ...]:
    arms = []
    for side in ("left", "right"):
        upper = vrm.bones.get(f"{side}UpperArm")
        if upper is None:
            upper = next((n for n in nodes.shown if _is_arm(words[n], side)), None)
        if upper is not None:
            below = [n for n in nodes.shown if nodes.parents[n] == upper]
            lower = vrm.bones.get(f"{side}LowerArm", below[0] if below else None)
            if lower is not None:
                arms.append((upper, lower))
    return tuple(arms)


def _is_arm(words: list[str], side: str) -> bool:
    known = "arm" in words or "upperarm" in words
    marked = any(word in _SIDES[side] for word in words)
    return known and marked and not _NOT_AN_ARM & set(words)
