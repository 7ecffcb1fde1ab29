"""What a face looked like, for the one that takes its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .appearance import AppearanceChange
from .protocol import (
    ATTRIBUTE_BACKGROUND,
    ATTRIBUTE_EMOTION,
    ATTRIBUTE_HEAD,
    ATTRIBUTE_SIZE,
    AvatarDispatch,
)


class FaceMemory:
    """Follows one face's appearance, whoever changes it."""

    def __init__(
        self, look: AvatarDispatch, emotion: str | Mapping[str, Any] | None = None
    ) -> None:
        self.look = look
        """What the next face is asked for."""
        self.emotion = emotion
        """None where nobody has asked for one."""

    def keep(self, asked: AppearanceChange) -> None:
        """A change of the agent's own that has come true."""
        self.look = replace(
            self.look,
            head=asked.head or self.look.head,
            background=asked.background or self.look.background,
            width=asked.width or self.look.width,
            height=asked.height or self.look.height,
        )
        self.emotion = self.emotion if asked.emotion is None else asked.emotion

    def see(self, changed: Mapping[str, str]) -> AppearanceChange:
        """Attributes of the face that have changed; answers what of them the next one gets."""
        seen = _read(changed)
        self.keep(seen)
        return seen


def _read(changed: Mapping[str, str]) -> AppearanceChange:
    background, emotion = changed.get(ATTRIBUTE_BACKGROUND, ""), changed.get(ATTRIBUTE_EMOTION, "")
    # A URL lacks its query here, and a name may be that of the worker's own picture.
    seen = AppearanceChange(
        head=changed.get(ATTRIBUTE_HEAD) or None,
        background=background if background.startswith("#") else None,
    )
    with suppress(ValueError):
        width, height = map(int, changed.get(ATTRIBUTE_SIZE, "").split("x"))
        seen = replace(seen, width=width, height=height)
    with suppress(ValueError):
        mix = json.loads(emotion) if emotion.startswith("{") else emotion or None
        seen = replace(seen, emotion=mix)
    return seen
