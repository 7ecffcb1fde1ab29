"""A scripted agent that is interrupted in every way that there is."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Final, Literal

from bench.bot import MIC_RATE, Speech
from bench.cutoff import MouthLevels, mouth_levels
from bench.mouthpiece import Mouthpiece
from bench.tally import PATIENCE, WATCH, Tally, Witness

SENTENCE: Final = (
    "The quick brown fox jumps over the lazy dog, and then it walks along the river to the old "
    "mill, where nobody has lived for as many years as anyone can remember."
)

GREETING: Final = 4.0
"""Seconds after which the face no longer smiles at who has just come: its lips part."""

Kind = Literal["speaking", "twice", "at once", "unfinished", "between", "ten in a second"]
KINDS: Final[dict[Kind, int]] = {
    "speaking": 12,
    "twice": 2,
    "at once": 2,
    "unfinished": 2,
    "between": 1,
    "ten in a second": 1,
}
"""When to interrupt, and how often each is drawn."""


class Interrupter:
    """Has one sentence said over and over: ``speech``, a few seconds of it."""

    def __init__(
        self, mouthpiece: Mouthpiece, seen: Witness, speech: Speech, chance: random.Random
    ) -> None:
        self.tally = Tally()
        self._mouthpiece = mouthpiece
        self._seen = seen
        self._chance = chance
        self._speech = speech
        self._short = self._speech[: MIC_RATE // 2]
        self._levels: MouthLevels | None = None
        self._bag: list[Kind] = [kind for kind, share in KINDS.items() for _ in range(share)]

    async def rehearse(self) -> None:
        """Look at the face at rest and speaking, to know a shut mouth from an open one."""
        await asyncio.sleep(GREETING)
        started = time.monotonic()
        await asyncio.sleep(3)
        rested = time.monotonic()
        await self._mouthpiece.say(self._speech)
        heard = await self._seen.ears.wait_for_sound(rested, 2 * PATIENCE)
        await self._mouthpiece.wait()
        mouth, now = self._seen.eyes.mouth, time.monotonic()
        self._levels = mouth_levels(mouth(started, rested), mouth(heard, now))

    async def interrupt(self) -> None:
        """Once, in a way of :data:`KINDS` by chance; then all must have been answered."""
        kind = self._chance.choice(self._bag)
        self.tally.tried += 10 if kind == "ten in a second" else 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._seen.ears.wait_for_quiet(0.3, PATIENCE)
                self._seen.forget(time.monotonic())
                await self._do(kind)
                await self._mouthpiece.wait()
        except TimeoutError:
            self.tally.wedged(kind)
            self._mouthpiece.give_up()
        else:
            self.tally.answered()

    async def _do(self, kind: Kind) -> None:
        mouthpiece = self._mouthpiece
        match kind:
            case "speaking" | "twice":
                await self._in_mid_sentence(twice=kind == "twice")
            case "at once":
                await mouthpiece.say(self._speech)
                mouthpiece.interrupt()
            case "unfinished":
                await mouthpiece.say(self._short, unfinished=True)
                await asyncio.sleep(self._chance.uniform(0, 0.4))
                mouthpiece.interrupt()
            case "between":
                await mouthpiece.say(self._short)
                await mouthpiece.wait()
                mouthpiece.interrupt()
            case "ten in a second":
                for _ in range(10):
                    await mouthpiece.say(self._short)
                    await asyncio.sleep(0.05)
                    mouthpiece.interrupt()
                    await asyncio.sleep(0.05)

    async def _in_mid_sentence(self, *, twice: bool) -> None:
        assert self._levels is not None
        sent = time.monotonic()
        await self._mouthpiece.say(self._speech)
        await self._seen.ears.wait_for_sound(sent, PATIENCE)
        await asyncio.sleep(self._chance.uniform(0.05, 1.2))
        decision = time.monotonic()
        self._mouthpiece.interrupt()
        if twice:
            await asyncio.sleep(0.03)
            self._mouthpiece.interrupt()
        await self._mouthpiece.wait()
        await asyncio.sleep(max(0.0, decision + WATCH - time.monotonic()))
        self.tally.note(self._seen, self._levels, decision, decision + WATCH)
