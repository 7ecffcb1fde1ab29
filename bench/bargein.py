"""``python -m bench bargein``: how fast it falls silent, and whether it ever answers again."""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from bench.bot import Speech, join
from bench.interrupts import SENTENCE, Interrupter
from bench.livekit import LiveKitServer, start_livekit
from bench.mouthpiece import Mouthpiece, own_session, stock_output
from bench.report import Report
from bench.speech import speak
from bench.stage import enter, start_worker
from bench.system import running_system
from bench.talk import Talk, stop_words
from bench.tally import Tally, witness

HELP = "interrupt by voice, by button and by script: until silence, until the mouth is shut; wedges"

FACE: Final = 60.0
"""Seconds within which the first face must come."""

Opened = AbstractAsyncContextManager[Mouthpiece]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--interrupts", type=int, default=50, help="in a conversation, half of them by voice"
    )
    parser.add_argument(
        "--scripted",
        type=int,
        default=200,
        help="of agents without a mind, half with LiveKit's own output; 1000 take half an hour",
    )
    parser.add_argument("--seed", type=int, default=0)


async def measure(args: argparse.Namespace) -> Report:
    chance = random.Random(args.seed)
    found: dict[str, Tally] = {}
    if args.scripted:
        found |= await interrupt_scripts(args.scripted, chance)
    if args.interrupts:
        found |= await interrupt_conversation(args.interrupts, chance)
    metrics: dict[str, float] = {}
    for name, tally in found.items():
        metrics |= tally.metrics(f"{name}_")
    metrics |= {
        key: value for key, value in everything(found).metrics().items() if key != "interrupts"
    }
    notes = (
        "headline figures: by voice and by button in a conversation, from the decision; a voice's "
        "decision is when the agent's state is seen to leave `speaking`, its onset_… is from the "
        "first sound of the interrupt",
        "every figure includes the listener's own jitter buffer (…listener_buffer_ms)",
    )
    return Report("bargein", sum(tally.tried for tally in found.values()), metrics, notes)


def everything(found: dict[str, Tally]) -> Tally:
    """Times of the real conversation where there was one; wedges of all."""
    both = Tally(wedges=sum(tally.wedges for tally in found.values()))
    for name in ("voice", "button") if "button" in found else ("stock", "own"):
        if name in found:
            both.silence += found[name].silence
            both.mouth += found[name].mouth
    return both


async def interrupt_scripts(count: int, chance: random.Random) -> dict[str, Tally]:
    """Our avatar worker, first behind LiveKit's own output, then behind all of ours."""
    found: dict[str, Tally] = {}
    speech = speak(SENTENCE)
    ways = {"stock": stock_output, "own": own_session}
    with (
        tempfile.TemporaryDirectory(prefix="visavis-bargein-") as name,
        start_livekit(Path(name)) as livekit,
        start_worker(livekit, Path(name)),
    ):
        for way, opened in ways.items():
            found[way] = await interrupt_script(livekit, way, opened, speech, count // 2, chance)
    return found


async def interrupt_script(
    livekit: LiveKitServer,
    room: str,
    open_mouthpiece: Callable[[LiveKitServer, str], Opened],
    speech: Speech,
    count: int,
    chance: random.Random,
) -> Tally:
    """``count`` interrupts of one agent in a room of its own."""
    async with (
        enter(livekit, room, "person") as person,
        witness(person) as seen,
        open_mouthpiece(livekit, room) as mouthpiece,
    ):
        await seen.eyes.wait_for_picture(time.monotonic() - 60, FACE)
        interrupter = Interrupter(mouthpiece, seen, speech, chance)
        await interrupter.rehearse()
        while interrupter.tally.tried < count and not interrupter.tally.hopeless:
            await interrupter.interrupt()
        interrupter.tally.buffer = await seen.ears.waited()
        return interrupter.tally


async def interrupt_conversation(count: int, chance: random.Random) -> dict[str, Tally]:
    """The whole system with its brains, in turn by voice and by the page's RPC."""
    voice, button = Tally(), Tally()
    stop = stop_words()
    with running_system() as system:
        async with join(system.gateway, sensing=False) as bot, witness(bot.room) as seen:
            talk = Talk(bot, seen, stop, chance)
            await talk.begin()
            for turn in range(count):
                if voice.hopeless or button.hopeless:
                    break
                await (talk.by_voice(voice) if turn % 2 else talk.by_button(button))
            button.buffer = await seen.ears.waited()
    return {"voice": voice, "button": button}
