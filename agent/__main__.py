"""``python -m agent dev|start|console|download-files``."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from settings import Settings, load_settings
from visavis.proxies import keep_proxies_outside
from worker_cli import run_worker

from .brains.errors import BrainError
from .brains.llama import LlamaAddress, LlamaServer
from .brains.llama_weights import LlamaError
from .brains.providers import check_brain, choose_providers
from .console import answer_lines, has_portaudio, sound_problem
from .controls import ControlError, Parts
from .knowledge.choose import reading
from .server import build_server


def main(arguments: list[str]) -> None:
    settings = load_settings()
    keep_proxies_outside(settings.livekit_url)
    try:
        check_brain(settings)
        Parts.of(settings)
    except (BrainError, ControlError) as error:
        print(f"visavis: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command not in {"dev", "start", "console", "connect"} or "--help" in arguments:
        run_worker(build_server(settings), settings)
        return
    console, typed = command == "console", "--text" in arguments
    # LiveKit's own text console needs PortAudio as well.
    by_lines = console and (not sys.stdin.isatty() or (typed and not has_portaudio()))
    if console and not by_lines and not typed and (problem := sound_problem()):
        raise SystemExit(f"visavis: {problem}")
    if by_lines and (realtime := choose_providers(settings).realtime):
        raise SystemExit(
            f"visavis: BRAIN={realtime} listens and speaks, it does not read: talk to it with "
            "python -m agent console, or type to another BRAIN"
        )
    with _language_model(settings) as address, reading(settings):
        if by_lines:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # or it would wait for the line's end
            asyncio.run(answer_lines(settings, address, sys.stdin))
        else:
            run_worker(build_server(settings, alone=command == "console"), settings)


@contextmanager
def _language_model(settings: Settings) -> Iterator[LlamaAddress | None]:
    """The embedded language model, if the settings ask for it, for as long as the worker runs."""
    if choose_providers(settings).llm != "embedded":
        yield None
        return
    server = LlamaServer(settings.llama_slots)
    try:
        address = server.start()
    except LlamaError as error:
        raise SystemExit(f"visavis: {error}") from None
    address.publish()
    try:
        yield address
    finally:
        server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
