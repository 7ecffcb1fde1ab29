"""What stands between a session and its voice and captions in the room."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from livekit.agents.voice.io import AgentOutput
from livekit.agents.voice.transcription import TranscriptSynchronizer

from visavis import AvatarSession
from visavis.appearance import NO_EXPRESSION, AppearanceChange, AppearanceError

from .feeling import Feel, Feeling, Feelings, Felt
from .heard import Heard
from .hold import Hold


@dataclass(frozen=True)
class Outputs:
    """Keep it until the conversation is over."""

    hold: Hold | None
    """None where there is no voice."""
    heard: Heard | None
    """None where the captions follow LiveKit's estimate."""
    closing: AsyncExitStack

    async def aclose(self) -> None:
        await self.closing.aclose()


def refine_outputs(
    output: AgentOutput,
    feelings: Feelings,
    feel: Feel,
    *,
    times_words: bool,
    position: Callable[[], float | None] = lambda: None,
    clock: Callable[[], float] = time.time,
) -> Outputs:
    """Captions in step with the voice, feelings in step with the captions, and a :class:`Hold`.

    ``output`` is a started session's, its transcription as the room takes it (LiveKit's own
    ``sync_transcription`` off). ``times_words``: the voice says when each word sounds; else LiveKit
    estimates it, as it would by itself. ``position``, ``clock``: as :class:`.heard.Heard`'s.
    """
    closing = AsyncExitStack()
    if output.audio is None:
        return Outputs(None, None, closing)
    heard = None
    if output.transcription is not None:
        felt = Felt(feelings, feel, output.transcription)
        closing.push_async_callback(felt.aclose)
        if times_words:
            heard = Heard(output.audio, felt, position, clock)
            closing.push_async_callback(heard.aclose)
            output.audio, output.transcription = heard.voice, heard.captions
        else:
            step = TranscriptSynchronizer(next_in_chain_audio=output.audio, next_in_chain_text=felt)
            closing.push_async_callback(step.aclose)
            output.audio, output.transcription = step.audio_output, step.text_output
    output.audio = hold = Hold(output.audio)
    return Outputs(hold, heard, closing)


async def tell_face(avatar: AvatarSession, feeling: Feeling) -> None:
    """Show it, if there is a face that can."""
    plain = feeling.name == "neutral"
    expression = {"mix": feeling.name, "intensity": feeling.intensity}
    try:
        await avatar.change(AppearanceChange(expression=NO_EXPRESSION if plain else expression))
    except AppearanceError:
        return  # no face, or another maker's: the voice goes on as ever
