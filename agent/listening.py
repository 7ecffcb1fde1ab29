"""Which of the words that were heard are a turn: a hum is none, and half a sentence is not yet.

Works on what any recogniser writes. Over the voice, a listener's "mhm" pauses it as every sound
does, but does not end what it says. A text that breaks off ("If it rains tomorrow,") is kept back
for a moment in which the person may go on; so is one that sounds as if it did. The turn cannot end
without it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Final

from livekit.agents import stt, utils

from . import sentence_ends, wording
from .sentence_ends import End
from .tone import Tone

WAIT: Final = 1.2
"""Seconds that half a sentence waits for its other half."""
DOUBT: Final = 0.3
"""Of it, for what may be whole, by :mod:`.sentence_ends` or for a comma at its end."""
ANSWER: Final = 1.5
"""Seconds within which what the agent says must be over for an assent over it to be an answer."""
OPEN: Final = 0.2
"""Chance of an end, by the sound of a pause, below which more is to come. Of 148 whole sentences of
the embedded voice one was below it, of 125 that were cut off at any word two fifths."""
DOUBTFUL: Final = 0.5
"""The same of what may be whole."""
LOOK: Final = 0.1
"""Seconds between two looks whether it is."""
WRITING: Final = 1.5
"""Seconds after somebody spoke within which it is written down, if it was words: of a cough many
recognisers write nothing, not even that it was none."""

_TEXTS: Final = (
    stt.SpeechEventType.INTERIM_TRANSCRIPT,
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT,
    stt.SpeechEventType.FINAL_TRANSCRIPT,
)


async def turns_only(
    events: AsyncIterable[stt.SpeechEvent],
    over_voice: Callable[[], bool],
    is_english: Callable[[], bool] = lambda: True,
    wait: float = WAIT,
    tone: Tone | None = None,
    withhold: Callable[[float], object] = lambda _: None,
) -> AsyncGenerator[stt.SpeechEvent]:
    """The events of a recogniser, less hums and assents said ``over_voice()``. A final text that
    breaks off, or sounds so to ``tone``, comes ``wait`` seconds later if nobody speaks; else it is
    the beginning of the next one. An assent comes as soon as the voice is over, if that is within
    :data:`ANSWER` seconds.

    ``withhold`` is told until when, by the loop's clock, there are words that did not come out yet,
    or may still be written down; 0: there are none.

    A final text that is left out stays, but empty: a recogniser that is told to finish is waited
    for.
    """
    begun: stt.SpeechEvent | None = None
    assent: stt.SpeechEvent | None = None
    asked_at = 0.0
    patience = 0.0
    speaking = False
    due = 0.0
    clock = asyncio.get_running_loop().time
    await asyncio.to_thread(sentence_ends.load)  # not while somebody waits for an answer
    iterator = aiter(events)
    coming = asyncio.ensure_future(_next(iterator))
    try:
        while True:
            withhold(due if begun is None and assent is None else math.inf)
            limit = LOOK if assent is not None else None if begun is None or speaking else patience
            done, _ = await asyncio.wait({coming}, timeout=limit)
            if assent is not None and not over_voice():
                yield assent
                assent = None
            elif assent is not None and clock() - asked_at > ANSWER:
                assent = None
            if not done:
                if begun is not None and not speaking:
                    yield begun
                    begun = None
                continue
            if (event := coming.result()) is None:
                break
            coming = asyncio.ensure_future(_next(iterator))
            if tone is not None and not over_voice():
                tone.follow(event)
            if event.type == stt.SpeechEventType.START_OF_SPEECH:
                speaking, due = True, math.inf
            elif event.type == stt.SpeechEventType.END_OF_SPEECH:
                speaking, due = False, min(due, clock() + WRITING)
            elif event.type in _TEXTS and event.alternatives:
                text = event.alternatives[0].text
                final = event.type == stt.SpeechEventType.FINAL_TRANSCRIPT
                due = 0.0 if final else math.inf if speaking else clock() + WRITING
                english = is_english()
                scrap = wording.is_scrap(text, english=english)
                if over_voice() and (scrap or wording.is_assent(text, english=english)):
                    if final:
                        assent = None if scrap or wording.is_hum(text) else event
                        asked_at = clock()
                        yield _with_text(event, "")
                    continue
                if final and text:
                    assent = None
                if begun is not None and text:
                    event = _with_text(event, f"{begun.alternatives[0].text} {text}")
                if final and text:
                    patience = 0.0 if over_voice() else wait * await _patience(text, english, tone)
                    begun = event if patience else None
                    if begun is not None:
                        continue
            yield event
        if begun is not None:
            yield begun
    finally:
        withhold(0.0)
        await utils.aio.cancel_and_wait(coming)


async def _patience(text: str, english: bool, tone: Tone | None) -> float:
    """Share of the whole wait."""
    if wording.breaks_off(text, english=english):
        return 1.0
    end = sentence_ends.look(text) if english else End.LIKELY
    if end is End.OPEN:
        return 1.0
    doubtful = end is End.DOUBTFUL or text.rstrip().endswith(",")
    if tone is not None and await tone.is_open(text, DOUBTFUL if doubtful else OPEN):
        return 1.0
    return DOUBT if doubtful else 0.0


async def _next(iterator: AsyncIterator[stt.SpeechEvent]) -> stt.SpeechEvent | None:
    return await anext(iterator, None)


def _with_text(event: stt.SpeechEvent, text: str) -> stt.SpeechEvent:
    said = dataclasses.replace(event.alternatives[0], text=text)
    return dataclasses.replace(event, alternatives=[said])
