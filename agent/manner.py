"""How the agent is to behave: its system prompt by parts, and its mode.

An :class:`~agent.assistant.Assistant` whose model was lost is replaced by another with the same
manner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .feeling import INSTRUCTIONS as FEELING
from .feeling import Feelings
from .languages import LANGUAGES

INSTRUCTIONS = (
    "You are Amy, a friendly companion with a face and a voice. You talk with a person out loud, "
    "so answer in one to three short sentences of plain spoken English: no lists, no markup, no "
    "emoji, numbers as one would say them. What you hear may be misheard; when it makes no sense, "
    "ask. You may ask something back to keep the talk going."
)
SMALL_INSTRUCTIONS = (
    "Your name is Amy. You are a helpful and cheerful AI assistant. "
    "Answer in one or two short, simple sentences."
)
"""The same for the embedded language model, which follows a short prompt better than a long one."""
SPEAK = "Speak {name} from now on, whatever language you were addressed in before."


@dataclass
class Manner:
    """What the agent is told, and what becomes of it."""

    first_persona: str
    """Who it is unless somebody says otherwise."""
    marks_feelings: bool = True
    """Whether the model is asked to mark what its sentences feel like: not one too small for it,
    nor one that speaks itself and would speak its marks as well."""
    persona: str = ""
    """Another than the first."""
    language: str = ""
    """ISO 639-1 code of the one to speak, where that was said; one of ``LANGUAGES``."""
    memory: str = ""
    """What is known of the person."""
    retells: bool = False
    """It asks no model, and says what it is given."""
    on_dialogue: Callable[[], object] = lambda: None
    """Called when it no longer retells: the model may have what was kept from it."""
    on_change: Callable[[], object] = lambda: None
    """Called when the system prompt or the language has changed."""
    feelings: Feelings = field(default_factory=Feelings)
    """Of what it says: nothing of them is spoken or shown."""

    @classmethod
    def of(cls, instructions: str | None, *, small: bool, writes: bool = True) -> Manner:
        """``instructions``: of the user's; None: Amy's. ``small``: for the embedded language model.
        ``writes``: False for a model that speaks itself."""
        amy = SMALL_INSTRUCTIONS if small else INSTRUCTIONS
        return cls(instructions or amy, marks_feelings=writes and not small)

    @property
    def is_english(self) -> bool:
        """The conversation is held in English, as far as is known."""
        return self.language in ("", "en")

    @property
    def instructions(self) -> str:
        """The system prompt."""
        parts = (
            self.persona or self.first_persona,
            SPEAK.format(name=LANGUAGES[self.language].name) if self.language else "",
            self.memory,
            FEELING if self.marks_feelings else "",
        )
        return "\n\n".join(part for part in parts if part)
