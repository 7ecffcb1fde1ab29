"""What the agent knows from the start: by the settings, else Visavis's own README and docs."""

from __future__ import annotations

import logging
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from settings import Settings

from .meaning import Encoder
from .passage import KnowledgeError
from .search import Knowledge
from .sources import ROOT, split

logger = logging.getLogger("visavis.knowledge")

OWN: Final = ("README.md", "docs")


@dataclass(frozen=True)
class Library:
    """What all conversations of a process share."""

    knowledge: Knowledge | None
    """None where nothing was given, or the index cannot be read."""
    encoder: Encoder | None


def sources_of(settings: Settings) -> list[str]:
    """Files, folders and URLs, absolute where they are Visavis's own."""
    if settings.agent_knowledge is not None:
        return split(settings.agent_knowledge)
    return [str(ROOT / name) for name in OWN if (ROOT / name).exists()]


def open_library(settings: Settings) -> Library:
    """Blocks for about 0.1 s, 3 s where there are 100,000 passages; a log line instead of an
    error."""
    from .__main__ import local_encoder

    encoder = local_encoder()
    if not sources_of(settings):
        return Library(None, encoder)
    try:
        knowledge = Knowledge(ROOT / settings.agent_knowledge_index, encoder)
        knowledge.load()
    except (KnowledgeError, sqlite3.Error) as error:
        logger.warning("%s", error)
        return Library(None, encoder)
    return Library(knowledge, encoder)


@contextmanager
def reading(settings: Settings) -> Iterator[None]:
    """Bring the index up to date, beside whatever is done meanwhile.

    Conversations find each document as soon as it has been read.
    """
    sources = sources_of(settings)
    if not sources:
        yield
        return
    private = ["--private"] if settings.fetch_private else []
    index = ROOT / settings.agent_knowledge_index
    process = _start_deaf(
        [
            *(sys.executable, "-m", "agent.knowledge", "--index", str(index), "update"),
            *("--exactly", "--quiet", "--while-read", *private, "--", *sources),
        ]
    )
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def _start_deaf(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a process to which Ctrl-C means nothing, from its first moment on.

    It reaches the whole process group; this one is ended by :func:`reading`, or by the end of this
    process, and has nothing to say. Call it in the main thread.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which is inherited
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    finally:
        signal.signal(signal.SIGINT, before)
