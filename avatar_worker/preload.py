"""What every room needs, loaded once: the worker's forkserver imports this before it forks.

Job processes then share the head's arrays and the compiled renderer copy-on-write. Where processes
are not forked (macOS, Windows), each job imports it for itself while it warms up.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from avatar_worker.heads import find_head
from avatar_worker.lipsync import LipSyncFactory, load_lipsync
from avatar_worker.render import Head, load_head, prewarm
from settings import Settings, load_settings


@dataclass(frozen=True)
class Preloaded:
    """Shared by all rooms of a worker; read only."""

    settings: Settings
    head: Head | None
    """None where the settings want no picture."""
    lipsync: LipSyncFactory
    process_id: int


def _load() -> Preloaded:
    settings = load_settings()
    head = None
    if settings.avatar_video:
        head = load_head(find_head(settings.avatar_head))
        prewarm(head)
    return Preloaded(settings, head, load_lipsync(settings.wav2arkit_model), os.getpid())


PRELOADED = _load()
