"""What LiveKit's native library makes of WebRTC's log.

It asks WebRTC for every line, a picture of every data packet among them, and hands each to Python,
which throws most away: a fifth of what it takes to send and receive speech, all of it while
WebRTC's network thread and the interpreter's lock are wanted for the sound (livekit 1.1.21).
"""

from __future__ import annotations

import ctypes
import logging
import os
from importlib.metadata import version
from typing import Final

logger = logging.getLogger("visavis.livekit")

LEVEL: Final = {"RUST_LOG": "warn"}
"""What the library writes to stderr by itself, as its logger reads it when the library starts; by
itself it would write errors alone."""


def keep_native_log_out() -> None:
    """Leave the log of this process's LiveKit client to its own logger, which drops it early.

    It makes the client, where there is none yet. Nothing changes where ``LIVEKIT_RTC_DEBUG`` asks
    for all of it.
    """
    if os.environ.get("LIVEKIT_RTC_DEBUG", "").strip().lower() in ("1", "true"):
        return
    for name, level in LEVEL.items():
        os.environ.setdefault(name, level)
    try:
        from livekit.rtc._ffi_client import FfiClient, ffi_event_callback

        library = FfiClient.instance._ffi_lib
        # Once more, with all as it was but for the second argument.
        library.livekit_ffi_initialize(
            ffi_event_callback, False, b"python", version("livekit").encode()
        )
    except (ImportError, AttributeError, TypeError, ctypes.ArgumentError) as error:
        logger.warning("LiveKit's native log costs more than it need: %s", error)
