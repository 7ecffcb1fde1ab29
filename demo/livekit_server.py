"""A LiveKit server for development: the one on the PATH, or the pinned version built with Go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from demo.problem import Problem

VERSION: Final = "v1.13.5"
MODULE: Final = "github.com/livekit/livekit-server/cmd/server"
CACHE: Final = Path(".cache/livekit-server") / VERSION
WAYS: Final = f"""Any one of these gives you one:
  - set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a server you have;
  - put `livekit-server` on the PATH: https://github.com/livekit/livekit/releases,
    or `brew install livekit`;
  - install Go 1.26 or newer (https://go.dev/dl) and start again: {VERSION} is then built."""


def find_server() -> Path | None:
    """The server to start, or None where there is none yet."""
    if on_path := shutil.which("livekit-server"):
        return Path(on_path)
    built = CACHE / _executable("livekit-server")
    return built if built.is_file() else None


def build_server() -> Path:
    """Build the pinned version into the cache; some minutes, once. Raises :class:`Problem`."""
    if shutil.which("go") is None:
        raise Problem(f"there is no LiveKit server here, and no Go to build one.\n{WAYS}")
    CACHE.mkdir(parents=True, exist_ok=True)
    log = CACHE / "build.log"
    print(f"building LiveKit server {VERSION} with Go (some minutes, once) ", end="", flush=True)
    with log.open("wb") as output:
        build = subprocess.Popen(
            ["go", "install", f"{MODULE}@{VERSION}"],
            env=os.environ | {"GOBIN": str(CACHE.resolve())},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_with_dots(build)
        except KeyboardInterrupt:
            build.terminate()
            raise
    if build.returncode:
        last = log.read_text(errors="replace").strip().splitlines()[-3:]
        raise Problem(f"LiveKit server {VERSION} did not build ({log}):\n" + "\n".join(last))
    built = CACHE / _executable("livekit-server")
    (CACHE / _executable("server")).replace(built)
    return built


def _wait_with_dots(build: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            build.wait(timeout=5)
        except subprocess.TimeoutExpired:
            print(".", end="", flush=True)
        else:
            print(" done" if not build.returncode else " failed", flush=True)
            return


def _executable(name: str) -> str:
    return f"{name}.exe" if sys.platform == "win32" else name


def main() -> None:
    """``make setup``: a server, unless LIVEKIT_URL names one."""
    from settings import load_settings

    if "livekit_url" in load_settings().model_fields_set:
        return
    try:
        started = time.monotonic()
        if find_server() is None:
            build_server()
            print(f"LiveKit server is ready ({time.monotonic() - started:.0f} s)")
    except Problem as problem:
        sys.exit(f"visavis: {problem}")


if __name__ == "__main__":
    main()
