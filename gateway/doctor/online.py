"""Whether providers take their keys; they are asked for their list of models, which is free."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

import aiohttp

from settings import Settings
from visavis.proxies import is_direct

from ..provider_keys import REFUSAL_BYTES, is_restricted
from .finding import Finding, ok, wrong

TIMEOUT: Final = aiohttp.ClientTimeout(total=8)
OPENAI: Final = "https://api.openai.com/v1"
ELEVEN: Final = "https://api.elevenlabs.io/v1"
GEMINI: Final = "https://generativelanguage.googleapis.com/v1beta"


async def check_online(settings: Settings) -> list[Finding]:
    asked: list[tuple[str, str, dict[str, str]]] = []
    if key := settings.openai_api_key:
        url = settings.openai_base_url or OPENAI
        asked.append(("OPENAI_API_KEY", url, {"Authorization": f"Bearer {key.get_secret_value()}"}))
    if key := settings.eleven_api_key:
        url = settings.eleven_base_url or ELEVEN
        asked.append(("ELEVEN_API_KEY", url, {"xi-api-key": key.get_secret_value()}))
    if key := settings.gemini_api_key:
        url = settings.gemini_base_url or GEMINI
        asked.append(("GEMINI_API_KEY", url, {"x-goog-api-key": key.get_secret_value()}))
    return await _ask(asked)


async def _ask(asked: Sequence[tuple[str, str, dict[str, str]]]) -> list[Finding]:
    found = []
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        for name, url, headers in asked:
            try:
                # Not trust_env: that looks into .netrc as well, whose keys are not meant.
                proxy = (
                    None if is_direct(url) else getproxies_environment().get(urlsplit(url).scheme)
                )
                models = f"{url.rstrip('/')}/models"
                async with session.get(models, headers=headers, proxy=proxy) as answer:
                    status, body = answer.status, await _beginning(answer)
            except (aiohttp.ClientError, TimeoutError) as error:
                says = f"{url} cannot be reached ({type(error).__name__})."
                found.append(wrong("online", says, "Let this machine out to it."))
                continue
            if is_restricted(body):
                found.append(ok("online", f"{url} knows {name}, which may not list models."))
            elif status in (400, 401, 403):
                says = f"{url} refuses {name} ({status})."
                found.append(wrong("online", says, f"Correct {name}, or unset it."))
            else:
                found.append(ok("online", f"{url} takes {name}."))
    return found


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """Of a refusal; nothing of another answer."""
    if answer.ok:
        return b""
    try:
        return await answer.content.readexactly(REFUSAL_BYTES)
    except asyncio.IncompleteReadError as error:
        return error.partial
