"""``python -m agent console`` without a terminal or without a sound card."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from livekit.agents import AgentSession
from livekit.agents.voice.run_result import RunResult

from settings import Settings

from .assistant import Assistant
from .brains.choose import choose_llm, choose_providers
from .brains.llama import LlamaAddress
from .knowledge.answer import Answers
from .knowledge.choose import open_library
from .knowledge.session import SessionKnowledge
from .manner import Manner


def has_portaudio() -> bool:
    """Can this machine play and record at all?"""
    try:
        importlib.import_module("sounddevice")
    except OSError:
        return False
    return True


def sound_problem() -> str | None:
    """Why one cannot talk on this machine, and what to do about it; None when one can."""
    instead = "or type instead: python -m agent console --text"
    if not has_portaudio():
        return (
            "console needs PortAudio for the sound; install it (Debian and Ubuntu: "
            f"sudo apt install libportaudio2), {instead}"
        )
    sounddevice = importlib.import_module("sounddevice")
    for kind, name in (("input", "microphone"), ("output", "loudspeaker")):
        try:
            sounddevice.query_devices(kind=kind)
        except (ValueError, sounddevice.PortAudioError):
            return f"console found no {name}; connect one, {instead}"
    return None


async def answer_lines(
    settings: Settings,
    address: LlamaAddress | None,
    questions: Iterable[str],
    out: TextIO = sys.stdout,
) -> None:
    """Answer each line of text with a line of text, in one conversation."""
    mind, _ = choose_llm(settings, address)
    small = choose_providers(settings).llm == "embedded"
    session: AgentSession[None] = AgentSession(
        llm=mind, vad=None, turn_handling={"turn_detection": "manual"}
    )
    knowledge = SessionKnowledge(await asyncio.to_thread(open_library, settings))
    lines = iter(questions)
    async with mind, session:
        await session.start(
            Assistant(
                Manner.of(settings.agent_instructions, small=small),
                small=small,
                answers=Answers(knowledge),
            )
        )
        while (line := await asyncio.to_thread(next, lines, None)) is not None:
            if not line.strip():
                continue
            run: RunResult[Any] = session.run(user_input=line.strip())
            await run
            for event in run.events:
                if event.type == "message" and event.item.role == "assistant":
                    out.write(" ".join((event.item.text_content or "").split()) + "\n")
                    out.flush()
