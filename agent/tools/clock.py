"""The time and the date, anywhere."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from livekit.agents import function_tool, llm


@function_tool
async def tell_time(place: str = "") -> str:
    """The date and time now.

    Args:
        place: an IANA time zone ("Asia/Tokyo") or its city ("Tokyo"); empty: where the server is.
    """
    return read_clock(place, datetime.now().astimezone())


def read_clock(place: str, now: datetime) -> str:
    """``now`` (with a time zone) as one would say it at ``place``.

    Raises :class:`ToolError` for a place that no time zone is named after.
    """
    if not place.strip():
        return _say(now)
    zone = find_zone(place)
    return f"{_say(now.astimezone(ZoneInfo(zone)))} ({zone})"


def find_zone(place: str) -> str:
    """The IANA zone of that name, or whose city it is. Raises :class:`ToolError`."""
    if (zone := _zones().get(_plain(place.split(",")[0]))) is not None:
        return zone
    raise llm.ToolError(
        f"No time zone is named after {place[:60]!r}. Try the largest city of that zone, or its "
        "IANA name such as Europe/Berlin."
    )


def _say(at: datetime) -> str:
    return f"{at:%A}, {at.day} {at:%B %Y}, {at:%H:%M}"


@cache
def _zones() -> dict[str, str]:
    """Zones by their plain names and by their plain cities."""
    zones = {_plain(zone): zone for zone in available_timezones()}
    # Of names that several zones share ("GMT", "Indianapolis") the one by continent is kept.
    for zone in sorted(available_timezones(), key=lambda zone: (zone.startswith("Etc/"), zone)):
        if "/" in zone:
            zones.setdefault(_plain(zone.rsplit("/", 1)[1]), zone)
    return zones


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in letters if char.isalnum() or char in "/+-")
