"""LiveKit's native library does not report every line of WebRTC's log to Python."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RECORDS = """
import asyncio, logging, os
from livekit import rtc
from livekit.rtc import _ffi_client
from visavis.native_log import keep_native_log_out

seen = []
_ffi_client.to_python_level = lambda level: seen.append(level)
if os.environ["QUIET"]:
    keep_native_log_out()

async def fail():
    try:
        await rtc.Room().connect("ws://127.0.0.1:9", "no token", rtc.RoomOptions(connect_timeout=1))
    except rtc.ConnectError:
        print("answered")
    await asyncio.sleep(0.2)

asyncio.run(fail())
print(len(seen))
"""


@pytest.mark.parametrize("quiet", ["", "1"])
def test_a_line_of_webrtcs_log_does_not_take_the_interpreter_from_the_voice(quiet: str) -> None:
    env = {k: v for k, v in os.environ.items() if k not in ("LIVEKIT_RTC_DEBUG", "RUST_LOG")}
    done = subprocess.run(
        [sys.executable, "-c", RECORDS],
        env=env | {"QUIET": quiet},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answered, records = done.stdout.split()
    assert answered == "answered"  # events still come
    if quiet:
        assert int(records) <= 5  # until it was asked
        assert "WARN" in done.stderr, "what went wrong is told nowhere"
    else:
        assert int(records) > 50, "the library has become quiet by itself: native_log can go"
