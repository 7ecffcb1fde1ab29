"""What LiveKit's native library makes of WebRTC's log.

It asks WebRTC for every line, each data packet in hex among them, and hands each to Python,
which throws most away: a fifth of what it takes to send and receive speech, all of it while
WebRTC's network thread and the interpreter's lock are wanted for the sound (livekit 1.1.21).
"""

from __future__ import annotations

import ctypes
import logging
import os

logger = logging.getLogger("visavis.livekit")


def keep_native_log_out() -> None:
    """Leave the log of this process's LiveKit client to its own logger, which drops it early.

    It makes the client, where there is none yet. Nothing changes where ``LIVEKIT_RTC_DEBUG`` asks
    for all of it.
    """
    if os.environ.get("LIVEKIT_RTC_DEBUG", "").strip().lower() in ("1", "true"):
        return
    # What its logger writes to stderr, read when the library starts; else errors alone.
    os.environ.setdefault("RUST_LOG", "warn")
    try:
        from livekit.rtc import __version__
        from livekit.rtc._ffi_client import FfiClient, ffi_event_callback

        library = FfiClient.instance._ffi_lib
        # Once more, with all as it was but for the second argument.
        library.livekit_ffi_initialize(ffi_event_callback, False, b"python", __version__.encode())
    except (ImportError, AttributeError, TypeError, ctypes.ArgumentError) as error:
        logger.warning("LiveKit's native log costs more than it need: %s", error)
