"""A conversation that nobody asked for at the gateway, as the page's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from livekit.agents import AgentSession, JobContext

from agent.controls import Control, Messages
from agent.controls.messages import News
from agent.knowledge.desk import named_in
from agent.replacement import is_replacement
from visavis import AvatarSession
from visavis.talk import TalkChange


class Casual:
    """Takes the calls of a :class:`.sitting.Sitting`: nothing is recorded, and nothing limited."""

    def __init__(self, ctx: JobContext, clock: Callable[[], float] = time.time) -> None:
        """``clock``: Unix seconds."""
        self._ctx = ctx
        self.knowledge = named_in(ctx.job.metadata)
        replacing = is_replacement(ctx.job.metadata)
        self.began = float(ctx.job.room.creation_time) if replacing else clock()
        """As :attr:`.sitting.Sitting.began`. Nobody kept when the lost agent's conversation began:
        not before the room did, which may have seen others since."""

    def enter(self) -> None:
        pass

    def begin(self, session: AgentSession[Any], control: Control, avatar: AvatarSession) -> None:
        pass

    def admit(self, messages: Messages, brains: Mapping[str, str]) -> None:
        pass

    def keep(self, change: TalkChange) -> None:
        pass

    def overhear(self, text: str) -> None:
        pass

    def miss_brain(self) -> None:
        pass

    def news(self, tell_sender: News) -> News:
        return tell_sender

    def fail(self) -> None:
        pass

    def leave(self, why: str) -> None:
        self._ctx.shutdown(why)
