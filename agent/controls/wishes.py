"""A wish for another conversation, whoever has it: voice and looks together, or neither."""

from __future__ import annotations

from visavis import AvatarSession
from visavis.appearance import Appearance, AppearanceChange, AppearanceError
from visavis.talk import TalkChange

from .control import Control


async def fulfil(asked: TalkChange, control: Control, avatar: AvatarSession) -> str:
    """What is in force then, a :class:`visavis.talk.Talk` with the avatar's looks, as JSON.

    Raises :class:`~agent.controls.ControlError` and :class:`AppearanceError`; nothing has changed.
    """
    control.check(asked)  # what the voice refuses shall not have changed the face
    looks = await _look(asked.appearance, avatar)
    if asked == TalkChange(appearance=asked.appearance):
        if asked.appearance is not None:
            control.keep(asked)
        return control.talk.to_json(looks)
    return (await control.change(asked)).to_json(looks)


async def _look(asked: AppearanceChange | None, avatar: AvatarSession) -> Appearance | None:
    try:
        return await avatar.change(asked or AppearanceChange())
    except AppearanceError:
        if asked is not None:
            raise
        return None
