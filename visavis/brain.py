"""What a brain of your own is: a class that answers, offered under ``visavis.brains``.

In the ``pyproject.toml`` of your package::

    [project.entry-points."visavis.brains"]
    parrot = "parrot:Parrot"

Installed beside the agent, it thinks for it with ``BRAIN=parrot``. The class is called without
arguments, once for each conversation and in its event loop. It need not import anything from here:
what has an ``answer`` like :class:`Brain`'s is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Message:
    """What was said in a turn before: of the agent no more than was heard."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Turn:
    """What the person has said now."""

    text: str
    instructions: str = ""
    """The agent's system prompt (``AGENT_INSTRUCTIONS`` and what the agent knows besides)."""


class Brain(Protocol):
    """Thinks for the agent; hearing and speaking stay the agent's."""

    def answer(self, history: Sequence[Message], turn: Turn) -> AsyncIterator[str]:
        """The answer, piece by piece as it is thought of: spoken from its first sentence on.

        An async generator. It is closed (``GeneratorExit``, ``CancelledError``) when the person
        cuts in. An exception is logged by its name, and the person hears that something went wrong.
        """
        ...
