"""A conversation's eyes in its room."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from livekit import rtc
from livekit.agents import AgentSession, llm
from livekit.agents.voice import VoiceActivityVideoSampler
from livekit.plugins import openai

from agent.brains.steady_llm import SteadyLLM
from agent.brains.words_llm import WordsLLM
from agent.knowledge.session import SessionKnowledge
from agent.languages import LANGUAGES
from agent.manner import Manner
from visavis.protocol import ATTRIBUTE_SEES

from .desk import FileDesk
from .shared import Shared
from .sight import MOST, Sight

logger = logging.getLogger("visavis.agent")

_BLIND: Final = (
    "The person has begun to share their {}, but you cannot see pictures. Tell them so in one "
    "short sentence, in the language of the conversation."
)


OPENAI_FPS: Final = 0.5
"""Pictures a second that OpenAI's Realtime API gets while the person speaks, and none while they do
not: each stays in its conversation, and is paid for with every answer."""


def sampler(model: object) -> VoiceActivityVideoSampler:
    """How often a realtime model looks; as LiveKit does for Gemini, whose video is a stream."""
    if isinstance(model, openai.realtime.RealtimeModel):
        return VoiceActivityVideoSampler(speaking_fps=OPENAI_FPS, silent_fps=0)
    return VoiceActivityVideoSampler()


async def open_eyes(
    room: rtc.Room,
    session: AgentSession[Any],
    manner: Manner,
    sight: Sight,
    knowledge: SessionKnowledge,
    retell: Callable[[str], None],
    *,
    small: bool,
) -> AsyncExitStack:
    """Begin to look, and to take files; close what it returns when the conversation is over.

    The session is running, and the person is there. ``small``: the language model is the embedded
    one.
    """
    closing = AsyncExitStack()
    link = session.room_io  # a session that is over has none, and tracks still go

    def whose() -> str | None:
        linked = link.linked_participant
        return linked.identity if linked is not None else None

    realtime = isinstance(session.llm, llm.RealtimeModel)
    # A realtime model gets what is shared from LiveKit's own input.
    shared = Shared(room, whose, sees=sight.able and not realtime)
    closing.push_async_callback(shared.aclose)
    if realtime and sight.able:
        _push_in_dialogue(session, manner, sight)
    sight.follow(shared)
    if not sight.able:
        _own_up(session, manner, shared, small=small)

    def ask(question: str) -> None:
        if manner.retells:
            retell(question)
            return
        try:
            session.generate_reply(user_input=question)
        except RuntimeError:
            logger.info("a file's question came when the conversation was over")

    files = FileDesk(room, sight, knowledge, ask)
    closing.push_async_callback(files.aclose)
    try:
        sees = "true" if sight.able else "false"
        await room.local_participant.set_attributes({ATTRIBUTE_SEES: sees})
    except Exception as error:  # a room that reconnects
        logger.warning("nobody could be told who sees: %s", type(error).__name__)
    return closing


def _push_in_dialogue(session: AgentSession[Any], manner: Manner, sight: Sight) -> None:
    """Give a realtime model the pictures that are sent; those of a retelling, once it is over."""
    kept: deque[rtc.VideoFrame] = deque(maxlen=MOST)

    def show() -> None:
        while kept:
            session.current_agent.realtime_llm_session.push_video(kept.popleft())

    def push(frame: rtc.VideoFrame) -> None:
        kept.append(frame)
        if not manner.retells:
            show()

    def on_dialogue() -> None:
        try:
            show()
        except Exception as error:  # the mode has changed all the same
            logger.warning("what was sent cannot be shown: %s", type(error).__name__)

    sight.push, manner.on_dialogue = push, on_dialogue


def _drops_instructions(mind: object) -> bool:
    """It would take a word on how to answer for a turn without words."""
    return isinstance(mind, SteadyLLM) and any(isinstance(each, WordsLLM) for each in mind.minds)


def _own_up(session: AgentSession[Any], manner: Manner, shared: Shared, *, small: bool) -> None:
    """Once, when something is shared with an agent that cannot see it, say so."""
    has_told = False

    def on_change() -> None:
        nonlocal has_told
        if has_told or not shared.sources or manner.retells:
            return
        has_told = True
        if small or _drops_instructions(session.llm):
            session.say(LANGUAGES[manner.language or "en"].blind)
        else:
            session.generate_reply(instructions=_BLIND.format(shared.sources[0]))

    shared.on_change = on_change
    on_change()
