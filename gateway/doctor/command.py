"""The doctor's command line: every check, and what came of it."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from settings import Settings

from .finding import Finding, Level, wrong
from .here import (
    check_disk,
    check_files,
    check_port,
    check_redis,
    check_store,
    check_workers,
)
from .livekit import check_livekit
from .media import check_media
from .online import check_online
from .rules import check_brains, check_browser

Check = Callable[[Settings], list[Finding] | Awaitable[list[Finding]]]

SIGNS: Final[dict[Level, str]] = {"ok": "ok     ", "warning": "warning", "wrong": "WRONG  "}


def add_doctor_command(commands: Any) -> None:
    parser = commands.add_parser("doctor", help="say what is wrong, and how to mend it")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.add_argument(
        "--online", action="store_true", help="also ask providers whether they take their keys"
    )


def run_doctor_command(given: argparse.Namespace, settings: Settings) -> int:
    """Prints what was found; 1 where anything is wrong."""
    found = asyncio.run(examine(settings, online=given.online))
    is_well = all(finding.level != "wrong" for finding in found)
    if given.json:
        json.dump({"ok": is_well, "findings": [asdict(each) for each in found]}, sys.stdout)
        print()
    else:
        print(tell(found))
    return 0 if is_well else 1


async def examine(settings: Settings, *, online: bool = False) -> list[Finding]:
    """All findings, in the order in which things depend on each other. Half a minute at most."""
    livekit = await check_livekit(settings)
    reached = all(finding.level != "wrong" for finding in livekit[:1])
    checks: dict[str, Check] = {
        **({"media": check_media} if reached else {}),
        "store": check_store,
        "workers": check_workers,
        "redis": check_redis,
        "brains": check_brains,
        "files": check_files,
        "disk": check_disk,
        "port": check_port,
        "browser": check_browser,
        **({"online": check_online} if online else {}),
    }
    found = [*livekit]
    for part, check in checks.items():
        found += await _examine(part, check, settings)
    return found


async def _examine(part: str, check: Check, settings: Settings) -> list[Finding]:
    """A check that fails is a finding like others."""
    try:
        found = check(settings)
        return found if isinstance(found, list) else await found
    except Exception as error:
        says = f"This could not be examined ({type(error).__name__}: {error})."
        return [wrong(part, says, "Tell the makers of Visavis.")]


def tell(found: Sequence[Finding]) -> str:
    """For a person."""
    width = max(len(each.part) for each in found)
    lines = []
    for each in found:
        lines.append(f"{SIGNS[each.level]}  {each.part:{width}}  {each.says}")
        if each.mend:
            lines.append(f"{'':{len(SIGNS['ok']) + 4 + width}}→ {each.mend}")
    faults = sum(each.level == "wrong" for each in found)
    lines.append("Nothing is wrong." if not faults else f"{faults} thing(s) to mend.")
    return "\n".join(lines)
