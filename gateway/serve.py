"""Serves until Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import os
import socket
import sys
from typing import Final

import uvicorn

from settings import Settings
from store import StoreError

from .access.audit import AuditError
from .app import create_app
from .patience import PatientHttp
from .service.prices import PriceError

MAX_SOCKET_MESSAGE: Final = 1 << 20
"""Bytes: ten seconds of sound in base64 are 640 kB."""
NICENESS: Final = 5
"""As the drawing of faces: on a machine that it shares with conversations these go first, so that
whoever floods the door slows the door."""


def serve(settings: Settings) -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    listener = listen(settings)
    port = listener.getsockname()[1]
    logging.getLogger("visavis.gateway").info("listening on %s port %d", settings.host, port)
    try:
        app = create_app(settings)
    except (AuditError, PriceError, StoreError) as error:
        sys.exit(f"visavis: {error}")
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        http=PatientHttp,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_graceful_shutdown=5,
        ws_max_size=MAX_SOCKET_MESSAGE,
        # Sound in base64 hardly gets smaller.
        ws_per_message_deflate=False,
    )
    gc.collect()
    gc.freeze()  # else each full collection looks through all modules and takes 75 ms
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def listen(settings: Settings) -> socket.socket:
    """The open port, or the process ends (status 1) with a sentence."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        sys.exit(f"visavis: {_explain(error, settings)}")


def _explain(error: OSError, settings: Settings) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {settings.port} is used by another program. Stop that one, or set PORT to "
            "another port."
        )
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {settings.port}. Set PORT to a number above 1023."
    return (
        f"cannot listen on HOST={settings.host} PORT={settings.port}: {error.strerror or error}. "
        "Set HOST to an address of this machine (0.0.0.0 for all of them)."
    )
