"""What a scenario's file says, checked when it is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

LLMKind = Literal["scripted", "embedded", "openai"]
"""Who answers: the scenario's own script, the embedded model, or the one of the settings."""


class ScenarioError(ValueError):
    """A file is no scenario; the text names the file and the place, and says what is wrong."""


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Pattern = Annotated[str, AfterValidator(_is_pattern)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_listed)]
"""Regular expressions, a list or one alone; the case of letters does not matter."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(_Strict):
    """One answer of the scripted model: words, or a call of a tool."""

    say: str | None = None
    call: str | None = None
    arguments: dict[str, Any] = {}

    @model_validator(mode="after")
    def _is_one(self) -> Answer:
        if (self.say is None) == (self.call is None):
            raise ValueError("an answer has either 'say' or 'call'")
        if self.arguments and self.call is None:
            raise ValueError("'arguments' belong to a 'call'")
        return self


class Expect(_Strict):
    """What must be so after a turn. Everything that is given is checked."""

    says: Patterns = ()
    """Of what the agent said and the person heard."""
    never_says: Patterns = ()
    calls: str | None = None
    """The tool that the model called."""
    arguments: dict[str, Any] = {}
    """Of that call; others may be there too."""
    returns: Patterns = ()
    """Of what the tool answered."""
    refused: Pattern | None = None
    """The tool, or the change, was refused with these words."""
    told: Patterns = ()
    """Of everything that the model was sent in this turn: instructions, history, knowledge."""
    not_told: Patterns = ()
    intent: str | None = None
    """For LiveKit's judge, where a real model answers; it then stands for ``says``."""


class Turn(_Strict):
    """One step of a conversation: ``user``, ``greeting`` or ``change``."""

    user: str | None = None
    """What the person types."""
    greeting: bool = False
    """The agent's first words."""
    change: dict[str, Any] | None = None
    """Settings that change while it talks (``docs/controls.md``)."""
    interrupt_at: float | None = Field(None, gt=0, lt=1)
    """The person cuts in when this share of the answer's sound was heard."""
    down: bool = False
    """No language model can be reached in this turn."""
    script: tuple[Answer, ...] = ()
    """What the scripted model answers, one entry for each time that it is asked."""
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _is_one(self) -> Turn:
        if (self.user is not None) + self.greeting + (self.change is not None) != 1:
            raise ValueError("a turn has one of 'user', 'greeting' and 'change'")
        if self.user is None and (self.script or self.down or self.interrupt_at is not None):
            raise ValueError("'script', 'down' and 'interrupt_at' belong to a 'user' turn")
        return self


class Scenario(_Strict):
    """A conversation, and what must come of it."""

    name: str = ""
    """The file's, without its ending."""
    about: str
    """What it is there to show, in one sentence."""
    only: tuple[LLMKind, ...] = ("scripted", "embedded", "openai")
    """The models that it can be asked of."""
    page: Literal["accepts", "refuses", "none"] = "none"
    """What a page does with cards; none: there is no page."""
    knowledge: tuple[str, ...] = ()
    """Files that the agent is given to know, by their path in the checkout."""
    voices: Literal["embedded", "openai"] = "embedded"
    """Whose ears and voice are set: they decide which languages there are. Nothing is sent."""
    turns: tuple[Turn, ...] = Field(min_length=1)

    @property
    def is_heard(self) -> bool:
        """Whether it needs the sound of the voice."""
        return any(turn.interrupt_at is not None for turn in self.turns)


def read_scenario(path: Path) -> Scenario:
    """Raises :class:`ScenarioError`."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is not YAML: {error}") from None
    if not isinstance(data, dict):
        raise ScenarioError(f"{path}: a scenario is a mapping with 'about' and 'turns'")
    try:
        return Scenario.model_validate({"name": path.stem} | data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "there is no such field (docs/evals.md has them all)"
        raise ScenarioError(f"{path}: {place}: {message}") from None
