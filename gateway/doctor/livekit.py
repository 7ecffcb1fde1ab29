"""LiveKit: it answers, takes the key, is new enough, and its clock is right."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from livekit.api import LiveKitAPI
from livekit.api.twirp_client import ServerError
from livekit.protocol.room import ListRoomsRequest, PerformRpcRequest

from settings import Settings

from ..problems import Problem, livekit_problems
from ..rpc import perform_rpc
from .finding import Finding, ok, warning, wrong

PART: Final = "livekit"
TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
SKEW_SECONDS: Final = 5.0
"""More makes tokens, which live a minute, come too early or too late."""
NEEDED: Final = "1.13.5"
"""From which on a gateway can call agents."""


async def check_livekit(
    settings: Settings, clock: Callable[[], float] = time.time
) -> list[Finding]:
    """``clock``: Unix seconds."""
    url = settings.livekit_url
    try:
        with livekit_problems(url):
            async with LiveKitAPI(
                url,
                settings.livekit_api_key,
                settings.livekit_api_secret.get_secret_value(),
                timeout=TIMEOUT,
            ) as livekit:
                await livekit.room.list_rooms(ListRoomsRequest(names=["doctor"]))
                calls = await _can_call(livekit)
    except Problem as problem:
        says, _, mend = problem.detail.partition(". ")
        return [wrong(PART, f"{says}.", mend or "Look at LiveKit's log.")]
    found = [ok(PART, f"{url} answers and takes the key.")]
    if not calls:
        found.append(
            wrong(
                PART,
                "This LiveKit server cannot call agents, as sessions need it.",
                f"Use livekit-server {NEEDED} or newer.",
            )
        )
    return [*found, *await _check_clock(url, clock)]


async def _can_call(livekit: LiveKitAPI) -> bool:
    """Whether the server knows the call at all; the room asked for does not exist."""
    asked = PerformRpcRequest(
        room="doctor", destination_identity="nobody", method="none", response_timeout_ms=1000
    )
    try:
        await perform_rpc(livekit, asked)
    except ServerError as error:
        return error.code not in ("bad_route", "unimplemented")
    except (aiohttp.ClientError, TimeoutError):
        return True  # it began to look for somebody
    return True


async def _check_clock(url: str, clock: Callable[[], float]) -> list[Finding]:
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(urlunsplit((scheme, parts.netloc, "/", "", ""))) as answer,
        ):
            theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (aiohttp.ClientError, TimeoutError, KeyError, ValueError):
        return []
    skew = clock() - theirs
    if abs(skew) <= SKEW_SECONDS:
        return [ok(PART, "Its clock and this machine's agree.")]
    how = "ahead of" if skew > 0 else "behind"
    says = f"This machine's clock is {abs(skew):.0f} s {how} LiveKit's."
    mend = "Let both set their clocks by NTP (timedatectl set-ntp true)."
    # LiveKit takes a token that is a minute early or late (its JWT library's leeway).
    return [wrong(PART, says, mend) if abs(skew) > 50 else warning(PART, says, mend)]
