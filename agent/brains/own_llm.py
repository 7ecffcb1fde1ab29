"""A brain of the user's own, in Python: LiveKit's LLM on an entry point's :class:`Brain`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from livekit.agents import APIConnectionError, llm

from visavis.brain import Brain

from .errors import BrainError
from .providers import find_own
from .words_llm import WordsLLM, read_turn

logger = logging.getLogger("visavis.brains")


async def make_own(name: str) -> OwnLLM:
    """As :func:`own_llm`; what its package imports, which may take long, does not keep the event
    loop."""
    with suppress(Exception):  # it fails again below
        await asyncio.to_thread(find_own(name).load)
    return own_llm(name)


def own_llm(name: str) -> OwnLLM:
    """The brain that an installed package offers as ``name``. Call it in the event loop that the
    brain will answer in, for it may bind itself to that, as ``aiohttp.ClientSession()`` does.

    Raises :class:`BrainError` where there is none, or it cannot be made.
    """
    point = find_own(name)
    try:
        make: Callable[[], Brain] = point.load()
        brain = make()
    except Exception as error:
        raise BrainError(
            f"BRAIN={name!r}: {point.value} cannot be made ({type(error).__name__}: {error})"
        ) from error
    if not callable(getattr(brain, "answer", None)):
        raise BrainError(f"BRAIN={name!r}: {point.value} has no method answer(history, turn)")
    return OwnLLM(name, brain)


class OwnLLM(WordsLLM):
    def __init__(self, name: str, brain: Brain) -> None:
        super().__init__(name, "own")
        self.brain = brain

    async def answer(self, chat_ctx: llm.ChatContext) -> AsyncGenerator[str]:
        pieces = self.brain.answer(*read_turn(chat_ctx))
        try:
            async for piece in pieces:
                yield piece
        except Exception as error:
            # Of its own errors the author wants to see where; of the talk there is nothing in it.
            logger.warning("the brain %r failed", self.model, exc_info=_without_words(error))
            raise APIConnectionError(type(error).__name__, retryable=False) from None
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()


def _without_words(error: Exception) -> Exception:
    """The same error with its traceback, without its message, which may quote the person."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
