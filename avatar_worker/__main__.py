"""``python -m avatar_worker dev|start|download-files|prewarm|render|weights|head|quantize``."""

from __future__ import annotations

import sys
from pathlib import Path

from avatar_worker.background import BackgroundError, open_backgrounds
from avatar_worker.download import DownloadError, download_wav2arkit
from avatar_worker.engine import OURS, EngineError, find_engine
from avatar_worker.heads import HEADS, HeadError, find_head
from avatar_worker.lipsync import LipSyncError, load_lipsync
from settings import load_settings
from visavis.proxies import keep_proxies_outside
from worker_cli import load_for_jobs, run_worker


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "--help"
    try:
        match command:
            case "render":
                from avatar_worker.offline import main as render

                sys.exit(render(sys.argv[2:]))
            case "weights":
                from avatar_worker.weights import main as weights

                sys.exit(weights(sys.argv[2:]))
            case "head":
                from avatar_worker.head_check import main as head

                sys.exit(head(sys.argv[2:]))
            case "download-files":
                _download_files()
            case "quantize":
                _quantize(sys.argv[2:])
            case "prewarm":
                _prewarm()
            case _:
                _run(command)
    except (
        BackgroundError,
        DownloadError,
        EngineError,
        FileNotFoundError,
        HeadError,
        LipSyncError,
    ) as error:
        sys.exit(f"visavis: {error}")


def _run(command: str) -> None:
    settings = load_settings()
    keep_proxies_outside(settings.livekit_url)
    engine = find_engine(settings.avatar_renderer, settings.avatar_heads, settings.avatar_gpu)
    if settings.avatar_renderer == OURS:
        find_head(settings.avatar_head, settings.avatar_heads)
    backgrounds = open_backgrounds(settings)
    backgrounds.check_own(settings.avatar_background)
    lipsync = load_lipsync(settings.wav2arkit_model)
    if command in ("dev", "start"):
        load_for_jobs(settings, "avatar_worker.preload", hears=False)

    from avatar_worker.server import make_server

    server = make_server(settings, lipsync.name, engine, backgrounds)
    run_worker(server, settings, hears=False)


def _download_files() -> None:
    _prewarm()
    path = download_wav2arkit()
    print(f"{path} is what speaks from now on, unless WAV2ARKIT_MODEL names another")


def _quantize(arguments: list[str]) -> None:
    from avatar_worker.lipsync.quantize import quantize

    if len(arguments) != 2:
        sys.exit("usage: python -m avatar_worker quantize MODEL OUT")
    path = quantize(Path(arguments[0]), Path(arguments[1]))
    print(f"to speak with it: WAV2ARKIT_MODEL={path}")


def _prewarm() -> None:
    """Compile the renderer into its cache, and lay the heads beside it: no room waits for it."""
    from avatar_worker.render import prewarm
    from avatar_worker.shelf import Shelf

    print("compiling the renderer (once, half a minute) …", flush=True)
    for head in HEADS:
        prewarm(Shelf().load(head))


if __name__ == "__main__":
    main()
