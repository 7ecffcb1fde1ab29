"""How a conversation is held, and how to ask for another way: RPC ``visavis.settings``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, TypeVar, get_args

from .appearance import Appearance, AppearanceChange
from .protocol import ProtocolError, read_object

Mode = Literal["dialogue", "retelling"]
"""Dialogue: it answers. Retelling: it says exactly what it is given, and asks no model."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
LARGEST_REQUEST: Final = 14_000
"""Bytes of UTF-8: what an RPC carries, less its own."""
LONGEST_INSTRUCTIONS: Final = 10_000
"""Characters."""


@dataclass(frozen=True)
class TalkChange:
    """What shall be different. What is None stays; nothing named only asks what is in force."""

    voice: str | None = None
    """The provider's name or id of a voice."""
    speed: float | None = None
    """Of the voice; 1 is its own."""
    language: str | None = None
    """BCP 47 tag or English name: hearing, thinking, voice and greeting follow."""
    instructions: str | None = None
    """System prompt: who the agent is. Empty: the worker's own again."""
    mode: Mode | None = None
    appearance: AppearanceChange | None = None
    """Passed on to the avatar. In JSON its fields stand beside the others."""
    is_heard: bool | None = None
    """The language was not asked for, the person spoke it. Nobody asks for this."""

    def then(self, later: TalkChange) -> TalkChange:
        """Both, one after the other, as far as it lasts: no gesture, no expression."""
        looks = None
        if (own := self.appearance) or later.appearance:
            merged = _merge(own or AppearanceChange(), later.appearance or AppearanceChange())
            looks = replace(merged, gesture=None, expression=None)
        return replace(_merge(self, later), appearance=looks)

    @classmethod
    def from_json(cls, text: str) -> TalkChange:
        """Of a request. Raises :class:`ProtocolError` for anything but a JSON object with these
        fields, and for one that no RPC carries."""
        if len(text.encode()) > LARGEST_REQUEST:
            raise ProtocolError(f"a change of settings takes at most {LARGEST_REQUEST} bytes")
        return cls.from_dict(read_object(text or "{}", "a change of settings"))

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> TalkChange:
        """Of a JSON object, however it came. Raises :class:`ProtocolError` for other fields."""
        data = dict(given)
        ours = {field.name for field in fields(cls)} - {"appearance", "is_heard"}
        theirs = {field.name for field in fields(AppearanceChange)}
        if unknown := sorted(set(data) - ours - theirs):
            known = ", ".join(sorted(ours | theirs))
            raise ProtocolError(f"there is no {unknown[0][:40]!r}: name any of {known}")
        for name in ("voice", "language", "instructions"):
            if not isinstance(data.get(name), str | None):
                raise ProtocolError(f"{name!r} must be text")
        if len(data.get("instructions") or "") > LONGEST_INSTRUCTIONS:
            raise ProtocolError(f"instructions have at most {LONGEST_INSTRUCTIONS} characters")
        speed = data.get("speed")
        if isinstance(speed, bool) or not isinstance(speed, int | float | None):
            raise ProtocolError("'speed' must be a number; 1 is the voice's own")
        if data.get("mode") not in (None, *MODES):
            raise ProtocolError(f"mode={data['mode']!r}: use one of {', '.join(MODES)}")
        looks = {name: data.pop(name) for name in theirs & set(data)}
        appearance = AppearanceChange.from_json(json.dumps(looks)) if looks else None
        return cls(**data, appearance=appearance)

    def to_json(self) -> str:
        own = {k: v for k, v in asdict(self).items() if v is not None and k != "appearance"}
        looks = json.loads(self.appearance.to_json()) if self.appearance else {}
        return json.dumps({**own, **looks}, ensure_ascii=False)  # what carries it counts bytes


_Change = TypeVar("_Change", TalkChange, AppearanceChange)


def _merge(first: _Change, later: _Change) -> _Change:
    named = {each.name: getattr(later, each.name) for each in fields(later)}
    return replace(first, **{name: value for name, value in named.items() if value is not None})


@dataclass(frozen=True)
class Talk:
    """What is in force."""

    voice: str
    speed: float
    language: str
    """ISO 639-1."""
    mode: Mode
    own_instructions: bool
    """Others than the worker's; what they are is nobody's business in the room."""

    def to_json(self, appearance: Appearance | None = None) -> str:
        """With the avatar's appearance beside it, where there is one that can tell."""
        looks: Mapping[str, Any] = json.loads(appearance.to_json()) if appearance else {}
        return json.dumps({**asdict(self), **looks})


MessageState = Literal["accepted", "refused", "begun", "done", "interrupted", "failed"]


@dataclass(frozen=True)
class MessageNews:
    """What became of a text to say or to ask. Every text is accepted or refused, and an accepted
    one ends in exactly one of done, interrupted and failed."""

    id: str
    """Of the text stream that brought it."""
    state: MessageState
    detail: str | None = None
    """For people: why it was refused."""

    def to_json(self) -> str:
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})
