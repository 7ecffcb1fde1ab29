"""A brain of one's own: install it beside the agent and set BRAIN=parrot.

.venv/bin/python -m pip install ./examples/parrot
BRAIN=parrot make demo
"""

from collections.abc import AsyncIterator, Sequence

from visavis.brain import Message, Turn


class Parrot:
    """Repeats what it hears, and counts. One object for each conversation."""

    def __init__(self) -> None:
        self.turns = 0

    async def answer(self, history: Sequence[Message], turn: Turn) -> AsyncIterator[str]:
        self.turns += 1
        yield f"You said: {turn.text} "
        # Whatever takes its time belongs here: the first sentence is spoken meanwhile.
        before = [message.text for message in history if message.role == "user"]
        yield f"Before that, you said: {before[-1]}" if before else "That was your first word."
