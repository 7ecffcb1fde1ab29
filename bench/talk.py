"""A person in a real conversation who keeps cutting in, by voice and by the page's button."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import Final

import numpy as np
from livekit import rtc

from bench.bot import MIC_RATE, Bot, Speech
from bench.cutoff import MouthLevels, mouth_levels
from bench.speech import speak
from bench.tally import CALM, PATIENCE, WATCH, Tally, Witness
from visavis.protocol import ATTRIBUTE_BRAINS, RPC_INTERRUPT

AGENT_STATE: Final = "lk.agent.state"
"""LiveKit's attribute of an agent: initializing, listening, thinking, speaking."""
STOP: Final = "Wait, stop please."
STORIES: Final = ("the sea", "a fox", "an old mill", "the moon", "a train", "a garden", "winter")
GREETING: Final = 120.0
"""Seconds within which the greeting must be heard."""


def stop_words() -> Speech:
    """:data:`STOP`, spoken."""
    return speak(STOP)


class Talk:
    """The interrupts of one conversation. :meth:`begin` first.

    ``stop``: what cuts in by voice, :func:`stop_words` made before the room is entered: to make
    them takes long enough to miss the greeting.
    """

    def __init__(self, bot: Bot, seen: Witness, stop: Speech, chance: random.Random) -> None:
        self._bot = bot
        self._seen = seen
        self._chance = chance
        self._stop = stop
        self._stop_lead = float(np.argmax(np.abs(stop.astype(int)) > 500)) / MIC_RATE
        self._levels: MouthLevels | None = None
        self._fell_silent: list[float] = []
        bot.room.on("participant_attributes_changed", self._on_attributes)

    async def begin(self) -> None:
        """Hear the greeting out, and look at the mouth. Raises TimeoutError."""
        ears, mouth = self._seen.ears, self._seen.eyes.mouth
        heard = await ears.wait_for_sound(0, GREETING)
        await ears.wait_for_quiet(1.5, GREETING)
        if not len(mouth(heard, time.monotonic() - 1.5)):
            # On a slow machine the face may come after the first words.
            heard = await ears.wait_for_sound(await self._ask_for_story(), PATIENCE)
            await ears.wait_for_quiet(1.5, GREETING)
        spoken = time.monotonic()
        await asyncio.sleep(3)
        self._levels = mouth_levels(mouth(spoken, time.monotonic()), mouth(heard, spoken - 1.5))

    async def by_button(self, tally: Tally) -> None:
        """Have it talk, and call ``visavis.interrupt``."""
        if await self._let_it_talk(tally):
            decision = time.monotonic()
            await self._bot.room.local_participant.perform_rpc(
                destination_identity=self._agent(), method=RPC_INTERRUPT, payload=""
            )
            await self._settle(tally, decision)

    async def by_voice(self, tally: Tally) -> None:
        """Have it talk, and say :data:`STOP`. Decided is when the agent's state says so."""
        if not await self._let_it_talk(tally):
            return
        self._fell_silent.clear()
        said = await self._bot.say(self._stop)
        onset = said - len(self._stop) / MIC_RATE + self._stop_lead
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                while not self._fell_silent:
                    await asyncio.sleep(0.01)
        if self._fell_silent:  # else the answer was over before it could be cut
            await self._settle(tally, self._fell_silent[0], onset)

    async def _let_it_talk(self, tally: Tally) -> bool:
        """Until it is in the middle of an answer."""
        with contextlib.suppress(TimeoutError):
            await self._seen.ears.wait_for_quiet(1.0, 30)
        asked = await self._ask_for_story()
        try:
            await self._seen.ears.wait_for_sound(asked, PATIENCE)
        except TimeoutError:
            tally.wedged("no answer")
            return False
        tally.answered()
        await asyncio.sleep(self._chance.uniform(0.5, 1.2))
        return True

    async def _ask_for_story(self) -> float:
        """Answers when."""
        asked = time.monotonic()
        self._seen.forget(asked)
        story = self._chance.choice(STORIES)
        await self._bot.room.local_participant.send_text(
            f"Tell me a long story about {story}.", topic="lk.chat"
        )
        return asked

    async def _settle(self, tally: Tally, decision: float, onset: float | None = None) -> None:
        assert self._levels is not None
        tally.tried += 1
        await asyncio.sleep(max(0.0, decision + WATCH - time.monotonic()))
        try:
            await self._seen.ears.wait_for_quiet(CALM, 3)
        except TimeoutError:
            tally.wedged("it talked on")
            return
        silence = tally.note(self._seen, self._levels, decision, time.monotonic())
        if silence is not None and onset is not None:
            tally.onset.append(decision + silence - onset)

    def _agent(self) -> str:
        return next(
            participant.identity
            for participant in self._bot.room.remote_participants.values()
            if ATTRIBUTE_BRAINS in participant.attributes
        )

    def _on_attributes(self, changed: dict[str, str], _: rtc.Participant) -> None:
        if changed.get(AGENT_STATE, "speaking") != "speaking":
            self._fell_silent.append(time.monotonic())
