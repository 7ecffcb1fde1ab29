"""What the face feels: which emotions, in what shares, and how strongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

EmotionName = Literal["neutral", "happy", "sad", "angry", "surprised", "calm"]

EMOTIONS: Final[tuple[EmotionName, ...]] = get_args(EmotionName)
_WANTED: Final = (
    "an emotion is one of "
    + ", ".join(EMOTIONS)
    + '; or shares of them, {"happy": 0.7, "surprised": 0.3}; '
    + 'or {"mix": either of these, "intensity": a number from 0 to 1}'
)


class EmotionError(ValueError):
    """No such emotion; the text says what is allowed."""


def _check(value: float, what: str) -> None:
    if not 0 <= value <= 1:
        raise EmotionError(f"{what} must be a number from 0 to 1, not {value}: {_WANTED}")


@dataclass(frozen=True)
class Emotion:
    """A mix of emotions. Raises :class:`EmotionError` for names and numbers out of range."""

    mix: tuple[tuple[EmotionName, float], ...] = (("neutral", 1.0),)
    """Each at most once, with its share, 0..1; the shares count against each other, so halves and
    ones say the same. What is not named has none."""
    intensity: float = 1.0
    """0 (as neutral) .. 1 (as strong as it gets)."""

    def __post_init__(self) -> None:
        names = [name for name, _ in self.mix]
        for name, share in self.mix:
            if name not in EMOTIONS:
                raise EmotionError(f"there is no emotion {name!r}: {_WANTED}")
            _check(share, f"the share of {name}")
        if len(set(names)) < len(names):
            raise EmotionError(f"an emotion is named twice in {names}: {_WANTED}")
        if not sum(share for _, share in self.mix) > 0:
            raise EmotionError(f"none of the emotions in {dict(self.mix)} has a share: {_WANTED}")
        _check(self.intensity, "the intensity")

    @property
    def amounts(self) -> dict[EmotionName, float]:
        """How much of each is shown; together they are ``intensity``."""
        whole = sum(share for _, share in self.mix)
        return {name: self.intensity * share / whole for name, share in self.mix}


NEUTRAL: Final = Emotion()


def parse_emotion(value: Any) -> Emotion:
    """An emotion from what JSON can say: ``"happy"``, ``{"happy": 0.7, "sad": 0.3}``, or
    ``{"mix": one of these, "intensity": 0.5}``.

    Raises :class:`EmotionError`.
    """
    if isinstance(value, Mapping) and "mix" in value:
        unknown = sorted(map(_shown, set(value) - {"mix", "intensity"}))
        if unknown:
            raise EmotionError(f"{', '.join(unknown)} is not a part of an emotion: {_WANTED}")
        return Emotion(_parse_mix(value["mix"]), _number(value.get("intensity", 1.0), "intensity"))
    return Emotion(_parse_mix(value))


def _parse_mix(value: Any) -> tuple[tuple[EmotionName, float], ...]:
    if isinstance(value, str):
        value = {value: 1.0}
    if not isinstance(value, Mapping) or not value:
        raise EmotionError(f"{_shown(value)} is not an emotion: {_WANTED}")
    shares = {_name(name): _number(share, f"share of {name}") for name, share in value.items()}
    return tuple(shares.items())


def _name(value: Any) -> EmotionName:
    for name in EMOTIONS:
        if value == name:
            return name
    raise EmotionError(f"there is no emotion {_shown(value)}: {_WANTED}")


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise EmotionError(
            f"the {what} of an emotion must be a number from 0 to 1, not {_shown(value)}"
        )
    return float(value)


def _shown(value: Any) -> str:
    """Short, whatever somebody sent."""
    plain = value is None or isinstance(value, int | float | str)
    return f"{value!r:.40}" if plain else type(value).__name__
