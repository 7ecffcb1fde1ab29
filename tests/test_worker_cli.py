"""How both workers are run: what their log must not tell."""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Iterator
from typing import Final
from unittest.mock import Mock

import pytest
from livekit.agents import AgentServer, cli
from livekit.agents.cli.log import ColoredFormatter, JsonFormatter
from livekit.agents.ipc.log_queue import LogQueueListener
from livekit.agents.log import logger

from settings import Settings
from worker_cli import run_worker

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
