"""What would fail later with a stack trace is said before anything starts."""

from __future__ import annotations

import asyncio
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Final

import aiohttp
from livekit import api
from pydantic import SecretStr

from demo.problem import Problem
from gateway.provider_keys import REFUSAL_BYTES, is_restricted
from settings import Settings
from visavis.proxies import is_loopback

LIVEKIT_PORTS: Final = (7880, 7881)
"""Of ``livekit.yaml``: signalling, and media over TCP."""
PAGE: Final = Path("frontend/dist/index.html")
OPENAI_URL: Final = "https://api.openai.com/v1"
ELEVEN_URL: Final = "https://api.elevenlabs.io/v1"


def check(settings: Settings, *, own_livekit: bool) -> None:
    """Raises :class:`Problem` with a sentence for the first thing that stands in the way."""
    if not PAGE.is_file():
        raise Problem("the page is not built: run `make setup`")
    remedy = f"choose another: PORT={settings.port + 1} make demo"
    check_port(settings.port, remedy, *page_hosts(settings))
    if own_livekit:
        for port in LIVEKIT_PORTS:
            check_port(port, "if that is a LiveKit server, set LIVEKIT_URL and its key to use it")
    else:
        asyncio.run(_check_livekit(settings))
    _check_embedded_brains()
    openai_url = settings.openai_base_url or OPENAI_URL
    _check_provider(
        "OPENAI_API_KEY", settings.openai_api_key, openai_url, "Authorization: Bearer {key}"
    )
    eleven_url = settings.eleven_base_url or ELEVEN_URL
    _check_provider("ELEVEN_API_KEY", settings.eleven_api_key, eleven_url, "xi-api-key: {key}")


def _check_embedded_brains() -> None:
    try:
        import xllamacpp  # noqa: F401
    except ImportError as error:
        raise Problem(
            f"the embedded language model cannot be loaded ({error}): install the missing "
            "library (on Debian and Ubuntu: apt install libgomp1)"
        ) from None


def page_hosts(settings: Settings) -> tuple[str, ...]:
    """Where browsers of this machine look for the page: for them ``localhost`` is ``::1``, too."""
    host = settings.host_here
    return (host, "::1") if is_loopback(host) else (host,)


def check_port(port: int, remedy: str, *hosts: str) -> None:
    """Raises :class:`Problem` when something listens on ``port`` of ``hosts``, which are this
    machine; by themselves, 127.0.0.1."""
    for host in hosts or ("127.0.0.1",):
        with suppress(OSError):  # also where there is no IPv6
            socket.create_connection((host, port), timeout=1).close()
            raise Problem(f"port {port} is in use by another program: stop it, or {remedy}")


async def _check_livekit(settings: Settings) -> None:
    secret = settings.livekit_api_secret.get_secret_value()
    try:
        async with api.LiveKitAPI(
            settings.livekit_url, settings.livekit_api_key, secret
        ) as livekit:
            await livekit.room.list_rooms(api.ListRoomsRequest(names=["visavis-preflight"]))
    except api.TwirpError as error:
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise Problem(
                f"the LiveKit server at {settings.livekit_url} refused the key: "
                "check LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
            ) from None
        raise Problem(f"the LiveKit server at {settings.livekit_url} says: {error}") from None
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Problem(
            f"no LiveKit server answers at LIVEKIT_URL={settings.livekit_url} ({error}): "
            "start it, or unset LIVEKIT_URL to have one started here"
        ) from None


def _check_provider(name: str, key: SecretStr | None, url: str, header: str) -> None:
    if key is None:
        return
    field, _, value = header.partition(": ")
    request = urllib.request.Request(
        f"{url.rstrip('/')}/models", headers={field: value.format(key=key.get_secret_value())}
    )
    try:
        with urllib.request.urlopen(request, timeout=5):
            return
    except urllib.error.HTTPError as error:
        body = b""
        with suppress(OSError, HTTPException):
            body = error.read(REFUSAL_BYTES)
        if error.code == HTTPStatus.UNAUTHORIZED and not is_restricted(body):
            raise Problem(
                f"{url} refused {name}: correct it, or unset it to use the embedded brains"
            ) from None
    except OSError as error:
        print(f"visavis: cannot check {name} at {url} ({error}); going on", flush=True)
