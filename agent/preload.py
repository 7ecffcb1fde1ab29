"""Imported once before there is a job, so that no conversation waits for it.

LiveKit imports this in the process that all others are forked from (where there is forking), and
they share what it loaded. It opens no model but one of numbers alone, and starts no thread.
"""

from __future__ import annotations

import importlib

import hibari.tts
import moonshine_voice.transcriber
from livekit.agents import tokenize

from agent import conversation, sentence_ends
from agent.feeling.sentiment import read_feeling

for _name in ("anyio._backends._asyncio", "openai.resources.chat.completions"):
    importlib.import_module(_name)  # what the first request would import, in the event loop
tokenize.basic.hyphenate_word("captions")  # builds a table that the captions' timing needs
read_feeling("")  # reads its lexicon
sentence_ends.load()

__all__ = ["conversation", "hibari", "moonshine_voice"]
