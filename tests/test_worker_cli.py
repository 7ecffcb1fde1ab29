"""How both workers are run: what their log must not tell, and what they do not load."""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import ssl
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from typing import Final
from unittest.mock import Mock

import pytest
from livekit.agents import AgentServer, cli
from livekit.agents.cli.log import ColoredFormatter, JsonFormatter
from livekit.agents.ipc.log_queue import LogQueueListener
from livekit.agents.log import logger

from avatar_worker.__main__ import main as avatar_worker
from settings import Settings
from worker_cli import LIVEKITS_OWN, load_for_jobs, run_worker

SECRET: Final = "my number is 5 5 5"


@pytest.fixture(autouse=True)
def restored_log() -> Iterator[None]:
    root = logging.getLogger()
    kept = list(root.handlers)
    yield
    root.handlers[:] = kept


def warn_as_livekit_does() -> None:
    logger.warning("skipping user input", extra={"lk.pii.user_input": SECRET, "turn": "T1"})
    logger.warning("assignment for an unknown job", extra={"job": {"metadata": SECRET}})


def warn_in_a_job_process() -> None:
    """As the worker takes it up: pickled there, handled here."""
    record = logger.makeRecord(
        logger.name, logging.WARNING, "", 0, "skipping", (), None, extra={"lk.pii.text": SECRET}
    )
    LogQueueListener(Mock(), lambda _: None).handle(pickle.loads(pickle.dumps(record)))


@pytest.mark.parametrize(
    "formatter", [JsonFormatter(), ColoredFormatter("%(message)s %(extra)s")], ids=["start", "dev"]
)
def test_words_that_livekit_puts_beside_a_message_reach_no_log(
    formatter: logging.Formatter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run_app(_: AgentServer) -> None:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)
        warn_as_livekit_does()
        warn_in_a_job_process()

    monkeypatch.setattr(cli, "run_app", run_app)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    run_worker(AgentServer(), Settings(_env_file=None))
    log = capsys.readouterr().out
    assert "skipping user input" in log and "T1" in log
    assert "unknown job" in log and log.count("skipping") == 2
    assert SECRET not in log


@pytest.mark.parametrize("hears", [True, False])
def test_who_hears_nobody_has_no_weights_for_it_in_memory(
    hears: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"
    monkeypatch.setattr(cli, "run_app", lambda _: None)
    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if k != name})
    run_worker(AgentServer(), Settings(_env_file=None), hears=hears)
    assert os.environ.get(name) == (None if hears else "0")


@pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux alone")
@pytest.mark.parametrize("known", [True, False])
def test_jobs_do_not_miss_certificates_that_livekit_has_yet_to_name(
    known: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if "SSL" not in k})
    monkeypatch.setattr(forkserver, "set_forkserver_preload", begun.append)
    monkeypatch.setattr(forkserver, "ensure_running", lambda: None)
    if known:
        (tmp_path / "authority.pem").touch()
    paths = Mock(cafile=None, capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    load_for_jobs(Settings(_env_file=None), "avatar_worker.preload")
    assert [names[0] for names in begun] == (["avatar_worker.preload"] if known else [])


def test_a_command_that_starts_no_worker_loads_nothing_for_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as none at all, which LiveKit answers with its help."""
    loaded: list[object] = []
    run = Mock()
    monkeypatch.setattr("avatar_worker.__main__.run_worker", run)
    monkeypatch.setattr("avatar_worker.__main__.load_for_jobs", lambda *_, **__: loaded.append(1))
    for words, begun in (([], 0), (["--help"], 0), (["dev"], 1)):
        monkeypatch.setattr(sys, "argv", ["avatar_worker", *words])
        avatar_worker()
        assert len(loaded) == begun
    assert run.call_count == 3


def test_what_livekit_loads_for_jobs_still_has_its_names() -> None:
    """Else the process that jobs are forked from would come without, as it was begun sooner."""
    assert all(importlib.util.find_spec(name) for name in LIVEKITS_OWN)


def test_an_avatar_worker_is_not_late_for_a_compiler_that_its_rooms_need() -> None:
    """What draws is loaded by the process that rooms are forked from, not by this one as well."""
    program = (
        "import sys; import avatar_worker.__main__, avatar_worker.server; "
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
