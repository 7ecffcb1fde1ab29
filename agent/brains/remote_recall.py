"""What a remote brain has to be told once the connection is made again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from livekit.agents import APIError

from visavis.brain import Message

from .remote_protocol import MOST_HISTORY


class Recall:
    """``history``: what was said so far; set it once there is something that knows."""

    def __init__(self, history: Callable[[], Sequence[Message]] = list) -> None:
        self.history = history
        self._open: Message | None = None
        """What the person said last, as long as not a word of an answer has come."""
        self._unheard: deque[dict[str, Any]] = deque(maxlen=MOST_HISTORY)

    def begin(self) -> Sequence[Message]:
        """The history for a new connection, without the question that will be asked on it."""
        self._unheard.clear()  # it is in there
        history = self.history()
        return history[:-1] if history and history[-1] == self._open else history

    @contextmanager
    def asking(self, text: str) -> Iterator[Message]:
        """A turn; one that fails is likely to be asked again."""
        question = self._open = Message("user", text)
        try:
            yield question
        except APIError:
            raise
        except BaseException:
            self.close(question)
            raise
        self.close(question)

    def close(self, question: Message) -> None:
        """It will not be asked again."""
        if self._open is question:
            self._open = None

    def give_up(self) -> None:
        """What could not be answered will not be asked again."""
        self._open = None

    def keep(self, heard: dict[str, Any]) -> None:
        """For a brain that was told the history already and is not ready yet."""
        self._unheard.append(heard)

    def kept(self) -> Iterator[dict[str, Any]]:
        """What was kept, each once; more may be kept meanwhile."""
        while self._unheard:
            yield self._unheard.popleft()
