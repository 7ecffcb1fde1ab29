"""What a session's spec makes of the worker's settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from agent.brains.errors import BrainError
from agent.brains.providers import check_brain
from agent.languages import greet
from agent.manner import Manner
from agent.parts import ControlError, Parts
from settings import Settings
from visavis import AvatarSession
from visavis.appearance import AppearanceChange
from visavis.session import SessionSpec
from visavis.talk import TalkChange

FailureCode = Literal["wrong_spec", "wrong_setting", "wrong_brain", "brain_failed", "agent_failed"]
"""Of ``session.failed``. Wrong: what was asked for, and the session did not begin. Brain: no
language model answered; the session goes on. Agent: the session ended for it."""


class AskedError(ValueError):
    """The session cannot be as it was asked to be; the text says what is allowed."""

    def __init__(self, code: FailureCode, text: str) -> None:
        super().__init__(text)
        self.code: Final[FailureCode] = code


@dataclass(frozen=True)
class Asked:
    """How one conversation begins."""

    settings: Settings
    parts: Parts
    talk: TalkChange
    video: bool | None
    first_words: str
    """Empty: the person speaks first, or nobody but who gives it texts."""

    @classmethod
    def of(cls, settings: Settings, spec: SessionSpec | None) -> Asked:
        """``spec`` None: as the worker's settings say.

        Raises :class:`AskedError`.
        """
        if spec is None:
            return cls(settings, Parts.of(settings), TalkChange(), None, greet(settings))
        talk = spec.talk
        try:
            if spec.brain is not None:
                settings = settings.model_copy(update={"brain": spec.brain}).check_keys()
                check_brain(settings)
            parts = Parts.of(settings).changed(talk, begun=False)
        except ControlError as error:
            raise AskedError("wrong_setting", str(error)) from None
        except (BrainError, ValueError) as error:
            raise AskedError("wrong_brain", str(error)) from None
        settings = parts.settings.model_copy(update={"agent_language": parts.language})
        words = greet(settings) if talk.mode != "retelling" else ""
        return cls(
            settings,
            replace(parts, settings=settings),
            talk,
            spec.video,
            words if spec.greeting is None else spec.greeting,
        )

    def words(self, *, replacing: bool) -> str:
        """What is said first; by an agent that takes a lost one's place, its apology."""
        if not replacing:
            return self.first_words
        return "" if self.talk.mode == "retelling" else self.settings.agent_apology

    def put_on(self, manner: Manner) -> None:
        """Who the agent is, and its mode, from its first word."""
        manner.persona = self.talk.instructions or ""
        manner.retells = self.talk.mode == "retelling"

    @property
    def looks(self) -> AppearanceChange:
        return self.talk.appearance or AppearanceChange()

    def face(self) -> AvatarSession:
        """Not started yet."""
        looks = self.looks
        return AvatarSession(
            head=looks.head,
            background=looks.background,
            width=looks.width,
            height=looks.height,
            video=self.video,
            face_timeout=self.settings.face_timeout,
            avatar_name=self.settings.avatar_name,
        )
