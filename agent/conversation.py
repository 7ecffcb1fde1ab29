"""One conversation: the job of an agent in a room, or in the terminal."""

from __future__ import annotations

import asyncio
import functools
import importlib
import logging
import os

from livekit.agents import AutoSubscribe, JobContext, JobProcess, room_io
from livekit.agents.voice import SpeechHandle

from settings import load_settings
from visavis.native_log import keep_native_log_out
from visavis.protocol import ProtocolError
from visavis.session import SessionSpec

from . import capture
from .assistant import Assistant
from .attendance import attend
from .brains.choose import Brains, Models, choose_providers, load_models, prepare, realtime_model
from .brains.errors import BrainError
from .brains.llama import LlamaAddress, prime
from .brains.llama_weights import LlamaError
from .brains.realtime_care import RealtimeCare, say, speak
from .brains.steady_llm import SteadyLLM
from .brains.turns import FRAME, RATE, REALTIME_RATE
from .brief_session import open_session
from .controls import Control, Messages, open_desk, tell_room, tell_sender
from .inputs import refine_inputs, subscribe_to_people
from .introduction import introduce
from .job_store import JobStore
from .knowledge.answer import Answers
from .knowledge.choose import Library, open_library
from .knowledge.desk import KnowledgeDesk
from .knowledge.session import SessionKnowledge
from .languages import LANGUAGES
from .manner import Manner
from .memory import remember
from .outputs import refine_outputs, tell_face
from .outward import ask_environment
from .replacement import hand_over_if_cut, is_replacement
from .rivals import yield_to_older
from .seeing import Sight, open_eyes
from .seeing.models import can_see
from .session import Asked, AskedError, Casual, Sitting, begin_apart, recall, refuse
from .tools import collect_tools
from .typed import TypedText
from .usage import meter

logger = logging.getLogger("visavis.agent")

_MODELS = "visavis.models"
_LIBRARY = "visavis.library"


def prewarm(process: JobProcess) -> None:
    """Load the models before there is a job."""
    importlib.import_module("agent.preload")
    settings = load_settings()
    process.userdata[_MODELS] = load_models(choose_providers(settings))
    process.userdata[_LIBRARY] = open_library(settings)


async def converse(ctx: JobContext) -> None:
    """Entry point of a job: talk until the person leaves, or the session ends."""
    keep_native_log_out()
    settings = load_settings()
    store = JobStore.of(ctx, settings.store_url)
    hand_over_if_cut(ctx)
    ask_environment(ctx)
    try:
        spec = SessionSpec.from_metadata(ctx.job.metadata)
    except ProtocolError as error:
        await refuse(ctx, store, error)
        return
    replacing = is_replacement(ctx.job.metadata)
    if spec is not None:
        recalled = await recall(store, spec, replaces=replacing)
        spec, replacing = recalled.spec, recalled.begun
    try:
        asked = Asked.of(settings, spec, replacing=replacing)
        # What a session asks for may be more than this process was prepared for.
        models = load_models(asked.parts.providers, ctx.proc.userdata[_MODELS])
        address = LlamaAddress.find(os.environ)
        brains = await prepare(asked.settings, models, address)
    except (AskedError, BrainError, LlamaError) as error:
        if spec is None:
            raise
        await refuse(ctx, store, error)
        return
    sitting = Casual(ctx) if spec is None else Sitting(ctx, asked.settings, spec, store)
    try:
        await _hold(ctx, asked, models, brains, store, sitting)
    except Exception:
        sitting.fail()
        raise


async def _hold(
    ctx: JobContext,
    asked: Asked,
    models: Models,
    brains: Brains,
    store: JobStore,
    sitting: Sitting | Casual,
) -> None:
    settings = asked.settings
    session = open_session(brains)
    session.on("close", lambda _: ctx.shutdown("the conversation is over"))
    manner = Manner.of(settings.agent_instructions, small=brains.small, writes=not brains.realtime)
    asked.put_on(manner)
    control = Control(
        session, manner, asked.parts, models, functools.partial(tell_room, ctx.room), sitting.keep
    )
    if settings.agent_follow_language:
        control.follow()
    library: Library = ctx.proc.userdata[_LIBRARY]
    knowledge = SessionKnowledge(library, private=settings.fetch_private)
    answers = Answers(knowledge)
    ours = [*control.tools(), *answers.tools()]
    tools = (
        [] if brains.small else await asyncio.to_thread(collect_tools, settings.agent_tools, ours)
    )
    sight = Sight(able=can_see(settings, asked.parts.providers, brains.models))

    def overhear(text: str) -> None:
        control.end_turn()
        sitting.overhear(text)

    make_assistant = functools.partial(
        Assistant,
        manner,
        small=brains.small,
        tools=tools,
        answers=answers,
        sight=sight,
        overhear=overhear,
        context_items=settings.agent_context_items,
    )
    assistant = make_assistant()
    if brains.realtime:
        # The voice that stands in for the model's own knows only English.
        trouble = settings.agent_trouble or LANGUAGES["en"].trouble
        RealtimeCare(
            session,
            lambda: make_assistant(model=realtime_model(control.settings)),
            trouble,
            sitting.miss_brain,
        )

    in_room = not ctx.is_fake_job()
    avatar = asked.face()
    if in_room:
        typed = TypedText(ctx.room, manner)
        ctx.add_shutdown_callback(typed.aclose)
        await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
        subscribe_to_people(ctx.room)
        if yield_to_older(ctx.room, settings.agent_name, ctx.shutdown):
            return
        sitting.enter()
    await avatar.start(session, room=ctx.room)
    await session.start(
        assistant,
        room=ctx.room,
        room_options=room_io.RoomOptions(
            close_on_disconnect=False,  # Attendance decides
            audio_input=room_io.AudioInputOptions(
                sample_rate=REALTIME_RATE if brains.realtime else RATE,
                frame_size_ms=round(1000 * FRAME),
            ),
            text_input=False,  # TypedText listens
            video_input=brains.realtime and sight.able,  # else seeing/ takes what it needs
            text_output=room_io.TextOutputOptions(sync_transcription=False),  # see outputs.py
        ),
        # Nobody in the room may drive the session, and nobody needs its running commentary.
        session_host=False,
    )
    refine_inputs(ctx, session, settings.debug_audio_capture, gated=not brains.realtime)
    control.begin()
    if in_room:
        meter(ctx, session, store, began=sitting.began)
        await introduce(ctx.room, session, brains)
        desk = KnowledgeDesk(ctx.room, knowledge)
        answers.show = desk.show
        sitting.begin(session, control, avatar)
        for url in sitting.knowledge:
            desk.add_url(url)
        ctx.add_shutdown_callback(desk.aclose)
        feel = functools.partial(tell_face, avatar)
        outputs = refine_outputs(
            session.output,
            manner.feelings,
            feel,
            times_words=brains.times_words,
            position=lambda: avatar.position,
        )
        ctx.add_shutdown_callback(outputs.aclose)

    def say_exactly(text: str) -> SpeechHandle:
        return say(session, text, is_english=manner.is_english)

    async def talk() -> None:
        if in_room:
            try:
                person = await ctx.wait_for_participant()
            except RuntimeError:
                logger.info("the room closed before anyone came")
                return  # of a session, its sitting notices as well
            meet = await remember(
                store,
                session,
                manner,
                person,
                settings,
                brains.writer,
                began=sitting.began,
                small=brains.small,
            )
            messages = Messages(session, say_exactly, sitting.news(tell_sender(ctx.room)))
            controls = await open_desk(ctx.room, messages, control, avatar)
            ctx.add_shutdown_callback(controls.aclose)
            sitting.admit(messages, brains.description)
            attend(ctx, session, person, outputs, settings.reconnect_grace, sitting.leave, meet)
        if brains.remote is not None:
            brains.remote.attach(session, ctx.room, manner)
            ctx.add_shutdown_callback(brains.remote.aclose)
        if settings.debug_audio_capture is not None:
            speak(session, capture.NOTICE)
        if asked.first_words:
            speak(session, asked.first_words)
        if in_room:
            typed.begin(session, messages.retell)
            # Last: that it cannot see a camera that is on already is not what it says first.
            eyes = await open_eyes(
                ctx.room, session, manner, sight, knowledge, messages.retell, small=brains.small
            )
            ctx.add_shutdown_callback(eyes.aclose)
        if brains.small and isinstance(brains.llm, SteadyLLM):
            # Past its care: nobody has asked anything yet, so nobody needs to know that it failed.
            await prime(brains.llm.minds[0], str(assistant.instructions))

    if in_room:
        begin_apart(ctx, talk(), fail=sitting.fail, is_over=session._is_closing)
    else:
        await talk()
