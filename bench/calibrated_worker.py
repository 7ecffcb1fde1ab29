"""Our avatar worker with a ruler for a face: ``python -m bench.calibrated_worker dev``.

Everything but head and lip-sync model is the product's own: see :mod:`bench.calibration`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

from livekit.agents import AgentServer, JobContext, JobProcess, JobRequest

from settings import load_settings
from visavis.protocol import ATTRIBUTE_PUBLISH_ON_BEHALF, AvatarDispatch
from worker_cli import run_worker

NAME: Final = "bench-calibrated"
"""Dispatch name; the metadata is an :class:`~visavis.protocol.AvatarDispatch`."""


def warm_up(process: JobProcess) -> None:
    from avatar_worker import warm
    from avatar_worker.background import open_backgrounds, painted
    from avatar_worker.load import Board
    from avatar_worker.preload import Preloaded
    from bench.calibration import CalibrationLips, CalibrationRenderer

    class Rulers:
        heads = ("ruler",)

        def load(self, head: str) -> Rulers:
            return self

        def renderer(self, width: int, height: int, backdrop: Any) -> CalibrationRenderer:
            return CalibrationRenderer(width, height)

    settings = load_settings()
    backdrop = painted("#000000")
    assert backdrop is not None
    backgrounds = open_backgrounds(settings)
    preloaded = Preloaded(
        settings, Rulers(), Rulers(), backdrop, backgrounds, CalibrationLips(), os.getpid()
    )
    folder = tempfile.TemporaryDirectory(prefix="visavis-bench-")
    process.userdata["folder"] = folder
    process.userdata["warm"] = warm.warm_up(preloaded, Board(Path(folder.name)))


async def run_job(ctx: JobContext) -> None:
    from avatar_worker.room import serve_room

    await serve_room(ctx, ctx.proc.userdata["warm"])


async def accept(request: JobRequest) -> None:
    dispatch = AvatarDispatch.from_json(request.job.metadata)
    await request.accept(
        identity=dispatch.avatar_identity,
        attributes={ATTRIBUTE_PUBLISH_ON_BEHALF: dispatch.agent_identity},
    )


def main() -> None:
    server = AgentServer(
        setup_fnc=warm_up,
        load_fnc=lambda: 0.0,
        port=0,
        num_idle_processes=1,
        initialize_process_timeout=60,
        drain_timeout=0,
    )
    server.rtc_session(run_job, agent_name=NAME, on_request=accept)
    run_worker(server, load_settings(), hears=False)


if __name__ == "__main__":
    main()
