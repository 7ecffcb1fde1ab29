"""What a part of a head is, by its names: skin, hair, lashes …, as ``materials.py`` knows them."""

from __future__ import annotations

import re
from typing import Final

_ROLES: Final = tuple(
    (role, re.compile(pattern, re.IGNORECASE))
    for role, pattern in (
        ("tongue", r"tongue"),
        ("teeth", r"teeth|tooth|gums?(?![a-z])|denture|mouth.?cavity"),
        ("lashes", r"lash|brow|eyeline"),
        ("hair", r"hair|beard|mustache|moustache|bangs"),
        ("suit", r"glass|cloth|outfit|shirt|top(?![a-z])|suit|dress|hat(?![a-z])|headwear|jacket"),
        ("eyes", r"eye(?!.{0,3}(?:ao|shadow|lid|socket|occlusion))|iris|cornea|sclera"),
        ("skin", r"skin|head|face|body|avatar"),
    )
)
OWN: Final = frozenset({"skin", "eyes", "teeth", "tongue", "suit", "lashes", "hair"})
"""Mesh names of the heads that come with Visavis: they are their roles."""


def find_role(mesh: str, material: str) -> str:
    """The name under which the renderer looks up light; the mesh's own name says more."""
    if mesh.lower() in OWN:
        return mesh
    for name in (material, mesh):
        for role, pattern in _ROLES:
            if pattern.search(name):
                return role
    return "other"
