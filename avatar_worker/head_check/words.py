"""What was found in a head file, in words for those who made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avatar_worker.render.limits import MANY_TRIANGLES
from avatar_worker.render.reader import Findings
from visavis.protocol import ARKIT_NAMES

_MEANINGS: Final = (
    (("eyeBlinkLeft", "eyeBlinkRight"), "it never blinks"),
    (("mouthClose",), "lips do not meet while the jaw hangs: M, B and P stay a little open"),
    (("mouthPucker", "mouthFunnel"), "OO, OH and W are not rounded"),
    (("mouthStretchLeft", "mouthStretchRight"), "EE is not wide"),
    (("mouthPressLeft", "mouthPressRight"), "M, B and P are not pressed"),
    (("mouthRollLower",), "F and V bite no lip"),
    (("mouthRollUpper",), "M, B and P draw no lip in"),
    (("mouthLowerDownLeft", "mouthLowerDownRight"), "S and EE show no lower teeth"),
    (("mouthUpperUpLeft", "mouthUpperUpRight"), "a laugh shows no upper teeth"),
    (("tongueOut",), "L and TH show no tongue"),
    (("mouthSmileLeft", "mouthSmileRight"), "it cannot smile"),
    (("mouthFrownLeft", "mouthFrownRight"), "it cannot look sad"),
    (("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), "its brows do not rise"),
    (("browDownLeft", "browDownRight"), "its brows do not come down"),
    (("eyeWideLeft", "eyeWideRight"), "its eyes do not widen"),
    (("eyeSquintLeft", "eyeSquintRight"), "its eyes do not narrow when it smiles"),
    (("cheekSquintLeft", "cheekSquintRight"), "its cheeks do not rise when it smiles"),
)
_LARGE_TEXTURES: Final = 24_000_000
_BIG, _SMALL = 1.6, 0.7


def describe(findings: Findings) -> Iterator[str]:
    """Lines, the good news first."""
    made_by = f", made by {findings.generator[:60]}" if findings.generator else ""
    yield f"{findings.format}{made_by}"
    have = len(ARKIT_NAMES) - len(findings.missing)
    yield f"{have} of 52 face shapes: {len(findings.own)} of its own, {len(findings.made)} made"
    for made, source in _by_source(findings.made):
        yield f"  made of {source}: {made}"
    for names, meaning in _MEANINGS:
        lacking = [name for name in names if name in findings.missing]
        if lacking:
            yield f"  no {', '.join(lacking)}: {meaning}"
    spoken = {name for names, _ in _MEANINGS for name in names}
    others = [n for n in findings.missing if n not in spoken and not n.startswith("eyeLook")]
    if others:
        yield f"  no {', '.join(others)}: hardly ever seen"
    if findings.dead:
        yield f"  named, but moving nothing: {', '.join(findings.dead)}"
    if findings.unknown:
        yield f"  {findings.unknown} morph targets have names that say nothing here"
    yield from _describe_body(findings)
    yield from _describe_size(findings)


def _by_source(made: dict[str, str]) -> Iterator[tuple[str, str]]:
    sources: dict[str, list[str]] = {}
    for name, source in made.items():
        sources.setdefault(source, []).append(name)
    for source, names in sources.items():
        yield ", ".join(names), source


def _describe_body(findings: Findings) -> Iterator[str]:
    if findings.head_joint is None:
        yield "no head bone: all above the chin is turned, the neck bends"
    elif findings.neck_joints:
        yield f"it turns by its bone {findings.head_joint!r}; the neck follows"
    else:
        yield f"it turns by its bone {findings.head_joint!r}; no neck bone, as its skin says"
    yield f"gaze: {findings.eyes}"
    if not findings.eyes_turn:
        yield "  it looks straight ahead for ever: it needs bones LeftEye and RightEye, or eyeLook…"
    if abs(findings.turned) > 1:
        yield f"it looked away: turned by {abs(findings.turned):.0f}°"
    if findings.arms_lowered:
        yield "its arms were spread: let down"
    if not _SMALL < findings.scale < _BIG:
        yield f"its head is not of a person's size: scaled by {findings.scale:.3g}"
    if findings.toon:
        yield "drawn materials (unlit, MToon): shown in their own colours, without shadows"
    roles = {role for _, role in findings.parts}
    if "teeth" not in roles and not findings.toon:
        yield "no mesh is called teeth: if it has some, they are lit as the skin is"


def _describe_size(findings: Findings) -> Iterator[str]:
    left = findings.triangles - findings.drawn
    out = f"; {left:,} outside the picture are left out" if left else ""
    yield f"{findings.drawn:,} triangles{out}"
    if findings.drawn > MANY_TRIANGLES:
        yield (
            f"  more than {MANY_TRIANGLES:,} make each room dearer: reduce it "
            "(Blender's Decimate, or gltf-transform simplify), the hair first"
        )
    if findings.texels > _LARGE_TEXTURES:
        yield f"  its textures take {4 * findings.texels / 2**20:.0f} MiB: halve the largest ones"
