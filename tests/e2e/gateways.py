"""More gateways than the system's own, on its store and its LiveKit."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import suppress

import aiohttp

from bench.livekit import ROOT, free_ports
from bench.system import System

ENOUGH = 120.0
"""Seconds: a slow machine is no failure."""


class Gateway:
    """One of several, in a process of its own."""

    def __init__(self, system: System, **env: str) -> None:
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway"],
            cwd=ROOT,
            env=os.environ
            | {
                "LIVEKIT_URL": system.livekit.url,
                "LIVEKIT_API_KEY": system.livekit.api_key,
                "LIVEKIT_API_SECRET": system.livekit.api_secret,
                "STORE_URL": system.store_url,
                "PORT": str(port),
                "DISPATCH_TIMEOUT": "30",
                "FACE_TIMEOUT": "30",
            }
            | env,
        )

    async def up(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(ENOUGH), aiohttp.ClientSession() as http:
            while True:
                with suppress(aiohttp.ClientError):
                    await http.get(f"{self.url}/health")
                    return
                await asyncio.sleep(0.1)

    def kill(self) -> None:
        """With SIGKILL: it notices nothing."""
        self._process.kill()
        self._process.wait()
