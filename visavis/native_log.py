"""What LiveKit's native library tells Python, and what it makes of WebRTC's log.

It asks WebRTC for every line, each data packet in hex among them, and hands each to Python,
which throws most away: a fifth of what it takes to send and receive speech, all of it while
WebRTC's network thread and the interpreter's lock are wanted for the sound (livekit 1.1.21).
"""

from __future__ import annotations

import ctypes
import logging
import os
from typing import Any, Final

logger = logging.getLogger("visavis.livekit")

OTHERWISE: Final = (ImportError, AttributeError, TypeError, ctypes.ArgumentError)
"""What is raised where LiveKit's client is another inside than here is known."""


def keep_native_log_out() -> None:
    """Leave the log of this process's LiveKit client to its own logger, which drops it early.

    It makes the client, where there is none yet. Nothing changes where ``LIVEKIT_RTC_DEBUG`` asks
    for all of it.
    """
    # What its logger writes to stderr, read when the library starts; else errors alone.
    os.environ.setdefault("RUST_LOG", "warn")
    try:
        from livekit.rtc._ffi_client import ffi_event_callback

        hear_native(ffi_event_callback)
    except OTHERWISE as error:
        logger.warning("LiveKit's native log costs more than it need: %s", error)


def hear_native(callback: Any) -> None:
    """Have ``callback``, a C function, told what happens in LiveKit's native library, with its log
    only where ``LIVEKIT_RTC_DEBUG`` asks for it. Raises :data:`OTHERWISE`."""
    from livekit.rtc import __version__
    from livekit.rtc._ffi_client import FfiClient

    wants_log = os.environ.get("LIVEKIT_RTC_DEBUG", "").strip().lower() in ("1", "true")
    # As the client itself does, but for what is told.
    FfiClient.instance._ffi_lib.livekit_ffi_initialize(
        callback, wants_log, b"python", __version__.encode()
    )
