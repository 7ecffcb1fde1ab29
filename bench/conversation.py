"""``python -m bench conversation``: how long a person waits, in a real conversation.

Starts the whole demo on ports of its own, joins as a person ten times over one conversation, and
reports what reached it: never what the system says of itself.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from dataclasses import dataclass

import psutil

from bench.bot import Bot, Speech, join
from bench.browser import watch_page
from bench.speech import QUESTIONS, speak
from bench.system import System, running_system


@dataclass(frozen=True)
class Load:
    """What the processes used over a stretch of time."""

    name: str
    cores: float
    megabytes: float
    """Unique set size of all its processes."""


async def converse(system: System) -> None:
    questions = [speak(question) for question in QUESTIONS]
    async with join(system.gateway) as bot:
        first_sound = await bot.wait_for_sound(bot.senses.joined, limit=30)
        first_picture = bot.senses.pictures[0]
        print(f"join → first picture   {first_picture - bot.senses.joined:6.2f} s")
        print(f"join → first word      {first_sound - bot.senses.joined:6.2f} s")
        await bot.wait_for_quiet()
        idle = await asyncio.to_thread(measure_load, system, 8.0)
        waits = await ask_all(bot, questions)
        speaking = asyncio.create_task(asyncio.to_thread(measure_load, system, 6.0))
        await bot.room.local_participant.send_text("Tell me a long story.", topic="lk.chat")
        busy = await speaking
        report(bot, waits, idle, busy)


async def ask_all(bot: Bot, questions: list[Speech]) -> list[float]:
    waits = []
    for text, speech in zip(QUESTIONS, questions, strict=True):
        await bot.wait_for_quiet()
        asked = await bot.say(speech)
        try:
            heard = await bot.wait_for_sound(asked, limit=15)
        except TimeoutError:
            print(f"no answer within 15 s to {text!r}")
            continue
        waits.append(heard - asked)
        await bot.wait_for_quiet()
    return waits


def measure_load(system: System, seconds: float) -> list[Load]:
    processes = system.processes()
    before = {p: sum(p.cpu_times()[:2]) for ps in processes.values() for p in ps}
    started = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - started
    loads = []
    for name, members in processes.items():
        cores = memory = 0.0
        for process in members:
            try:
                cores += (sum(process.cpu_times()[:2]) - before[process]) / elapsed
                memory += process.memory_full_info().uss / 1e6
            except psutil.Error:
                continue
        loads.append(Load(name, cores, memory))
    return loads


def report(bot: Bot, waits: list[float], idle: list[Load], busy: list[Load]) -> None:
    pictures = bot.senses.pictures
    steady = [at for at in pictures if at > pictures[0] + 2]
    gaps = [b - a for a, b in itertools.pairwise(steady)]
    waits.sort()
    print(f"end of question → answer heard, of {len(waits)}:")
    print(f"  p50 {statistics.median(waits):.2f} s, worst {waits[-1]:.2f} s")
    print(f"pictures a second      {len(steady) / (steady[-1] - steady[0]):6.1f}")
    print(f"longest gap            {max(gaps) * 1000:6.0f} ms")
    print("process          idle cores   speaking cores   memory")
    for quiet, loud in zip(idle, busy, strict=True):
        print(f"{quiet.name:16} {quiet.cores:10.2f} {loud.cores:16.2f} {loud.megabytes:6.0f} MB")


def main() -> None:
    with running_system() as system:
        print(f"start → ready          {system.seconds_to_ready:6.1f} s")
        seen = watch_page(system.gateway, 15)
        print(f"in Chromium            {seen.frames_per_second:6.1f} pictures a second, ", end="")
        print(f"{seen.freezes} freezes, {seen.dropped} dropped; buffers: ", end="")
        print(f"sound {seen.audio_buffer_ms:.0f} ms, picture {seen.video_buffer_ms:.0f} ms")
        asyncio.run(converse(system))
