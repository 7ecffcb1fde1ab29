"""This machine: the store, Redis, workers, files, disk, and the gateway's port.

Blocking, but for Redis: the doctor has nobody else to serve.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import insert, make_url
from sqlalchemy.exc import SQLAlchemyError

from settings import Settings
from store import StoreError, Worker, Workers, open_store
from store.workers import WORKERS
from visavis.proxies import open_here

from ..page import DIST
from ..service.prices import PriceError, read_prices
from ..service.readiness import NO_AGENT, NO_FACE
from .finding import Finding, ok, warning, wrong

ROOT: Final = Path(__file__).resolve().parents[2]
GIB: Final = 2**30
LITTLE_DISK: Final = 1 * GIB


def check_store(settings: Settings) -> list[Finding]:
    """A row is written and taken back."""
    where = make_url(settings.store_url).render_as_string(hide_password=True)
    try:
        store = open_store(settings.store_url)
        with store.connect() as connection:
            row = {"id": "doctor", "kind": "doctor", "host": "", "version": "", "about": "{}"}
            figures = {"rooms": 0, "load": 0.0, "started_at": 0.0, "at": 0.0}
            connection.execute(insert(WORKERS).values(**row, **figures))
            connection.rollback()
        store.dispose()
    except StoreError as error:
        return [wrong("store", f"{error}.", "Set STORE_URL to a database that is there.")]
    except SQLAlchemyError as error:
        reason = error.__cause__ or type(error).__name__
        return [
            wrong(
                "store",
                f"{where} cannot be written: {reason}.",
                "Let this user write there, or set STORE_URL to another database.",
            )
        ]
    return [ok("store", f"{where} can be written.")]


def check_workers(settings: Settings, clock: Callable[[], float] = time.time) -> list[Finding]:
    try:
        workers = Workers(open_store(settings.store_url), clock).here()
    except (StoreError, SQLAlchemyError):
        return []  # the store's own finding says so
    found = [
        *_check_kind(workers, "agent", NO_AGENT),
        *_check_kind(workers, "avatar", NO_FACE),
    ]
    versions = sorted({worker.version for worker in workers})
    if len(versions) > 1:
        found.append(
            warning(
                "workers",
                f"Workers of different versions serve together: {', '.join(versions)}.",
                "Restart the older ones.",
            )
        )
    return found


def _check_kind(workers: list[Worker], kind: str, missing: str) -> list[Finding]:
    name = f"{kind} worker"
    mine = [worker for worker in workers if worker.kind == kind]
    if not mine:
        says, _, mend = missing.partition(". ")
        mend += " If it runs, give it the same STORE_URL as this gateway."
        return [wrong("workers", f"{says}.", mend)]
    if all(worker.load >= 1 for worker in mine):
        says = f"Every {name} is full ({sum(worker.rooms for worker in mine)} rooms)."
        return [warning("workers", says, f"Start another {name}, on another machine.")]
    rooms = sum(worker.rooms for worker in mine)
    return [ok("workers", f"{len(mine)} {name}(s) with {rooms} room(s).")]


async def check_redis(settings: Settings) -> list[Finding]:
    if settings.redis_url is None:
        return []
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    try:
        async with Redis.from_url(settings.redis_url, socket_timeout=3) as redis:
            await redis.ping()
    except (RedisError, OSError, ValueError) as error:
        says = f"Redis at REDIS_URL does not answer ({type(error).__name__})."
        return [wrong("redis", says, "Start it, correct REDIS_URL, or unset it.")]
    return [ok("redis", "Redis answers.")]


def check_files(settings: Settings) -> list[Finding]:
    """Models and pictures that workers on this machine need; what is not installed here,
    as in an image of the gateway alone, is passed over."""
    found = []
    if not (DIST / "index.html").is_file():
        found.append(wrong("files", "The page is not built.", "Run `make setup`."))
    try:
        read_prices(settings.prices)
    except PriceError as error:
        found.append(wrong("files", f"{error}.", "Correct the file, or unset PRICES."))
    model = settings.wav2arkit_model
    if model is not None and model != Path("embedded") and not model.is_file():
        found.append(
            wrong(
                "files",
                f"WAV2ARKIT_MODEL={model} is not there.",
                "Run `python -m avatar_worker download-files`, or unset it.",
            )
        )
    if _has("avatar_worker.render"):
        found += _check_avatar(settings)
    if _has("agent.brains.llama"):
        found += _check_brains_files(settings)
    return found or [ok("files", "Models, heads and the page are there.")]


def _check_avatar(settings: Settings) -> list[Finding]:
    from avatar_worker.heads import find_head

    found = []
    try:
        if settings.avatar_renderer == "mesh":
            find_head(settings.avatar_head, settings.avatar_heads)
    except FileNotFoundError as error:
        found.append(wrong("files", f"AVATAR_HEAD: {error}.", "Set AVATAR_HEAD to one of those."))
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or ROOT / "avatar_worker" / "render")
    if not any(folder.rglob("*.nbi")):
        found.append(
            warning(
                "files",
                "The renderer is not compiled yet: the first face comes half a minute late.",
                "Run `python -m avatar_worker prewarm`.",
            )
        )
    return found


def _check_brains_files(settings: Settings) -> list[Finding]:
    from agent.brains.llama_weights import LlamaError, find_weights
    from agent.brains.providers import choose_providers

    providers = choose_providers(settings)
    found = []
    if providers.llm == "embedded":
        try:
            find_weights()
            importlib.import_module("xllamacpp")
        except (LlamaError, ImportError) as error:
            mend = "Run `make setup`; on Debian, `apt install libgomp1`."
            found.append(wrong("files", f"The embedded language model: {error}.", mend))
    for part, package in (("stt", "moonshine_voice"), ("tts", "hibari")):
        if getattr(providers, part) == "embedded" and not _has(package):
            says = f"The package {package}, which the embedded {part.upper()} needs, is missing."
            found.append(wrong("files", says, "Run `make setup`."))
    return found


def check_disk(settings: Settings) -> list[Finding]:
    database = make_url(settings.store_url)
    folder = Path(database.database or ".").parent if database.drivername == "sqlite" else Path()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free / GIB:.1f} GiB are free on the disk of {folder.resolve()}."
    if free < LITTLE_DISK:
        return [wrong("disk", says, "Make room: the store and LiveKit's log need some.")]
    return [ok("disk", says)]


def check_port(settings: Settings) -> list[Finding]:
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if _is_ours(settings.url_here):
            return [ok("port", f"A gateway answers on port {port}.")]
        says = f"HOST={host} PORT={port} cannot be listened on: {error.strerror or error}."
        mend = "Stop the program that has the port, or set PORT or HOST otherwise."
        return [wrong("port", says, mend)]
    return [ok("port", f"Port {port} is free for a gateway.")]


def _is_ours(url: str) -> bool:
    try:
        with open_here(f"{url}/inf", timeout=3) as answer:
            return b'"Visavis"' in answer.read(4096)
    except (OSError, ValueError):
        return False


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
