"""What a session's spec makes of the worker's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from agent.brains.errors import BrainError
from agent.brains.providers import check_brain
from agent.languages import apologise, greet
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
    def of(cls, settings: Settings, spec: SessionSpec | None, *, replacing: bool = False) -> Asked:
        """``spec`` None: as the worker's settings say. ``replacing``: by an agent that takes a lost
        one's place, which does not greet again.

        Raises :class:`AskedError`.
        """
        if spec is None:
            words = apologise(settings) if replacing else greet(settings)
            return cls(settings, Parts.of(settings), TalkChange(), None, words)
        talk = spec.talk
        try:
            if spec.brain is not None:
                settings = settings.model_copy(update={"brain": spec.brain}).check_keys()
                check_brain(settings)
            parts = Parts.of(settings).changed(talk, is_heard=talk.is_heard is True, begun=False)
        except ControlError as error:
            raise AskedError("wrong_setting", str(error)) from None
        except (BrainError, ValueError) as error:
            raise AskedError("wrong_brain", str(error)) from None
        settings = parts.settings
        return cls(settings, parts, talk, spec.video, _first_words(settings, spec, replacing))

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
            emotion=looks.emotion,
            video=self.video,
            face_timeout=self.settings.face_timeout,
            avatar_name=self.settings.avatar_name,
        )


def _first_words(settings: Settings, spec: SessionSpec, replacing: bool) -> str:
    retells = spec.talk.mode == "retelling"
    if replacing:
        return "" if retells else apologise(settings)
    if spec.greeting is not None:
        return spec.greeting
    return "" if retells else greet(settings)
