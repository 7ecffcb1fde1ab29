"""Drawing gives way to voice and network."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import Final

DRAWING_NICE: Final = 5
"""Above the 0 of the pump, WebRTC's threads and lip-sync: a third of their weight in Linux's fair
scheduler, so a picture is late before a packet is, and yet other programs do not starve the face
(``sched(7)``, "The nice value": each step is a factor of about 1.25)."""


def lower_this_thread() -> None:
    """Let other threads of the machine go first; nothing where a thread has no nice value.

    On Linux alone it is each thread's own; elsewhere it would be the whole process's.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), DRAWING_NICE)
