"""Which of the words that were heard are a turn: a hum is none, and half a sentence is not yet.

Works on what any recogniser writes. Over the voice, a listener's "mhm" pauses it as every sound
does, but does not end what it says. A text that breaks off ("If it rains tomorrow,") is kept back
for a moment in which the person may go on; the turn cannot end without it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Final

from livekit.agents import stt, utils

WAIT: Final = 1.0
"""Seconds that half a sentence waits for its other half."""

_HUMS: Final = re.compile(r"(m+h+m+|m+|h+m+|u+h+(hu+h+)?|hu+h+|u+m+(hu+m+)?|a+h+|o+h+|aha)+")
"""How recognisers write them. What may be an answer ("yeah", "okay") is not among them."""
_GOES_ON: Final = re.compile(
    r"an?|the|my|your|his|our|their|these|and|or|but|so|because|if|when|while|than|to|of|for|from|"
    r"with|by|about|into|u+m+|u+h+|erm?"
)
"""English words that hardly ever end a turn."""
_STOPS: Final = re.compile(
    r"stop|wait|no|not|hold|hey|sorry|excuse|pardon|please|what|why|how|who|quiet|enough|help|yes|"
    r"but|okay|ok"
)
"""English words by which one stops somebody, whatever follows."""
_TEXTS: Final = (
    stt.SpeechEventType.INTERIM_TRANSCRIPT,
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT,
    stt.SpeechEventType.FINAL_TRANSCRIPT,
)


def is_hum(text: str) -> bool:
    """Nothing but hums, one at least."""
    words = re.findall(r"\w+", text.lower())
    return bool(words) and _HUMS.fullmatch("".join(words)) is not None


def breaks_off(text: str) -> bool:
    """More is to come, by its punctuation or its last word."""
    text = text.strip()
    if text.endswith((",", "…", "...", "-", "–", "—")):
        return True
    words = _words(text)
    if not words or text.endswith(("?", "!")):
        return False
    return _GOES_ON.fullmatch(words[-1]) is not None


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


async def turns_only(
    events: AsyncIterable[stt.SpeechEvent], over_voice: Callable[[], bool], wait: float = WAIT
) -> AsyncGenerator[stt.SpeechEvent]:
    """The events of a recogniser, less hums said ``over_voice()``. A final text that breaks off
    comes ``wait`` seconds later if nobody speaks; else it is the beginning of the next one.

    A hum's final text stays, but empty, for a recogniser that is told to finish is waited for.
    """
    begun: stt.SpeechEvent | None = None
    speaking = False
    iterator = aiter(events)
    coming = asyncio.ensure_future(_next(iterator))
    try:
        while True:
            limit = wait if begun is not None and not speaking else None
            done, _ = await asyncio.wait({coming}, timeout=limit)
            if not done and begun is not None:
                yield begun
                begun = None
                continue
            if (event := coming.result()) is None:
                break
            coming = asyncio.ensure_future(_next(iterator))
            if event.type == stt.SpeechEventType.START_OF_SPEECH:
                speaking = True
            elif event.type == stt.SpeechEventType.END_OF_SPEECH:
                speaking = False
            elif event.type in _TEXTS and event.alternatives:
                text = event.alternatives[0].text
                final = event.type == stt.SpeechEventType.FINAL_TRANSCRIPT
                if over_voice() and _is_aside(text):
                    if final:
                        yield _with_text(event, "")
                    continue
                if begun is not None and text:
                    event = _with_text(event, f"{begun.alternatives[0].text} {text}")
                if final and text:
                    begun = event if breaks_off(text) and not over_voice() else None
                    if begun is not None:
                        continue
            yield event
        if begun is not None:
            yield begun
    finally:
        await utils.aio.cancel_and_wait(coming)


async def _next(iterator: AsyncIterator[stt.SpeechEvent]) -> stt.SpeechEvent | None:
    return await anext(iterator, None)


def _is_aside(text: str) -> bool:
    """A hum; or a word or two that break off, which is how the embedded ears write one."""
    words = _words(text)
    if any(_STOPS.fullmatch(word) for word in words):
        return False
    return is_hum(text) or (0 < len(words) <= 2 and breaks_off(text))


def _with_text(event: stt.SpeechEvent, text: str) -> stt.SpeechEvent:
    said = dataclasses.replace(event.alternatives[0], text=text)
    return dataclasses.replace(event, alternatives=[said])
