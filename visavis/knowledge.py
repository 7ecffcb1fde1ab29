"""What is said about an agent's knowledge: the sources of its answers, documents that come in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal

from .protocol import ProtocolError, read_object


@dataclass(frozen=True)
class Source:
    """A passage that an answer is taken from."""

    title: str
    """The document's."""
    where: str
    """The file's name or the URL."""
    heading: str
    """Where in the document; may be empty."""
    score: float
    """0 to 1: how near it is to the question."""
    text: str
    """Its sentences nearest to the question."""


@dataclass(frozen=True)
class Sources:
    """What an answer was taken from, the nearest first."""

    question: str
    sources: tuple[Source, ...]
    """At most five."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Sources:
        """Raises :class:`ProtocolError`."""
        data = read_object(text, "the sources of an answer")
        question, given = data.get("question"), data.get("sources")
        if not isinstance(question, str) or not isinstance(given, list):
            raise ProtocolError("the sources of an answer need 'question' and 'sources'")
        try:
            return cls(question, tuple(Source(**source) for source in given))
        except TypeError:
            names = ", ".join(field.name for field in fields(Source))
            raise ProtocolError(f"a source needs {names} and nothing else") from None


@dataclass(frozen=True)
class Learned:
    """What became of a document that somebody added."""

    source: str
    """The file's name or the URL."""
    title: str = ""
    passages: int = 0
    error: str | None = None
    """One sentence for people; None when it is known now."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True)
class KnowledgeRequest:
    """What a participant wants of the conversation's knowledge."""

    action: Literal["add", "list", "remove"]
    source: str | None = None
    """Add: a URL. Remove: a URL or a file's name."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> KnowledgeRequest:
        """Raises :class:`ProtocolError`."""
        data = read_object(text, "the request about knowledge")
        action, source = data.get("action"), data.get("source")
        if action not in ("add", "list", "remove"):
            raise ProtocolError("'action' of a request about knowledge is add, list or remove")
        if action != "list" and (not isinstance(source, str) or not source):
            raise ProtocolError(f"to {action} knowledge, name its 'source'")
        return cls(action, None if action == "list" else source)
