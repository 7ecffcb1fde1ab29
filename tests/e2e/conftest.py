"""The whole system, as a stranger starts it, once for all end-to-end tests."""

from __future__ import annotations

import wave
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from bench.browser import open_chromium
from bench.speech import speak
from bench.system import System, running_system

QUESTION = "What is the capital of France?"
QUESTION_AFTER = 30.0
"""Seconds of silence before the microphone's recording asks :data:`QUESTION`: the greeting comes
late where the machine is slow."""
HOME = "home.test"
"""The same machine by a name that browsers hold for another one's, and so for no secure page's."""
LINES = 60
"""Of what the system printed last, shown with a test that failed."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    system = item.funcargs.get("system")
    if report.failed and isinstance(system, System):
        report.sections.append(("what the system printed", "".join(system.output[-LINES:])))
    return report


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    with running_system() as system:
        yield system


@pytest.fixture(scope="module")
def microphone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV of a person who listens and, in a module with ``ASKS_ALOUD``, asks one question after
    the greeting."""
    asked = speak(QUESTION) if hasattr(request.module, "ASKS_ALOUD") else np.zeros(0, np.int16)
    rate = 24_000
    silence = np.random.default_rng(0).normal(0, 8, round(QUESTION_AFTER * rate)).astype(np.int16)
    path = tmp_path_factory.mktemp("microphone") / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for part in (silence, asked, np.tile(silence, 10)):
            file.writeframes(part.tobytes())
    return path


@pytest.fixture(scope="module")  # its event loop must end before asynchronous tests begin
def browser(microphone: Path) -> Iterator[Browser]:
    flags = [
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
        f"--host-resolver-rules=MAP {HOME} 127.0.0.1",
    ]
    with open_chromium(flags) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(20_000)
    expect.set_options(timeout=30_000)
    yield page
    context.close()
